"""PowerPoint: slides in order with title, body, groups, tables, notes, comments, charts, SmartArt; hidden ones marked.

Read from the parts' XML, because python-pptx stops at shapes that it does not know and leaves out most of the above
(PresentationML: ECMA-376 part 1, clause 19).
"""

from __future__ import annotations

import zipfile

from lxml import etree

from lakedocs.extract.cells import row_text
from lakedocs.extract.drawing import add_pictures, add_related, paragraphs
from lakedocs.extract.kinds import has_macros
from lakedocs.extract.limits import check_zip
from lakedocs.extract.reading import Reading
from lakedocs.extract.xml import Container, core_properties, local_name, main_part
from lakedocs.records import Flag, Place

_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION_ID = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a pptx, pptm, ppsx or potx.

    Raises:
        DocumentError: corrupt, encrypted or too large.
    """
    if has_macros(check_zip(path, reading.limits)):
        reading.flag(Flag.MACROS)
    with zipfile.ZipFile(path) as archive:
        container = Container(archive)
        main = main_part(container, "ppt/presentation.xml")
        for name, value in core_properties(container):
            reading.add("property", value, region="metadata", place=Place(part=name))
        authors = _comment_authors(container, main)
        for number, part in enumerate(_slide_parts(container, main), start=1):
            if reading.full:
                return
            _slide(reading, container, part, number, authors)


def _slide_parts(container: Container, main: str) -> list[str]:
    related = container.related(main)
    listed = []
    for node in container.xml(main).iter():
        if local_name(node) == "sldId":
            target = related.get(node.get(_RELATION_ID) or node.get(_STRICT_RELATION_ID) or "", ("", ""))[1]
            if target and target in container:
                listed.append(target)
    unlisted = [target for kind, target in related.values() if kind == "slide" and target in container and target not in listed]
    return listed + unlisted


def _comment_authors(container: Container, main: str) -> dict[str, str]:
    return {
        node.get("id") or "": node.get("name") or ""
        for kind in ("commentAuthors", "authors")
        for part in container.targets(main, kind)
        for node in container.xml(part)
    }


def _slide(reading: Reading, container: Container, part: str, number: int, authors: dict[str, str]) -> None:
    root = container.xml(part)
    place = Place(slide=number)
    region = "hidden" if root.get("show") in ("0", "false") else "body"
    if region == "hidden":
        reading.flag(Flag.HIDDEN_TEXT)
    _shapes(reading, root, region, place)
    add_pictures(reading, container, part, root, place)
    add_related(reading, container, part, place)
    for kind, target in container.related(part).values():
        if target not in container:
            continue
        if kind == "notesSlide":
            for shape in _notes_shapes(container.xml(target)):
                for text in paragraphs(shape):
                    reading.add("note", text, region="notes", place=place)
        elif kind == "comments":
            _comments(reading, container.xml(target), place, authors)


def _shapes(reading: Reading, root: etree._Element, region: str, place: Place) -> None:
    """Titles first (they head the slide whatever their z-order), then the rest as drawn."""
    shapes = [node for node in root.iter() if local_name(node) in ("sp", "graphicFrame", "cxnSp")]
    titles = [shape for shape in shapes if _placeholder(shape) in ("title", "ctrTitle")]
    for shape in titles:
        reading.add("heading", " ".join(paragraphs(shape)), level=1, region=region, place=place)
    for shape in shapes:
        if shape in titles:
            continue
        tables = [node for node in shape.iter() if local_name(node) == "tbl"]
        for table in tables:
            _table(reading, table, region, place)
        if not tables and _placeholder(shape) not in ("sldNum", "dt"):
            kind = "heading" if _placeholder(shape) == "subTitle" else "paragraph"
            for text in paragraphs(shape):
                reading.add(kind, text, level=2 if kind == "heading" else 0, region=region, place=place)


def _table(reading: Reading, table: etree._Element, region: str, place: Place) -> None:
    for number, row in enumerate((node for node in table.iter() if local_name(node) == "tr"), start=1):
        cells = [" ".join(paragraphs(cell)) for cell in row if local_name(cell) == "tc"]
        if any(cells):
            reading.add("table_row", row_text(cells), level=number, region=region, place=place)


def _placeholder(shape: etree._Element) -> str:
    for node in shape.iter():
        if local_name(node) == "ph":
            return node.get("type") or "body"
        if local_name(node) == "txBody":
            return ""
    return ""


def _notes_shapes(root: etree._Element) -> list[etree._Element]:
    shapes = [node for node in root.iter() if local_name(node) in ("sp", "graphicFrame")]
    return [shape for shape in shapes if _placeholder(shape) not in ("sldNum", "dt", "sldImg")]


def _comments(reading: Reading, root: etree._Element, place: Place, authors: dict[str, str]) -> None:
    for comment in root.iter():
        if local_name(comment) not in ("cm", "reply"):
            continue
        author = authors.get(comment.get("authorId") or "", "")
        if author:
            reading.add("author", author, region="comment", place=place)
        own = [node for node in comment if local_name(node) in ("text", "txBody")]
        for node in own:
            for text in [node.text or ""] if local_name(node) == "text" else paragraphs(node):
                reading.add("comment", text, region="comment", place=place)
