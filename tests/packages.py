"""Small Office files made from their parts, so that a test can hold what no library writes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from lakedocs.extract.limits import Limits
from lakedocs.extract.read import read_document
from lakedocs.records import Document

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMESPACES = " ".join(
    f'xmlns:{prefix}="{address}"'
    for prefix, address in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "r": RELATIONS,
        "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
        "p": "http://schemas.openxmlformats.org/presentationml/2006/main",
        "x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
        "cx": "http://schemas.microsoft.com/office/drawing/2014/chartex",
        "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
        "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "v": "urn:schemas-microsoft-com:vml",
        "p188": "http://schemas.microsoft.com/office/powerpoint/2018/8/main",
        "xdr": "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing",
        "tc": "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments",
        "a14": "http://schemas.microsoft.com/office/drawing/2010/main",
    }.items()
)

Relation = tuple[str, str]
"""(the last word of its type, target); a target with a colon lies outside."""


def xml(root: str, inner: str, attributes: str = "") -> str:
    """A part with every namespace that the tests use."""
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><{root} {NAMESPACES} {attributes}>{inner}</{root}>'


def relations(related: Sequence[Relation]) -> str:
    """A part's relationships, with ids rId1, rId2, ..."""
    entries = "".join(
        f'<Relationship Id="rId{number}" Type={quoteattr(f"{RELATIONS}/{kind}")} Target={quoteattr(target)}'
        + (' TargetMode="External"/>' if ":" in target else "/>")
        for number, (kind, target) in enumerate(related, start=1)
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{entries}</Relationships>'


def package(path: Path, main: str, parts: Mapping[str, str | bytes], related: Mapping[str, Sequence[Relation]] | None = None) -> Path:
    """Write a package whose main part is `main`.

    Args:
        path: where to.
        main: the name of the main part, one of `parts`.
        parts: name -> content.
        related: part -> what it points to.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", relations([("officeDocument", main)]))
        for name, content in parts.items():
            archive.writestr(name, content)
        for part, targets in (related or {}).items():
            folder, _, base = part.rpartition("/")
            archive.writestr(f"{folder}/_rels/{base}.rels", relations(targets))
    return path


def word(
    path: Path, body: str, parts: Mapping[str, str | bytes] | None = None, related: Sequence[Relation] = (),
    of_parts: Mapping[str, Sequence[Relation]] | None = None,
) -> Path:  # fmt: skip
    """A docx with that body; `parts` lie in word/."""
    files: dict[str, str | bytes] = {"word/document.xml": xml("w:document", f"<w:body>{body}</w:body>")}
    files |= {f"word/{name}": content for name, content in (parts or {}).items()}
    return package(path, "word/document.xml", files, {"word/document.xml": related, **(of_parts or {})})


def run(text: str, properties: str = "") -> str:
    return f'<w:r>{f"<w:rPr>{properties}</w:rPr>" if properties else ""}<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(*content: str, properties: str = "") -> str:
    """A paragraph of runs; what is no XML becomes one."""
    runs = "".join(piece if piece.startswith("<") else run(piece) for piece in content)
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{runs}</w:p>"


def slides(path: Path, shapes: Sequence[str], related: Mapping[int, Sequence[Relation]] | None = None, *,
           parts: Mapping[str, str | bytes] | None = None, of_main: Sequence[Relation] = (), hidden: Sequence[int] = ()) -> Path:  # fmt: skip
    """A pptx with a slide for each of `shapes`; `parts` lie in ppt/, slides count from 1."""
    numbers = range(1, len(shapes) + 1)
    listed = "".join(f'<p:sldId id="{255 + number}" r:id="rId{number}"/>' for number in numbers)
    files: dict[str, str | bytes] = {"ppt/presentation.xml": xml("p:presentation", f"<p:sldIdLst>{listed}</p:sldIdLst>")}
    for number, inner in zip(numbers, shapes, strict=True):
        shown = 'show="0"' if number in hidden else ""
        files[f"ppt/slides/slide{number}.xml"] = xml("p:sld", f"<p:cSld><p:spTree>{inner}</p:spTree></p:cSld>", shown)
    files |= {f"ppt/{name}": content for name, content in (parts or {}).items()}
    pointing: dict[str, Sequence[Relation]] = {"ppt/presentation.xml": [*(("slide", f"slides/slide{number}.xml") for number in numbers), *of_main]}
    pointing |= {f"ppt/slides/slide{number}.xml": targets for number, targets in (related or {}).items()}
    return package(path, "ppt/presentation.xml", files, pointing)


def shape(*texts: str, kind: str = "", properties: str = "") -> str:
    """A shape with a paragraph a text; `kind` is its placeholder's."""
    placeholder = f"<p:nvPr><p:ph type={quoteattr(kind)}/></p:nvPr>" if kind else ""
    body = "".join(f"<a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p>" for text in texts)
    return f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="n" {properties}/>{placeholder}</p:nvSpPr><p:txBody>{body}</p:txBody></p:sp>'


def book(path: Path, rows: str, *, before: str = "", after: str = "", styles: str = "", names: str = "", related: Sequence[Relation] = (),
         of_main: Sequence[Relation] = (), parts: Mapping[str, str | bytes] | None = None, state: str = "") -> Path:  # fmt: skip
    """An xlsx with one sheet, `Data`; `parts` lie in xl/, the main namespace is the default one, as all writers have it."""
    main = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{RELATIONS}"'
    files: dict[str, str | bytes] = {
        "xl/workbook.xml": f'<workbook {main}><sheets><sheet name="Data" sheetId="1" r:id="rId1" {state}/></sheets>'
        f"<definedNames>{names}</definedNames></workbook>",
        "xl/worksheets/sheet1.xml": f"<worksheet {main}>{before}<sheetData>{rows}</sheetData>{after}</worksheet>",
        "xl/styles.xml": f"<styleSheet {main}>{styles}</styleSheet>",
    }
    files |= {f"xl/{name}": content for name, content in (parts or {}).items()}
    pointing = {"xl/workbook.xml": [("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml"), *of_main], "xl/worksheets/sheet1.xml": related}
    return package(path, "xl/workbook.xml", files, pointing)


def cell(at: str, value: object, attributes: str = "") -> str:
    """A cell with a number, or a text in place."""
    if isinstance(value, str):
        return f'<c r="{at}" {attributes} t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{at}" {attributes}><v>{value}</v></c>'


def ole(streams: Mapping[str, bytes]) -> bytes:
    """A compound file with those streams."""
    from extract_msg import OleWriter

    writer = OleWriter()
    for name, content in streams.items():
        writer.addEntry(name, content)
    held = io.BytesIO()
    writer.write(held)
    return held.getvalue()


def read(path: Path) -> Document:
    """The file within the default limits, its images left out."""
    return read_document(str(path), path.name, Limits(), None)


def by_region(document: Document) -> dict[str, list[str]]:
    """The texts of a document, region by region."""
    found: dict[str, list[str]] = {}
    for element in document.elements:
        found.setdefault(element.region, []).append(element.text)
    return found
