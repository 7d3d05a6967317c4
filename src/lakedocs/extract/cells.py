"""Where the filled cells of a row stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from openpyxl.utils import get_column_letter

_MOST_KNOWN = 64
_LAST_COLUMN = 18_278
"""ZZZ; a sheet ends at XFD, delimited text does not."""


_SEPARATING = re.compile(r"(?:(?<=\s)|^)\|(?=\s|$)")


def row_text(cells: Iterable[str]) -> str:
    """A row as a person reads it; a bar inside of a cell that would look like one between two is broken."""
    return " | ".join([_SEPARATING.sub("¦", cell) if "|" in cell else cell for cell in cells])


def cell_ranges(columns: Sequence[int], row: int) -> str:
    """A row's filled cells as ranges: 1, 2 and 4 of row 3 are A3:B3,D3:D3. Cells that have no letters are left out.

    Args:
        columns: ascending, from 1.
    """
    if columns and columns[-1] - columns[0] == len(columns) - 1 and columns[-1] <= _LAST_COLUMN:  # most rows have no gaps
        return f"{get_column_letter(columns[0])}{row}:{get_column_letter(columns[-1])}{row}"
    spans = _known_spans(tuple(columns)) if len(columns) <= _MOST_KNOWN else _spans(columns)
    return ",".join([f"{first}{row}:{last}{row}" for first, last in spans])


def _spans(columns: Sequence[int]) -> list[tuple[str, str]]:
    lettered = [column for column in columns if column <= _LAST_COLUMN]
    return [(get_column_letter(first), get_column_letter(last)) for first, last in _runs(lettered)]


_known_spans = lru_cache(1024)(_spans)
"""The rows of a table are filled alike."""


def _runs(columns: Sequence[int]) -> Iterator[tuple[int, int]]:
    if not columns:
        return
    first = last = columns[0]
    for column in columns[1:]:
        if column > last + 1:
            yield first, last
            first = column
        last = column
    yield first, last
