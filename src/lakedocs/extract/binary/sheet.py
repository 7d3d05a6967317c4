"""Binary workbooks: cells through calamine, those of Excel 2 to 4 through xlrd; comments, text boxes, headers and footers from their records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import olefile
from openpyxl.utils import get_column_letter

from lakedocs.errors import DocumentError
from lakedocs.extract.binary.container import add_beside, opened, stream
from lakedocs.extract.office import sheet
from lakedocs.extract.reading import Reading
from lakedocs.records import Place, Status

_BEGIN, _END, _SHEET, _GOES_ON = 0x0809, 0x000A, 0x0085, 0x003C
_HEADER, _FOOTER, _NOTE, _OBJECT, _TEXT = 0x0014, 0x0015, 0x001C, 0x005D, 0x01B6
_OF_97 = 0x0600
_CODES = re.compile(r'&(?:[LCRPNDTFAZGBIUESXYKO]|"[^"]*"|\d+)')


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with an xls of any version.

    Raises:
        DocumentError: corrupt or encrypted.
    """
    try:
        sheet.read_binary(path, reading)
    except DocumentError as error:
        if error.status is not Status.CORRUPT or reading.elements:
            raise
        from lakedocs.extract.binary.before_97 import add_cells  # xlrd takes a tenth of a second to import

        add_cells(_stream(path), reading)
    if not olefile.isOleFile(path):
        return
    with opened(path) as ole:
        _beside_the_cells(stream(ole, "Workbook"), reading)
        add_beside(ole, reading)


def _stream(path: str) -> bytes:
    """The records alone: xlrd's own reader of containers does not end on damaged ones."""
    if not olefile.isOleFile(path):
        return Path(path).read_bytes()
    with opened(path) as ole:
        return stream(ole, "Workbook") or stream(ole, "Book")


def _beside_the_cells(data: bytes, reading: Reading) -> None:
    """Comments, text boxes, headers and footers of an Excel 97-2003 workbook (MS-XLS), sheet by sheet."""
    names: dict[int, str] = {}
    found: _Sheet | None = None
    pending, charts = -1, 0
    for offset, kind, record in _records(data):
        if kind == _BEGIN and len(record) >= 4:
            if int.from_bytes(record[:2], "little") != _OF_97:
                return
            charts = 0 if offset in names else charts + 1  # a chart stands within its sheet, and a sheet's comments end behind it
            found = _Sheet(names[offset]) if offset in names else found
        elif kind == _SHEET and len(record) > 8:
            names[int.from_bytes(record[:4], "little")] = _string(record[6:], length_bytes=1)
        elif found is None:
            continue
        elif kind == _END and charts:
            charts -= 1
        elif kind == _END:
            found.add(reading)
            found = _Sheet(found.name)
        elif kind in (_HEADER, _FOOTER) and len(record) > 3:
            found.edges.append(("header" if kind == _HEADER else "footer", _CODES.sub(" ", _string(record, length_bytes=2))))
        elif kind == _OBJECT and len(record) >= 8:
            found.number = int.from_bytes(record[6:8], "little")
        elif kind == _TEXT and len(record) >= 12:
            pending = int.from_bytes(record[10:12], "little")
            found.texts[found.number] = ""
        elif kind == _GOES_ON and pending > 0 and record:
            text = record[1:].decode("utf-16-le" if record[0] & 1 else "latin-1", "replace")[:pending]
            found.texts[found.number] = found.texts.get(found.number, "") + text
            pending -= len(text)
        elif kind == _NOTE and len(record) >= 8:
            row, column, number = (int.from_bytes(record[at : at + 2], "little") for at in (0, 2, 6))
            found.notes[number] = (f"{get_column_letter(column + 1)}{row + 1}", _string(record[8:], length_bytes=2))


class _Sheet:
    """What stands beside the cells of one sheet."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.number = 0
        self.texts: dict[int, str] = {}
        self.notes: dict[int, tuple[str, str]] = {}
        self.edges: list[tuple[str, str]] = []

    def add(self, reading: Reading) -> None:
        """Its headers and footers, comments with their cells and authors, and the text boxes that are no comments."""
        place = Place(sheet=self.name)
        for kind, text in self.edges:
            reading.add(kind, text, region="header", place=place)
        for number, (cell, author) in self.notes.items():
            reading.add("author", author.replace("\x00", ""), region="comment", place=place)
            reading.add("comment", self.texts.pop(number, "").replace("\x00", ""), region="comment", place=Place(sheet=self.name, cells=cell))
        for text in self.texts.values():
            reading.add("paragraph", text.replace("\x00", ""), region="drawing", place=place)


def _records(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    place = 0
    while place + 4 <= len(data):
        kind, size = int.from_bytes(data[place : place + 2], "little"), int.from_bytes(data[place + 2 : place + 4], "little")
        yield place, kind, data[place + 4 : place + 4 + size]
        place += 4 + size


def _string(data: bytes, *, length_bytes: int) -> str:
    """A string with its length and its width before it."""
    length = int.from_bytes(data[:length_bytes], "little")
    is_wide = bool(data[length_bytes : length_bytes + 1] and data[length_bytes] & 1)
    letters = data[length_bytes + 1 : length_bytes + 1 + length * (2 if is_wide else 1)]
    return letters.decode("utf-16-le" if is_wide else "latin-1", "replace")
