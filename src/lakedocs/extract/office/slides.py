"""PowerPoint: slides in order with title, body, groups, tables, notes, comments, charts, SmartArt; hidden ones marked.

Read from the parts' XML, because python-pptx stops at shapes that it does not know and leaves out most of the above
(PresentationML: ECMA-376 part 1, clause 19).
"""

from __future__ import annotations

from lxml import etree

from lakedocs.extract.cells import row_text
from lakedocs.extract.office.drawing import add_pictures, add_related
from lakedocs.extract.office.package import opened
from lakedocs.extract.office.paragraphs import paragraphs
from lakedocs.extract.office.xml import Container, attribute, in_use, local_name, main_part
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place

_RELATION_IDS = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)  # `sldId` has an `id` of its own, too
_MACHINE_MADE = ("sldNum", "dt", "sldImg")


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a pptx, pptm, ppsx or potx.

    Raises:
        DocumentError: corrupt, encrypted or too large.
    """
    with opened(path, reading) as container:
        main = main_part(container, "ppt/presentation.xml")
        authors = _comment_authors(container, main)
        for number, part in enumerate(_slide_parts(container, main), start=1):
            if reading.full:
                return
            _slide(reading, container, part, number, authors)


def _slide_parts(container: Container, main: str) -> list[str]:
    related = container.related(main)
    listed = []
    for node in container.xml(main).iter("{*}sldId"):
        target = related.get(next((node.get(name) for name in _RELATION_IDS if node.get(name)), ""), ("", ""))[1]
        if target and target in container:
            listed.append(target)
    unlisted = [target for kind, target in related.values() if kind == "slide" and target in container and target not in listed]
    return list(dict.fromkeys(listed + unlisted))


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
    is_hidden = root.get("show") in ("0", "false")
    _shapes(reading, root, place, is_hidden=is_hidden)
    add_pictures(reading, container, part, root, place)
    add_related(reading, container, part, place, is_hidden=is_hidden)
    for kind, target in container.related(part).values():
        if target not in container:
            continue
        with reading.tolerating_damage():
            if kind == "notesSlide":
                for shape in in_use(container.xml(target), "sp", "graphicFrame"):
                    if _placeholder(shape) not in _MACHINE_MADE:
                        for text in paragraphs(shape):
                            reading.add("note", text, region="notes", place=place)
            elif kind == "comments":
                _comments(reading, container.xml(target), place, authors)


def _shapes(reading: Reading, root: etree._Element, place: Place, *, is_hidden: bool) -> None:
    """Titles first (they head the slide whatever their z-order), then the rest as drawn; the region of hidden ones is `hidden`."""
    shapes = [(shape, _placeholder(shape)) for shape in in_use(root, "sp", "graphicFrame", "cxnSp")]
    ordered = sorted(shapes, key=lambda of_shape: of_shape[1] not in ("title", "ctrTitle"))
    for shape, placeholder in ordered:
        region = "hidden" if is_hidden or _is_hidden(shape) else "body"
        tables = list(shape.iter("{*}tbl"))
        texts = [] if tables or placeholder in _MACHINE_MADE else list(paragraphs(shape))
        if region == "hidden" and (texts or tables):
            reading.flag(Flag.HIDDEN_TEXT)
        for table in tables:
            _table(reading, table, region, place)
        if placeholder in ("title", "ctrTitle"):
            texts = [" ".join(texts)]
        level = {"title": 1, "ctrTitle": 1, "subTitle": 2}.get(placeholder, 0)
        for text in texts:
            reading.add("heading" if level else "paragraph", text, level=level, region=region, place=place)


def _is_hidden(shape: etree._Element) -> bool:
    """Whether it, or a group that it is in, is switched off."""
    for node in (shape, *shape.iterancestors("{*}grpSp")):
        for properties in node.iterchildren("{*}nvSpPr", "{*}nvGraphicFramePr", "{*}nvCxnSpPr", "{*}nvGrpSpPr"):
            if any(own.get("hidden") in ("1", "true") for own in properties.iterchildren("{*}cNvPr")):
                return True
    return False


def _table(reading: Reading, table: etree._Element, region: str, place: Place) -> None:
    """A row per element; a merged cell's value stands once, in its first cell, for the cells that it covers stand in the file, too."""
    for number, row in enumerate(table.iter("{*}tr"), start=1):
        cells = [" ".join(paragraphs(cell)) for cell in row.iterchildren("{*}tc")]
        if any(cells):
            reading.add("table_row", row_text(cells), level=number, region=region, place=place)


def _placeholder(shape: etree._Element) -> str:
    for node in shape.iter("{*}ph", "{*}txBody"):
        return (node.get("type") or "body") if local_name(node) == "ph" else ""
    return ""


def _comments(reading: Reading, root: etree._Element, place: Place, authors: dict[str, str]) -> None:
    """Comments as PowerPoint kept them until 2021 (`p:cm`, its text in `p:text`), and those with replies since (`p188:cm`, paragraphs)."""
    for comment in root.iter("{*}cm", "{*}reply"):
        reading.add("author", authors.get(attribute(comment, "authorId"), ""), region="comment", place=place)
        for node in comment.iterchildren("{*}text", "{*}txBody"):
            for text in [node.text or ""] if local_name(node) == "text" else paragraphs(node):
                reading.add("comment", text, region="comment", place=place)
