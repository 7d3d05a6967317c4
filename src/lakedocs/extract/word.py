"""Word: body with tables, text boxes, insertions and content controls; headers, footers, notes, comments, charts.

Read from the parts' XML, because python-docx's paragraph list leaves out most of these and refuses templates by content
type (WordprocessingML: ECMA-376 part 1, clause 17).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator

from lxml import etree

from lakedocs.extract.cells import row_text
from lakedocs.extract.drawing import add_pictures, add_related
from lakedocs.extract.kinds import has_macros
from lakedocs.extract.limits import check_zip
from lakedocs.extract.reading import Reading
from lakedocs.extract.xml import Container, core_properties, local_name, main_part
from lakedocs.records import Flag, Place

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT_W = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_HEADING = re.compile(r"(?:heading|überschrift|kop|titre|título)\s*(\d)$", re.IGNORECASE)
_SIDE_PARTS = (
    ("header", "header", "header"),
    ("footer", "footer", "footer"),
    ("footnotes", "footnote", "footnote"),
    ("endnotes", "footnote", "endnote"),
    ("comments", "comment", "comment"),
)


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a docx, docm, dotx or dotm.

    Raises:
        DocumentError: corrupt, encrypted or too large.
    """
    if has_macros(check_zip(path, reading.limits)):
        reading.flag(Flag.MACROS)
    with zipfile.ZipFile(path) as archive:
        container = Container(archive)
        main = main_part(container, "word/document.xml")
        for name, value in core_properties(container):
            reading.add("property", value, region="metadata", place=Place(part=name))
        walker = _Walker(reading, container, _heading_levels(container, main))
        root = container.xml(main)
        walker.part(main, root, region="body", kind="paragraph")
        for relation, kind, region in _SIDE_PARTS:
            for part in dict.fromkeys(container.targets(main, relation)):
                with reading.tolerating_damage():
                    walker.part(part, container.xml(part), region=region, kind=kind)
        for part in container.targets(main, "glossaryDocument"):
            with reading.tolerating_damage():
                walker.part(part, container.xml(part), region="building_block", kind="paragraph")


def _attribute(element: etree._Element, name: str) -> str:
    return element.get(f"{_W}{name}") or element.get(f"{_STRICT_W}{name}") or ""


def _heading_levels(container: Container, main: str) -> dict[str, int]:
    """Style id -> heading level; `Title` counts as level 1."""
    levels: dict[str, int] = {}
    for part in container.targets(main, "styles"):
        for style in container.xml(part).iter():
            if local_name(style) != "style":
                continue
            style_id, name = _attribute(style, "styleId"), ""
            outline = 0
            for node in style.iter():
                if local_name(node) == "name" and not name:
                    name = _attribute(node, "val")
                elif local_name(node) == "outlineLvl" and _attribute(node, "val").isdigit():
                    outline = int(_attribute(node, "val")) + 1
            match = _HEADING.match(name.strip())
            level = int(match.group(1)) if match else 1 if name.lower() == "title" else outline
            if 1 <= level <= 9:
                levels[style_id] = level
    return levels


class _Walker:
    """Walks block content in document order; what floats beside the text (boxes, pictures) follows its paragraph."""

    def __init__(self, reading: Reading, container: Container, headings: dict[str, int]) -> None:
        self._reading = reading
        self._container = container
        self._headings = headings

    def part(self, name: str, root: etree._Element, *, region: str, kind: str) -> None:
        place = Place(part=None if region == "body" else region)
        for block in _blocks(root):
            if self._reading.full:
                return
            self._block(block, region, kind, place)
        add_pictures(self._reading, self._container, name, root, place)
        add_related(self._reading, self._container, name, place)

    def _block(self, block: etree._Element, region: str, kind: str, place: Place) -> None:
        name = local_name(block)
        if name == "tbl":
            self._table(block, region, place)
        elif name == "p":
            self._paragraph(block, region, kind, place)
        elif name in ("footnote", "endnote", "comment"):
            author = _attribute(block, "author")
            if author:
                self._reading.add("author", author, region=region, place=place)
            for child in _blocks(block):
                self._block(child, region, kind, place)

    def _paragraph(self, paragraph: etree._Element, region: str, kind: str, place: Place) -> None:
        text, deleted, hidden, boxes = _paragraph_text(paragraph)
        level = self._level(paragraph) if kind == "paragraph" else 0
        kind = "heading" if level else "list_item" if kind == "paragraph" and _is_list_item(paragraph) else kind
        self._reading.add(kind, text, level=level, region=region, place=place)
        self._reading.add("paragraph", deleted, region="deletion", place=place)
        if hidden.strip():
            self._reading.flag(Flag.HIDDEN_TEXT)
            self._reading.add("paragraph", hidden, region="hidden", place=place)
        for box in boxes:
            for block in _blocks(box):
                self._block(block, "text_box" if region == "body" else region, "paragraph", place)

    def _level(self, paragraph: etree._Element) -> int:
        for node in paragraph.iter():
            name = local_name(node)
            if name == "pStyle":
                return self._headings.get(_attribute(node, "val"), 0)
            if name == "r":
                return 0
        return 0

    def _table(self, table: etree._Element, region: str, place: Place) -> None:
        for number, row in enumerate(_children(table, "tr"), start=1):
            cells: list[str] = []
            nested: list[etree._Element] = []
            boxes: list[etree._Element] = []
            for cell in _children(row, "tc"):
                lines: list[str] = []
                for block in _blocks(cell):
                    if local_name(block) == "tbl":
                        nested.append(block)
                    else:
                        text, deleted, hidden, found = _paragraph_text(block)
                        lines.append(text)
                        boxes += found
                        self._reading.add("paragraph", deleted, region="deletion", place=place)
                        if hidden.strip():
                            self._reading.flag(Flag.HIDDEN_TEXT)
                            self._reading.add("paragraph", hidden, region="hidden", place=place)
                cells.append(" ".join(line.strip() for line in lines if line.strip()))
            if any(cells):
                self._reading.add("table_row", row_text(cells), level=number, region=region, place=place)
            for inner in nested:
                self._table(inner, region, place)
            for box in boxes:
                for block in _blocks(box):
                    self._block(block, "text_box", "paragraph", place)


def _children(parent: etree._Element, wanted: str) -> Iterator[etree._Element]:
    """Children of that name, looked for through content controls, insertions and the like."""
    for child in parent:
        name = local_name(child)
        if name == wanted:
            yield child
        elif name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "AlternateContent", "Choice"):
            yield from _children(child, wanted)


def _blocks(parent: etree._Element) -> Iterator[etree._Element]:
    """Paragraphs, tables and notes directly below `parent`, looked for through wrappers."""
    for child in parent:
        name = local_name(child)
        if name in ("p", "tbl", "footnote", "endnote", "comment"):
            yield child
        elif name in ("body", "sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "docParts", "docPart", "docPartBody",
                      "AlternateContent", "Choice"):  # fmt: skip
            yield from _blocks(child)


def _is_list_item(paragraph: etree._Element) -> bool:
    return any(local_name(node) == "numPr" for node in paragraph.iter())


def _paragraph_text(paragraph: etree._Element) -> tuple[str, str, str, list[etree._Element]]:
    """(shown text, deleted text, hidden text, text boxes) of one paragraph."""
    shown: list[str] = []
    deleted: list[str] = []
    hidden: list[str] = []
    boxes: list[etree._Element] = []

    def walk(node: etree._Element, sink: list[str]) -> None:
        for child in node:
            name = local_name(child)
            if name in ("t", "delText"):
                (deleted if name == "delText" else sink).append(child.text or "")
            elif name in ("tab", "ptab"):
                sink.append("\t")
            elif name in ("br", "cr"):
                sink.append("\n")
            elif name == "noBreakHyphen":
                sink.append("-")
            elif name == "sym":
                continue
            elif name == "txbxContent":
                boxes.append(child)
            elif name in ("Fallback", "instrText", "pPr", "rPr"):
                continue
            elif name in ("del", "moveFrom"):
                walk(child, deleted)
            elif name == "r" and _is_hidden(child):
                walk(child, hidden)
            elif name == "docPr":
                continue
            else:
                walk(child, sink)

    walk(paragraph, shown)
    return "".join(shown), "".join(deleted), "".join(hidden), boxes


def _is_hidden(run: etree._Element) -> bool:
    for child in run:
        if local_name(child) == "rPr":
            return any(local_name(node) == "vanish" and _attribute(node, "val") not in ("0", "false") for node in child)
    return False
