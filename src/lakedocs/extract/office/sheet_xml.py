"""What a sheet's XML says beside its values: hidden rows and columns, formats of cells, formulas; read in one pass over its bytes.

Values come from calamine, which has none of these. A parser of XML would take several times as long as calamine does; patterns over the
bytes of a row take a fraction. They know the order of attributes that all writers known use; another order costs a cell its format.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from openpyxl.utils import column_index_from_string

from lakedocs.extract.office.number_formats import Show, built_in, number_format
from lakedocs.extract.office.xml import Container

_USUAL_ROW = b'<row r="'
_ROW = re.compile(rb'<row r="(\d{1,7})"([^<>]*)>')
_ROW_OTHERWISE = re.compile(rb"<(?:\w+:)?row(?:\s[^<>]*)?>")
_NUMBER = re.compile(rb'\br="(\d{1,7})"')
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_USUAL = b'<c r="'
_STYLED = re.compile(rb'<c r="([A-Z]{1,3})\d+"[^<>]*?\ss="(\d+)"')
_STYLED_OTHERWISE = re.compile(rb'<(?:\w+:)?c\s[^<>]*?\br="([A-Z]{1,3})\d+"[^<>]*?\ss="(\d+)"')
_FORMULA = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"[^<>]*>\s*<f(?:\s[^<>]*)?>([^<]+)<')
_FORMULA_OTHERWISE = re.compile(rb'<(?:\w+:)?c(?:\s[^<>]*?\br="([A-Z]{1,3})(\d{1,7})")?[^<>]*>\s*<(?:\w+:)?f(?:\s[^<>]*)?>([^<]+)<')
_COLUMN = re.compile(rb"<(?:\w+:)?col\s([^<>]*)>")
_BOUNDS = re.compile(rb'\b(min|max)="(\d{1,5})"')
_LAST_COLUMN = 16_384

_LONGEST_TAIL = 2**22

Formats = Mapping[bytes, Show]
"""The style of cells, as they name it -> what shows their values; those shown as they are have none."""


@dataclass(frozen=True, slots=True)
class RowLook:
    """How a row looks: its number from 1, whether it is hidden, column -> what shows its cell."""

    number: int
    is_hidden: bool
    formats: Mapping[int, Show]


def formats_of(container: Container, workbook: str) -> dict[bytes, Show]:
    """The formats of a workbook's styles."""
    found: dict[bytes, Show] = {}
    for part in container.targets(workbook, "styles"):
        root = container.xml(part)
        codes = {node.get("numFmtId"): node.get("formatCode") or "" for node in root.iterfind("{*}numFmts/{*}numFmt")}
        for index, style in enumerate(root.iterfind("{*}cellXfs/{*}xf")):
            number = style.get("numFmtId") or "0"
            shows = number_format(codes[number]) if number in codes else built_in(int(number)) if number.isdecimal() and len(number) < 4 else None
            if shows is not None:
                found[str(index).encode()] = shows
    return found


class SheetLook:
    """How a sheet looks. Its rows are asked for one by one, in their order.

    Args:
        data: the sheet's part.
        formats: of the workbook's styles.
    """

    def __init__(self, data: bytes = b"", formats: Formats | None = None) -> None:
        end = max(data.rfind(b"sheetData"), 0)
        self.tail = data[end : end + _LONGEST_TAIL]
        """What follows the cells: headers, rules of input, ..."""
        self.has_formulas = (b"</f>" if _USUAL in data else b"f>") in data
        self.hidden_columns = _hidden_columns(data)
        self._rows = _looks(data, formats or {})
        self._next = next(self._rows, None)

    def of(self, number: int) -> RowLook | None:
        """How that row looks; None if like any."""
        while self._next is not None and self._next.number < number:
            self._next = next(self._rows, None)
        return self._next if self._next is not None and self._next.number == number else None


def formulas(data: bytes) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """(row, its (column, formula) in their order), from 1; what shares another cell's formula has none of its own.

    Where cells do not say where they stand, row and column are 0.
    """
    matches = (_FORMULA if _USUAL in data else _FORMULA_OTHERWISE).finditer(data)
    for row, of_row in groupby(matches, key=lambda match: match.group(2)):
        found = [(_column(match.group(1)), html.unescape(match.group(3).decode("utf-8", "replace"))) for match in of_row]
        yield int(row or 0), found


def _hidden_columns(data: bytes) -> frozenset[int]:
    found: set[int] = set()
    for match in _COLUMN.finditer(data, 0, max(data.find(b"sheetData"), 0)):
        if _HIDDEN.search(match.group(1)):
            bounds = {name: min(int(value), _LAST_COLUMN) for name, value in _BOUNDS.findall(match.group(1))}
            found.update(range(bounds.get(b"min", 1), bounds.get(b"max", 0) + 1))
    return frozenset(found)


def _looks(data: bytes, formats: Formats) -> Iterator[RowLook]:
    """How the rows look that do not look like any, in their order."""
    has_hidden = b'hidden="' in data
    if not formats and not has_hidden:
        return
    styled_cell = _STYLED if _USUAL in data else _STYLED_OTHERWISE
    styled: list[tuple[bytes, bytes]] = []
    own: dict[int, Show] = {}
    for number, attributes, start, end in _rows(data):
        is_hidden = has_hidden and _HIDDEN.search(attributes) is not None
        if formats and (found := styled_cell.findall(data, start, end)) != styled:
            styled = found  # the rows of a table look the same
            own = {_column(letters): formats[style] for letters, style in styled if style in formats}
        if own or is_hidden:
            yield RowLook(number, is_hidden, own)


def _rows(data: bytes) -> Iterator[tuple[int, bytes, int, int]]:
    """(number, attributes, where its cells begin and end) of each row."""
    is_usual = _USUAL_ROW in data
    number, attributes, start = 0, b"", -1
    for match in (_ROW if is_usual else _ROW_OTHERWISE).finditer(data):
        if start >= 0:
            yield number, attributes, start, match.start()
        start = match.end()
        if is_usual:
            number, attributes = int(match.group(1)), match.group(2)
        else:
            attributes = match.group()
            named = _NUMBER.search(attributes)
            number = int(named.group(1)) if named else number + 1
    if start >= 0:
        yield number, attributes, start, len(data)


@lru_cache(4096)
def _column(letters: bytes | None) -> int:
    return int(column_index_from_string(letters.decode("ascii"))) if letters else 0
