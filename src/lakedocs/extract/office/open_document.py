"""OpenDocument: texts and presentations from their XML, spreadsheets through calamine."""

from __future__ import annotations

import posixpath
import zipfile
from functools import partial

from lxml import etree

from lakedocs.errors import DocumentError
from lakedocs.extract.cells import row_text
from lakedocs.extract.limits import check_zip
from lakedocs.extract.office import sheet
from lakedocs.extract.office.xml import Container, local_name
from lakedocs.extract.reading import Reading
from lakedocs.records import Place, Status

_PROPERTIES = {
    "title": "title",
    "subject": "subject",
    "initial-creator": "creator",
    "creator": "lastModifiedBy",
    "keyword": "keywords",
    "description": "description",
}
_BESIDE = {"note": "footnote", "annotation": "comment", "text-box": "text_box", "notes": "notes", "tracked-changes": "deletion"}
"""What stands within or beside the text, and the region that it is."""
_KINDS = {"footnote": "footnote", "comment": "comment", "notes": "note"}
_EDGES = {
    "header": "header",
    "footer": "footer",
    "header-left": "header",
    "footer-left": "footer",
    "header-first": "header",
    "footer-first": "footer",
}
_SPACES = {"s": " ", "tab": "\t", "line-break": "\n"}
_SILENT = frozenset({"note-citation", "sequence-decls", "forms", "change-info", "desc", "title"})


def read_text(path: str, reading: Reading) -> None:
    """Fill `reading` with an odt or odp.

    Raises:
        DocumentError: corrupt, encrypted or too large.
    """
    with _opened(path, reading) as archive:
        container = Container(archive)
        _properties(container, reading)
        content = container.xml("content.xml")
        _Walker(reading).walk(content, "body", Place())
        _pictures(reading, container, content)
        if "styles.xml" in container:
            for node in container.xml("styles.xml").iter():
                if (edge := _EDGES.get(local_name(node))) is not None:
                    _Walker(reading).walk(node, edge, Place(part=edge))


def _number(node: etree._Element, name: str) -> int:
    """A count or a level; 1 where it is not said, or is no number."""
    said = _attribute(node, name)
    return int(said) if said.isdecimal() and len(said) < 10 else 1


def _pictures(reading: Reading, container: Container, content: etree._Element) -> None:
    for node in content.iter("{*}image"):
        part = _attribute(node, "href")
        if part in container:
            with reading.tolerating_damage():
                reading.save_image(partial(container.read, part), posixpath.splitext(part)[1], Place())


def read_cells(path: str, reading: Reading) -> None:
    """Fill `reading` with an ods.

    Raises:
        DocumentError: corrupt, encrypted or too large.
    """
    with _opened(path, reading) as archive:
        _properties(Container(archive), reading)
    sheet.read_binary(path, reading)


def _opened(path: str, reading: Reading) -> zipfile.ZipFile:
    check_zip(path, reading.limits)
    archive = zipfile.ZipFile(path)
    container = Container(archive)
    if "META-INF/manifest.xml" in container and b"encryption-data" in container.read("META-INF/manifest.xml"):
        archive.close()
        raise DocumentError(
            Status.ENCRYPTED, "The document needs a password, which is not tried on OpenDocument: save it without, or as an Office file."
        )
    return archive


def _properties(container: Container, reading: Reading) -> None:
    if "meta.xml" in container:
        for node in container.xml("meta.xml").iter():
            if local_name(node) in _PROPERTIES and node.text:
                reading.add("property", node.text, region="metadata", place=Place(part=_PROPERTIES[local_name(node)]))


def _attribute(node: etree._Element, name: str) -> str:
    return next((value for key, value in node.attrib.items() if str(key).rpartition("}")[2] == name), "")


class _Walker:
    """Adds paragraphs, headings and rows in their order; what stands beside a paragraph follows it."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._slides = 0

    def walk(self, node: etree._Element, region: str, place: Place) -> None:
        """The content of a node."""
        for child in node:
            name = local_name(child)
            if self._reading.full:
                return
            if name in ("p", "h"):
                self._paragraph(child, region, place)
            elif name == "table":
                self._table(child, region, place)
            elif name == "page":
                self._slides += 1
                self.walk(child, region, Place(slide=self._slides))
            elif name == "creator" and region == "comment":
                self._reading.add("author", child.text or "", region=region, place=place)
            elif name in _BESIDE:
                self._beside(child, region, place)
            elif name and name not in _SILENT:
                self.walk(child, region, place)

    def _beside(self, node: etree._Element, region: str, place: Place) -> None:
        inner = _BESIDE[local_name(node)]
        if inner == "text_box" and place.slide is not None:
            inner = region  # all text of a slide stands in boxes
        part = None if inner == "body" or place.slide is not None else inner
        self.walk(node, inner, Place(slide=place.slide, part=part))

    def _paragraph(self, node: etree._Element, region: str, place: Place) -> None:
        beside: list[etree._Element] = []
        text = _text(node, beside)
        level = _number(node, "outline-level") if local_name(node) == "h" else 0
        kind = "heading" if level else region if region in ("header", "footer") else _KINDS.get(region, "paragraph")
        self._reading.add(kind, text, level=level, region=region, place=place)
        for inner in beside:
            if local_name(inner) in _BESIDE:
                self._beside(inner, region, place)
            else:
                self.walk(inner, region, place)

    def _table(self, table: etree._Element, region: str, place: Place) -> None:
        rows = (row for row in table.iter() if local_name(row) == "table-row" and _table_of(row) is table)
        for number, row in enumerate(rows, start=1):
            beside: list[etree._Element] = []
            cells = [" ".join(_text(cell, beside).split()) for cell in row if local_name(cell) == "table-cell"]
            self._reading.add("table_row", row_text(cell for cell in cells if cell), level=number, region=region, place=place)
            for inner in beside:
                if local_name(inner) in _BESIDE:
                    self._beside(inner, region, place)


def _table_of(row: etree._Element) -> etree._Element | None:
    return next((node for node in row.iterancestors() if local_name(node) == "table"), None)


def _text(node: etree._Element, beside: list[etree._Element]) -> str:
    """The text of a paragraph or cell; notes, comments and boxes in it are put aside."""
    pieces = [node.text or ""]
    for child in node:
        name = local_name(child)
        if name in _BESIDE or name == "frame":
            beside.append(child)
        elif name in _SPACES:
            pieces.append(_SPACES[name] * (min(_number(child, "c"), 1000) if name == "s" else 1))
        elif name and name not in _SILENT:
            pieces.append(_text(child, beside))
            if name in ("p", "h"):
                pieces.append(" ")
        pieces.append(child.tail or "")
    return "".join(pieces)
