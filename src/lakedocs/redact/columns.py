"""A column of a table is judged as one: what most of its cells are, or what its header says that they are, all of them are.

Cells are short and stand without a sentence: a model misses every third name of a list, and a pattern that needs a word beside it finds
no number whose word stands in the header. A header only ever adds to what is found in a cell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from openpyxl.utils import column_index_from_string, get_column_letter

from lakedocs.records import Finding, TableRow
from lakedocs.redact.ner.files import NAMES
from lakedocs.redact.recognizers import ColumnData

COLUMN = "Column"
SEPARATOR = " | "
_RANGE = re.compile(r"([A-Z]{1,3})\d+(?::([A-Z]{1,3})\d+)?")
_HEADER_WORD = re.compile(r"[^\W\d_]+")
_COVERED = 0.6
"""Share of a cell's characters that findings must hold for the cell to count."""
_MOST, _SOME = 0.5, 0.15
_FEWEST_FOUND = 2
_SAMPLES, _FEWEST_SAMPLES, _LONGEST_SAMPLE = 12, 3, 100
_ROWS_BEFORE_HEADER = 10
_COLUMNS_TRIED = 256
"""So many columns of a table are tried with their header before their cells, a dozen analyses each; beyond are measurements."""
_LABELS = 0.2
"""Share of a form's first column that is known as headers."""
_COLUMNS_OF_A_FORM = 2
_LABELLED = ""
"""No column's name."""
_FEWEST_DIGITS = 5


class Noted(NamedTuple):
    """A row that was seen: the number of its table, whether it is its header, and the columns of its cells."""

    table: int
    is_header: bool
    columns: tuple[str, ...]


@dataclass
class _Column:
    filled: int = 0
    labels: int = 0
    found: Counter[str] = field(default_factory=Counter)
    samples: dict[str, None] = field(default_factory=dict)


@dataclass
class _Table:
    key: tuple[object, ...]
    rows: int = 0
    last: int = 0
    header: dict[str, str] = field(default_factory=dict)
    is_header_known: bool = False
    columns: dict[str, _Column] = field(default_factory=dict)


class Columns:
    """The tables of a family, column by column.

    Args:
        findings: what is found in a text that stands alone.
        known: the headers that say what their columns hold.
    """

    def __init__(self, findings: Callable[[str], list[Finding]], known: Iterable[ColumnData]) -> None:
        self._findings = findings
        self._certain = {header.casefold(): column.entity for column in known for header in column.certain}
        self._likely = {header.casefold(): column.entity for column in known for header in column.likely}
        self._headers = self._certain.keys() | self._likely.keys()
        self._tables: list[_Table] = []

    def note(self, row: TableRow, text: str, findings: list[Finding]) -> Noted:
        """Count a row's cells; rows come in their order."""
        if not self._tables or self._tables[-1].key != row.table or row.number <= self._tables[-1].last:
            self._tables.append(_Table(row.table))
        table = self._tables[-1]
        table.rows += 1
        table.last = row.number
        spans = _spans(text)
        columns = _columns(row.cells, len(spans))
        cells = [text[start:end] for start, end in spans]
        is_header = self._is_header(table, cells, findings)
        if is_header or table.rows == 1:  # a header that looks like a name is one all the same, and a name before numbers changes nothing
            table.header = dict(zip(columns, cells, strict=True))
            table.columns.clear()
        if not is_header:
            for column, cell, span in zip(columns, cells, spans, strict=True):
                if cell:
                    _count(table.columns.setdefault(column, _Column()), cell, _held(findings, *span))
            if len(cells) <= _COLUMNS_OF_A_FORM and columns[0] in table.columns:
                label = _words(cells[0])
                # a header stands again on every page
                table.columns[columns[0]].labels += label in self._headers and label != _words(table.header.get(columns[0], ""))
        return Noted(len(self._tables) - 1, is_header, columns)

    def _is_header(self, table: _Table, cells: list[str], findings: list[Finding]) -> bool:
        """Whether a row is its table's header: one of the first with a cell that is known as such, else the first if it looks like none of data."""
        if table.is_header_known or table.rows > _ROWS_BEFORE_HEADER:
            return False
        table.is_header_known = any(_words(cell) in self._headers for cell in cells)
        return table.is_header_known or (table.rows == 1 and not findings and not any(map(str.isdigit, "".join(cells))))

    @cached_property
    def _personal(self) -> list[dict[str, str]]:
        """The columns of personal data of every table, with their entities; asked for when all rows were noted."""
        return [self._judged(table) for table in self._tables]

    @property
    def are_personal(self) -> bool:
        """Whether any column is. Asked when all rows were noted."""
        return any(self._personal)

    def find(self, noted: Noted, text: str) -> list[Finding]:
        """The cells of a row that stand in columns of personal data. Asked when all rows were noted."""
        personal = self._personal[noted.table]
        if not personal or (noted.is_header and _LABELLED not in personal):
            return []
        spans = _spans(text)
        if _LABELLED in personal:
            entity = self._certain.get(_words(text[slice(*spans[0])]))
            personal = dict.fromkeys(noted.columns[1:], entity) if entity else {}
        return [
            Finding(start, end, personal[column], 1.0, COLUMN)
            for column, (start, end) in zip(noted.columns, spans, strict=True)
            if column in personal and any(map(str.isalnum, text[start:end]))
        ]

    def _judged(self, table: _Table) -> dict[str, str]:
        """The columns of personal data; of a form, in which labels stand one below the other, that it is one."""
        if self._is_form(table):
            return {_LABELLED: ""}
        judged = (
            (name, self._judge(table.header.get(name, ""), column, number < _COLUMNS_TRIED))
            for number, (name, column) in enumerate(table.columns.items())
        )
        return {name: entity for name, entity in judged if entity}

    def _is_form(self, table: _Table) -> bool:
        """Whether further known headers stand below the first, in the first of two columns, and hardly a name, as in a list with two headers."""
        if len(table.columns) > _COLUMNS_OF_A_FORM or not table.columns:
            return False
        name, column = next(iter(table.columns.items()))
        if _words(table.header.get(name, "")) not in self._headers:
            return False
        return column.labels >= _LABELS * column.filled and column.found.total() < _LABELS * column.filled

    def _judge(self, header: str, column: _Column, is_tried: bool) -> str | None:
        words = _words(header)
        if words in self._certain:
            return self._certain[words]
        entity, share = _most_found(column.found, column.filled)
        if entity and share >= _MOST and column.found.total() >= _FEWEST_FOUND:
            return entity
        if words in self._likely and share >= _SOME:
            return self._likely[words]
        return self._with_header(header, column) if is_tried and 0 < len(header) <= _LONGEST_SAMPLE else None

    def _with_header(self, header: str, column: _Column) -> str | None:
        """What most cells are when their header stands before them as the word before a number does."""
        samples = [cell for cell in column.samples if sum(map(str.isdigit, cell)) >= _FEWEST_DIGITS]
        if len(samples) < _FEWEST_SAMPLES:
            return None
        found: Counter[str] = Counter()
        start = len(header) + 2
        for cell in samples:
            found.update(_held(self._findings(f"{header}: {cell}"), start, start + len(cell)))
        entity, share = _most_found(found, len(samples))
        return entity if share >= _MOST else None


def _count(column: _Column, cell: str, held: list[str]) -> None:
    column.filled += 1
    column.found.update(held)
    if len(column.samples) < _SAMPLES and len(cell) <= _LONGEST_SAMPLE:
        column.samples[cell] = None


def _words(header: str) -> str:
    return " ".join(_HEADER_WORD.findall(header.casefold()))


def _held(findings: list[Finding], start: int, end: int) -> list[str]:
    """The entity that a cell is as a whole, or none."""
    shares: Counter[str] = Counter()
    for finding in findings:
        if finding.end > start and finding.start < end:
            shares[finding.entity] += min(finding.end, end) - max(finding.start, start)
    return [shares.most_common(1)[0][0]] if shares.total() >= _COVERED * (end - start) else []


def _most_found(found: Counter[str], filled: int) -> tuple[str | None, float]:
    """The commonest entity with its share of the cells; names of people, places and organisations, easily taken for each other, count as one."""
    if not found:
        return None, 0
    entity, count = found.most_common(1)[0]
    together = sum(number for name, number in found.items() if name in NAMES) if entity in NAMES else count
    return entity, together / filled


def _spans(text: str) -> list[tuple[int, int]]:
    """Where the cells of a row stand; at its edges a separator has lost a space with the empty cell before or after it."""
    spans, start = [], -text.startswith("| ")
    padded = " " * -start + text + " " * text.endswith(" |")
    for cell in padded.split(SEPARATOR):
        spans.append((max(start, 0), min(max(start, 0) + len(cell), len(text))))
        start += len(cell) + len(SEPARATOR)
    return spans


def _columns(cells: str, count: int) -> tuple[str, ...]:
    """The letters of a row's columns; their positions where ranges say nothing, or another number of cells."""
    letters = tuple(
        get_column_letter(index)
        for first, last in _RANGE.findall(cells)
        for index in range(column_index_from_string(first), column_index_from_string(last or first) + 1)
    )
    return letters if len(letters) == count else tuple(map(str, range(count)))
