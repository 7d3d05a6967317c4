"""What a sheet's XML says beside its values: hidden rows and columns, formats of cells, formulas; read in one pass over its bytes.

Values come from calamine, which has none of these. A parser of XML would take several times as long as calamine does; patterns over the
bytes of a row take a fraction. They know the order of attributes that all writers known use; another order costs a cell its format.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from openpyxl.utils import column_index_from_string

from lakedocs.extract.number_formats import NumberFormat, built_in, number_format
from lakedocs.extract.xml import Container

_ROW = re.compile(rb"<(?:\w+:)?row(?:\s[^>]*)?>")
_NUMBER = re.compile(rb'\br="(\d{1,7})"')
_HIDDEN = re.compile(rb'\bhidden="(?:1|true)"')
_STYLED = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})\d+"[^>]*?\bs="(\d+)"')
_FORMULA = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})\d+"[^>]*>\s*<(?:\w+:)?f(?:\s[^>]*)?>([^<]+)<')
_COLUMN = re.compile(rb"<(?:\w+:)?col\s([^>]*)>")
_BOUNDS = re.compile(rb'\b(min|max)="(\d{1,5})"')
_LAST_COLUMN = 16_384
_FIRST_OWN_FORMAT = 164

Formats = Mapping[bytes, NumberFormat]
"""The style of cells, as they name it -> what shows their values; those shown as they are have none."""


@dataclass(frozen=True, slots=True)
class RowLook:
    """How a row looks: its number from 1, whether it is hidden, column -> format."""

    number: int
    is_hidden: bool
    formats: Mapping[int, NumberFormat] = field(default_factory=dict)


def formats_of(container: Container, workbook: str) -> dict[bytes, NumberFormat]:
    """The formats of a workbook's styles."""
    found: dict[bytes, NumberFormat] = {}
    for part in container.targets(workbook, "styles"):
        root = container.xml(part)
        codes = {node.get("numFmtId"): node.get("formatCode") or "" for node in root.iterfind("{*}numFmts/{*}numFmt")}
        for index, style in enumerate(root.iterfind("{*}cellXfs/{*}xf")):
            number = style.get("numFmtId") or "0"
            shows = number_format(codes[number]) if number in codes else built_in(int(number)) if number.isdecimal() and len(number) < 4 else None
            if shows is not None:
                found[str(index).encode()] = shows
    return found


def hidden_columns(data: bytes) -> frozenset[int]:
    """The hidden columns of a sheet, from 1."""
    found: set[int] = set()
    for match in _COLUMN.finditer(data, 0, max(data.find(b"sheetData"), 0)):
        if _HIDDEN.search(match.group(1)):
            bounds = {name: min(int(value), _LAST_COLUMN) for name, value in _BOUNDS.findall(match.group(1))}
            found.update(range(bounds.get(b"min", 1), bounds.get(b"max", 0) + 1))
    return frozenset(found)


def looks(data: bytes, formats: Formats) -> Iterator[RowLook]:
    """How the rows of a sheet look that do not look like any, in their order."""
    has_hidden = b'hidden="' in data
    if not formats and not has_hidden:
        return
    for number, start, tag_end, end in _rows(data):
        is_hidden = has_hidden and _HIDDEN.search(data, start, tag_end) is not None
        own = {}
        if formats:
            for letters, style in _STYLED.findall(data, tag_end, end):
                if style in formats:
                    own[_column(letters)] = formats[style]
        if own or is_hidden:
            yield RowLook(number, is_hidden, own)


def formulas(data: bytes) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """(row, its (column, formula) in their order), from 1; what shares another cell's formula has none of its own."""
    if b"</f>" not in data and b":f>" not in data:
        return
    for number, _, tag_end, end in _rows(data):
        found = [(_column(letters), html.unescape(text.decode("utf-8", "replace"))) for letters, text in _FORMULA.findall(data, tag_end, end)]
        if found:
            yield number, found


def _rows(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """(number, start, end of its tag, end) of each row."""
    number = 0
    matches = _ROW.finditer(data)
    current = next(matches, None)
    while current is not None:
        following = next(matches, None)
        named = _NUMBER.search(data, current.start(), current.end())
        number = int(named.group(1)) if named else number + 1
        yield number, current.start(), current.end(), following.start() if following else len(data)
        current = following


@lru_cache(4096)
def _column(letters: bytes) -> int:
    return int(column_index_from_string(letters.decode("ascii")))
