"""CSV, TSV and other delimited text: encoding, delimiter, quotes and header are found, ragged rows are kept."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

from lakedocs.errors import DocumentError
from lakedocs.extract.cells import cell_ranges, row_text
from lakedocs.extract.reading import Reading
from lakedocs.extract.text.plain_text import chunks_of
from lakedocs.extract.text.table_form import Form, Header, filled_in, form_of, header_of, is_comment, reader_of
from lakedocs.records import Place, Status

_SAMPLE_CHARS = 65_536
_ROWS_JUDGED = 60
_LINES_OF_A_ROW = 1000
"""A quoted cell that runs on for longer was opened and never closed."""
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a delimited text, a row per element; what stands above the header or is a remark is a paragraph.

    Raises:
        DocumentError: empty, or corrupt for bytes that are no text.
    """
    chunks = chunks_of(path, reading)
    first = next(chunks)
    form = form_of(first[:_SAMPLE_CHARS])
    reading.guess("delimiter", {"\t": "tab", "": "none"}.get(form.delimiter, form.delimiter), form.confidence)
    try:
        _add_rows(_lines(chain((first,), chunks)), form, reading)
    except csv.Error as error:
        raise DocumentError(Status.CORRUPT, "The rows can't be told apart.") from error


def _add_rows(lines: Iterator[str], form: Form, reading: Reading) -> None:
    rows = _rows(lines, form)
    first = list(islice(rows, _ROWS_JUDGED))
    header = header_of(first)
    reading.guess("header", f"row {header.row}" if header.row else "none", header.confidence)
    width = len(first[header.row - 1]) if header.row else 0
    for number, row in enumerate(chain(first, rows), start=1):
        if reading.full:
            return
        cells = [" ".join(cell.split()) for cell in row]
        filled = [column for column, cell in enumerate(cells, start=1) if cell]
        if not filled or (number == 1 and form.is_said):
            continue
        place = Place(cells=cell_ranges(filled, number))
        if _is_beside(row, number, header, width):
            reading.add("paragraph", f"{form.delimiter} ".join(cells[column - 1] for column in filled), place=place)
        else:
            reading.add("table_row", row_text(cells[column - 1] for column in filled), level=number, place=place)


def _is_beside(row: list[str], number: int, header: Header, width: int) -> bool:
    """Whether a row is not one of the table's: a title above its header, or a remark."""
    return bool(header.row) and ((number < header.row and filled_in(row) < width) or is_comment(row, width))


def _lines(chunks: Iterable[str]) -> Iterator[str]:
    for chunk in chunks:
        yield from io.StringIO(chunk, newline="")


def _rows(lines: Iterator[str], form: Form) -> Iterator[list[str]]:
    """The rows; from one that never ends on, quotes are signs like others. No more lines are held than those of the row that is read."""
    held: list[str] = []
    is_endless = False

    def fed() -> Iterator[str]:
        nonlocal is_endless
        for line in lines:
            held.append(line)
            if len(held) > _LINES_OF_A_ROW:
                is_endless = True
                return
            yield line

    for row in reader_of(fed(), form):
        if is_endless:
            break
        held.clear()
        yield row
    if is_endless:
        # the quote hid the delimiters from whoever judged the form
        delimiter = form_of("".join(held).replace(form.quote, " ")).delimiter or form.delimiter
        yield from reader_of(chain(held, lines), replace(form, delimiter=delimiter), is_quoted=False)
