"""Word: body with tables, text boxes, insertions and content controls; headers, footers, notes, comments, charts.

Read from the parts' XML, because python-docx's paragraph list leaves out most of these and refuses templates by content
type (WordprocessingML: ECMA-376 part 1, clause 17).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from lxml import etree

from lakedocs.extract.cells import row_text
from lakedocs.extract.office.drawing import add_pictures, add_related
from lakedocs.extract.office.package import opened
from lakedocs.extract.office.word_styles import Styles, is_on, styles_of
from lakedocs.extract.office.word_text import ParagraphText, Tracked, paragraph_text
from lakedocs.extract.office.xml import Container, attribute, is_repetition, local_name, main_part
from lakedocs.extract.reading import Reading
from lakedocs.extract.text.markup import html_text
from lakedocs.records import Flag, Place

_SIDE_PARTS = (
    ("header", "header", "header"),
    ("footer", "footer", "footer"),
    ("footnotes", "footnote", "footnote"),
    ("endnotes", "footnote", "endnote"),
    ("comments", "comment", "comment"),
)
_BLOCKS = frozenset(("p", "tbl", "footnote", "endnote", "comment", "altChunk"))
_RUNS = frozenset(("r", "hyperlink", "fldSimple", "oMath", "oMathPara"))
_WRAPPERS = frozenset(
    ("body", "sdt", "sdtContent", "customXml", "ins", "del", "moveTo", "moveFrom", "smartTag", "docParts", "docPart", "docPartBody",
     "AlternateContent", "Choice", "Fallback")
)  # fmt: skip
_INLINE = frozenset(("ins", "del", "moveTo", "moveFrom", "smartTag", "sdtContent"))
"""What may hold runs where a paragraph is expected: its runs are read as one."""
_HTML = (".htm", ".html", ".xhtml")
_MOST_COLUMNS = 63
"""Of a table in Word."""


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a docx, docm, dotx or dotm.

    Raises:
        DocumentError: corrupt, encrypted or too large.
    """
    with opened(path, reading) as container:
        main = main_part(container, "word/document.xml")
        walker = _Walker(reading, container, styles_of(container, main))
        walker.part(main, container.xml(main), region="body", kind="paragraph")
        _side_parts(reading, container, walker, main, "")
        for part in container.targets(main, "glossaryDocument"):
            with reading.tolerating_damage():
                walker.part(part, container.xml(part), region="building_block", kind="paragraph")
                _side_parts(reading, container, walker, part, "building_block")


def _side_parts(reading: Reading, container: Container, walker: _Walker, main: str, region_of_all: str) -> None:
    for relation, kind, region in _SIDE_PARTS:
        for part in dict.fromkeys(container.targets(main, relation)):
            with reading.tolerating_damage():
                walker.part(part, container.xml(part), region=region_of_all or region, kind=kind)


class _Walker:
    """Walks block content in document order; what floats beside the text (boxes, pictures) follows its paragraph."""

    def __init__(self, reading: Reading, container: Container, styles: Styles) -> None:
        self._reading = reading
        self._container = container
        self._styles = styles
        self._part = ""

    def part(self, name: str, root: etree._Element, *, region: str, kind: str) -> None:
        place = Place(part=None if region == "body" else region)
        self._part = name
        for block, tracked in _blocks(root):
            if self._reading.full:
                return
            self._block(block, region, kind, place, tracked)
        for control in root.iter("{*}sdtPr"):
            self._reading.add("control", _choices(control), region="content_control", place=place)
        add_pictures(self._reading, self._container, name, root, place)
        add_related(self._reading, self._container, name, place)

    def _block(self, block: etree._Element, region: str, kind: str, place: Place, tracked: Tracked) -> None:
        name = local_name(block)
        if name == "tbl":
            self._table(block, region, place, tracked)
        elif name == "altChunk":
            with self._reading.tolerating_damage():
                self._chunk(block, region, place)
        elif name in ("footnote", "endnote", "comment"):
            self._reading.add("author", attribute(block, "author"), region=region, place=place)
            for child, inner in _blocks(block):
                self._block(child, region, kind, place, inner)
        else:
            self._paragraph(block, region, kind, place, tracked)

    def _paragraph(self, paragraph: etree._Element, region: str, kind: str, place: Place, tracked: Tracked) -> None:
        level, is_list_item, is_hidden = self._properties(paragraph)
        text = paragraph_text(paragraph, self._styles, tracked, is_hidden=is_hidden)
        if kind == "paragraph":
            kind = "heading" if level else "list_item" if is_list_item else kind
        self._reading.add(kind, "".join(text.shown), level=level if kind == "heading" else 0, region=region, place=place)
        self._beside(text, place)
        self._floating(text, region, place)

    def _properties(self, paragraph: etree._Element) -> tuple[int, bool, bool]:
        """(level of heading or 0, whether it is a list's item, whether its style hides it)."""
        if not len(paragraph) or local_name(paragraph[0]) != "pPr":
            return 0, False, False
        level, style, is_list_item = 0, "", False
        for node in paragraph[0]:
            name = local_name(node)
            if name == "pStyle":
                style = attribute(node, "val")
            elif name == "numPr":
                is_list_item = True
            elif name == "outlineLvl" and attribute(node, "val") in ("0", "1", "2", "3", "4", "5", "6", "7", "8"):
                level = int(attribute(node, "val")) + 1
        return level or self._styles.headings.get(style, 0), is_list_item, style in self._styles.hidden

    def _beside(self, text: ParagraphText, place: Place) -> None:
        """What a paragraph holds that is not read with it, and a copy of what was inserted, each in a region of its own."""
        add = self._reading.add
        for region, pieces in (("insertion", text.inserted), ("deletion", text.deleted), ("hidden", text.hidden)):
            if pieces and (joined := "".join(pieces)).strip():
                add("paragraph", joined, region=region, place=place)
                if region == "hidden":
                    self._reading.flag(Flag.HIDDEN_TEXT)
        if text.codes:
            for address in text.links:
                add("link", address, region="link", place=place)
            for code in text.fields:
                add("field", code, region="field", place=place)

    def _floating(self, text: ParagraphText, region: str, place: Place) -> None:
        inner_region = "text_box" if region == "body" else region
        for drawn in text.drawn:
            self._reading.add("paragraph", drawn, region=inner_region, place=place)
        for box, tracked in text.floating:
            if local_name(box) == "tbl":
                self._table(box, region, place, tracked)
                continue
            for block, inner in _blocks(box, tracked):
                self._block(block, inner_region, "paragraph", place, inner)

    def _table(self, table: etree._Element, region: str, place: Place, tracked: Tracked) -> None:
        """A row per element. Cells that are merged keep their columns: the value stands in the first, the others are empty."""
        for number, (row, of_wrapper) in enumerate(_children(table, "tr", tracked), start=1):
            before, _, of_row, is_hidden = _cell_properties(row, "trPr", of_wrapper)
            cells = [""] * before
            nested: list[tuple[etree._Element, Tracked]] = []
            texts: list[ParagraphText] = []
            for cell, of_cell_wrapper in _children(row, "tc", of_row):
                _, columns, of_cell, _ = _cell_properties(cell, "tcPr", of_cell_wrapper)
                lines: list[str] = []
                for block, of_block in _blocks(cell, of_cell):
                    if local_name(block) in ("tbl", "altChunk"):
                        nested.append((block, of_block))
                        continue
                    hides = is_hidden or self._properties(block)[2]
                    text = paragraph_text(block, self._styles, of_block, is_hidden=hides)
                    lines.append("".join(text.shown).strip())
                    texts.append(text)
                cells += [" ".join(line for line in lines if line), *[""] * (columns - 1)]
            if any(cells):
                self._reading.add("table_row", row_text(cells), level=number, region=region, place=place)
            for text in texts:
                self._beside(text, place)
                self._floating(text, region, place)
            for inner, of_inner in nested:
                self._block(inner, "nested_table" if region == "body" else region, "paragraph", place, of_inner)

    def _chunk(self, chunk: etree._Element, region: str, place: Place) -> None:
        """A file that Word merges in when it opens the document: HTML is read here, any other as an attachment."""
        target = self._container.related(self._part).get(attribute(chunk, "id"), ("", ""))[1]
        if target and target in self._container:
            data = self._container.read(target)
            if target.lower().endswith(_HTML):
                for paragraph in html_text(data.decode("utf-8-sig", "replace")).split("\n"):
                    self._reading.add("paragraph", paragraph, region=region, place=place)
            else:
                self._reading.attach(posixpath.basename(target), data)


def _children(parent: etree._Element, wanted: str, tracked: Tracked) -> Iterator[tuple[etree._Element, Tracked]]:
    """Children of that name, looked for through content controls, insertions and the like, with what tracking says of them."""
    for child in parent:
        name = local_name(child)
        if name == wanted:
            yield child, tracked
        elif name in _WRAPPERS and (name != "Fallback" or not is_repetition(child)):
            yield from _children(child, wanted, tracked.inside(name))


def _blocks(parent: etree._Element, tracked: Tracked = Tracked.NO) -> Iterator[tuple[etree._Element, Tracked]]:
    """Paragraphs, tables and notes directly below `parent`, looked for through wrappers; runs without a paragraph count as one."""
    for child in parent:
        name = local_name(child)
        if name in _BLOCKS:
            yield child, tracked
        elif name in _RUNS:
            if local_name(parent) in _INLINE:
                yield parent, tracked
                return
            yield child, tracked
        elif name in _WRAPPERS and (name != "Fallback" or not is_repetition(child)):
            yield from _blocks(child, tracked.inside(name))


def _cell_properties(node: etree._Element, name: str, tracked: Tracked) -> tuple[int, int, Tracked, bool]:
    """(columns left out before it, columns that it spans, what tracking says, whether it is hidden) of a row or cell."""
    before, spans, is_hidden = 0, 1, False
    for properties in node.iterchildren(f"{{*}}{name}"):
        for child in properties:
            kind = local_name(child)
            if kind in ("gridSpan", "gridBefore"):
                value = attribute(child, "val")
                number = min(int(value), _MOST_COLUMNS) if value.isdecimal() else 0
                before, spans = (number, spans) if kind == "gridBefore" else (before, max(number, 1))
            elif kind == "hidden":
                is_hidden = is_on(child)
            else:
                tracked = tracked.inside(kind)
    return before, spans, tracked, is_hidden


def _choices(control: etree._Element) -> str:
    """The choices of a content control's list, or its date, after its title."""
    title = next((attribute(node, "val") for node in control.iterchildren("{*}alias")), "")
    found = [attribute(node, "displayText") or attribute(node, "value") for node in control.iter("{*}listItem")]
    found += [date.partition("T")[0] for node in control.iterchildren("{*}date") if (date := attribute(node, "fullDate"))]
    return f"{title}: {', '.join(found)}" if title and found else ", ".join(found)
