"""How a delimited text is written: its delimiter, quotes, escapes, comments and header, each with how sure that is."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import _csv

_DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x1f", "\x01", ":")
_NO_DELIMITER = "\x1e"
_RARE = frozenset("^~:")
_SAMPLE_LINES = 200
_FOREIGN = re.compile(r"[;\t|\x1f\x01]|(?<=[^\s\d]),(?=\S)|(?<=\d),(?=[^\s\d])|\S,$")
_FOREIGN_TO_COMMAS = re.compile(r"[;\t|\x1f\x01]")
"""What a cell does not hold unless it was cut at the wrong sign: another delimiter; a comma belongs to prose and to numbers, too."""
_SINGLE_QUOTED = re.compile(r"(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|]|$)", re.MULTILINE)
_DATA = re.compile(
    r"[-+(]?[$€£¥]? ?\d[\d.,' \u00a0\u202f]*[%)]?(?: ?[$€£¥%]| ?[A-Z]{3})?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}:\d{2}(?::\d{2})?|(?i:true|false|yes|no|null|none|n/?a)|[^@\s]+@[^@\s]+\.\w+|https?://\S+"
)
"""Numbers, dates, times, truth, addresses: what columns hold and headers do not."""
_LONGEST_HEADER = 60
_HALF = 0.5
_COMMENT = ("#", "//", "--", "%")
_SEP = re.compile(r"\A\ufeff?\"?sep=(.)\"?\r?\n", re.IGNORECASE)
_CERTAIN_BELOW = 0.2
_ROWS_JUDGED = 60
_TABLE_FOR_SURE, _FEWEST_LINES = 0.85, 2


@dataclass(frozen=True, slots=True)
class Form:
    """The signs of a delimited text; `delimiter` is empty where every line is one cell."""

    delimiter: str
    quote: str = '"'
    escape: str = ""
    confidence: float = 1.0
    is_said: bool = False
    """Whether its first line says the delimiter, as Excel writes it."""


@dataclass(frozen=True, slots=True)
class Header:
    """The number of the row that names the columns, from 1; 0 where none does."""

    row: int
    confidence: float


def form_of(sample: str) -> Form:
    """The signs by which the rows agree best on their number of cells, and the cells hold no other delimiter.

    Args:
        sample: the first lines.
    """
    if (said := _SEP.match(sample)) is not None:
        return Form(said.group(1), is_said=True)
    lines = [line for line in sample.splitlines()[:_SAMPLE_LINES] if line.strip()]
    without_comments = [line for line in lines if not line.lstrip().startswith(_COMMENT)]
    lines = without_comments if len(without_comments) > 1 else lines
    quotes = ('"', "'") if len(_SINGLE_QUOTED.findall(sample)) > 1 else ('"',)
    escapes = ("", "\\") if '\\"' in sample or "\\'" in sample else ("",)
    delimiters = [delimiter for delimiter in _DELIMITERS if delimiter in sample]
    scored = [
        (_quality(lines, Form(delimiter, quote, escape)), Form(delimiter, quote, escape))
        for delimiter, quote, escape in product(delimiters, quotes, escapes)
    ]
    scored = [entry for entry in scored if entry[0] > 0]
    if not scored:
        return Form("", confidence=0.9 if not delimiters else 0.6)
    best_score, best = max(scored, key=lambda entry: entry[0])
    second = max((score for score, form in scored if form.delimiter != best.delimiter), default=0.0)
    certainty = min(best_score, 1.0) * best_score / (best_score + second * _CERTAIN_BELOW)
    return Form(best.delimiter, best.quote, best.escape, round(min(certainty, 0.99), 2))


def looks_like_table(sample: str) -> bool:
    """Whether a text that nothing calls a table is one: nearly all of its lines have the same cells."""
    form = form_of(sample)
    return form.is_said or (bool(form.delimiter) and form.confidence >= _TABLE_FOR_SURE and sample.count("\n") >= _FEWEST_LINES)


def reader_of(lines: Iterable[str], form: Form, *, is_quoted: bool = True) -> _csv.Reader:
    """A reader of rows for the form; without quotes where they were opened and never closed."""
    return csv.reader(
        lines,
        delimiter=form.delimiter or _NO_DELIMITER,
        quotechar=form.quote,
        escapechar=form.escape or None,
        doublequote=True,
        quoting=csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE,
        skipinitialspace=form.delimiter != "\t",
        strict=False,
    )


def _quality(lines: list[str], form: Form) -> float:
    """From 0 (no cells) to a little above 1: agreement on the width, cells that look whole, and a mild liking for many columns."""
    try:
        rows = [row for row in reader_of(lines, form) if row]
    except csv.Error:
        return 0.0
    if not rows:
        return 0.0
    widths = Counter(map(len, rows))
    width, agreeing = widths.most_common(1)[0]
    if width < 2:
        return 0.0
    foreign = _FOREIGN_TO_COMMAS if form.delimiter == "," else _FOREIGN
    cells = [cell for row in rows if len(row) == width for cell in row]
    filled = sum(bool(cell.strip()) for cell in cells) / len(cells)
    whole = sum(not foreign.search(cell.strip()) for cell in cells) / len(cells)
    bare = sum(cell.count(form.quote) % 2 for cell in cells) / len(cells)
    liking = 1 + min(width, 12) / 60
    return (agreeing / len(rows)) * whole**2 * (0.5 + 0.5 * filled) * (1 - bare) * liking * (0.7 if form.delimiter in _RARE else 1)


def header_of(rows: Sequence[Sequence[str]]) -> Header:
    """Which of the first rows names the columns.

    Args:
        rows: the first rows, empty cells included.
    """
    rows = rows[:_ROWS_JUDGED]
    width = Counter(len(row) for row in rows if len(row) > 1).most_common(1)
    if not width:
        return Header(0, 0.5)
    table = [
        (number, row)
        for number, row in enumerate(rows, start=1)
        if len(row) >= width[0][0] and filled_in(row) >= max(2, width[0][0] * _HALF) and not is_comment(row, width[0][0])
    ]
    if not table:
        return Header(0, 0.5)
    number, first = table[0]
    below = [row for _, row in table[1:]]
    if not below:
        return Header(0, 0.5)
    names = [cell.strip() for cell in first]
    filled = [name for name in names if name]
    is_named = len(filled) >= max(1, len(names) * 0.6) and len(set(filled)) == len(filled) and max(map(len, filled), default=0) <= _LONGEST_HEADER
    if not is_named or any(_DATA.fullmatch(name) for name in filled if not name.isalpha()):
        return Header(0, 0.9 if any(_DATA.fullmatch(name) for name in filled) else 0.7)
    columns = list(zip(*(row[: len(names)] for row in below), strict=False))
    typed = sum(_is_typed(column) for column in columns)
    if typed:
        return Header(number, round(min(0.99, 0.9 + 0.03 * typed), 2))
    again = sum(name in column for name, column in zip(names, columns, strict=False) if name)
    return Header(0, 0.6) if again else Header(number, 0.65)


def filled_in(row: Sequence[str]) -> int:
    """How many of a row's cells hold something."""
    return sum(bool(cell.strip()) for cell in row)


def _is_typed(column: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in column if cell.strip()]
    return bool(filled) and sum(_DATA.fullmatch(cell) is not None for cell in filled) >= 0.8 * len(filled)


def is_comment(row: Sequence[str], width: int) -> bool:
    """Whether a row is a remark beside the table: it begins with a sign for remarks, and has not the table's cells."""
    return bool(row) and len(row) != width and row[0].lstrip().startswith(_COMMENT)
