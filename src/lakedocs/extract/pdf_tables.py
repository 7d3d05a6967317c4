"""The rows of the tables of single pages, read by pdfplumber within a share of the file's time."""

from __future__ import annotations

import re
import struct
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pdfplumber
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdfpage import PDFPage
from pdfminer.psexceptions import PSException
from pdfplumber.page import Page
from pdfplumber.utils.exceptions import PdfminerException

from lakedocs.extract.pdf_grid import Table, is_inside, signs, table_of
from lakedocs.extract.pdf_lines import Box, Line, clean

_SETTINGS = {"vertical_strategy": "lines", "horizontal_strategy": "lines"}
_FAILURES = (
    PDFException, PSException, PdfminerException, zlib.error, struct.error, ValueError, TypeError, KeyError, IndexError, AttributeError,
    RecursionError, AssertionError, ArithmeticError, MemoryError, OSError, StopIteration,
)  # fmt: skip
_SPACE = 0.15
"""Of a letter's size: so much room parts words, however tight the font."""
_PAGES_AN_OPENING = 100
"""pdfminer keeps every object that it has seen; so it begins anew after so many pages."""
_WORD = re.compile(r"\w+")
_LEAST_SHARED = 0.9
_FEWEST_WORDS = 10


@dataclass(frozen=True, slots=True)
class TablePage:
    """A page's tables, and the words that pdfplumber finds on it."""

    tables: tuple[Table, ...]
    words: Counter[str]


class TableReader:
    """Reads one page after the other, forwards only; `close` it.

    Args:
        until: of time.monotonic; later pages are not read.
    """

    def __init__(self, path: str, until: float) -> None:
        self._path = path
        self._until = until
        self._file: BinaryIO | None = None
        self._pages: Iterator[tuple[int, PDFPage]] = iter(())
        self._document: pdfplumber.PDF | None = None
        self._read = 0

    def close(self) -> None:
        self._document, self._pages = None, iter(())
        if self._file is not None:
            self._file.close()
            self._file = None

    def page(self, number: int) -> TablePage | None:
        """What is on a page, counted from 1; None when pdfplumber can't read it, or not in time."""
        if time.monotonic() > self._until:
            return None
        try:
            return self._page(number)
        except _FAILURES:
            # pdfminer fails in many ways on PDFs that pdfium reads; the page's text is there already, only its rows are not
            self.close()
            return None

    def _page(self, number: int) -> TablePage:
        if self._document is None or self._read >= _PAGES_AN_OPENING:
            self._open()
        self._read += 1
        assert self._document is not None
        page = next(page for at, page in self._pages if at == number)
        found = Page(self._document, page, page_number=number)
        try:
            tables = tuple(made for table in found.find_tables(_SETTINGS) if (made := _table(found, table)))
            words = Counter(_WORD.findall(found.extract_text(x_tolerance_ratio=_SPACE))) if tables else Counter()
            return TablePage(tables, words)
        finally:
            found.close()

    def _open(self) -> None:
        self.close()
        self._file = open(self._path, "rb")  # noqa: SIM115 - it stays open from page to page
        self._document = pdfplumber.open(self._file)
        self._pages = enumerate(PDFPage.create_pages(self._document.doc), start=1)
        self._read = 0


def _table(page: Page, table: pdfplumber.table.Table) -> Table | None:
    rows = [tuple(" ".join((cell or "").split()) for cell in row) for row in table.extract(x_tolerance_ratio=_SPACE)]
    return table_of(rows, _on_page(page, table.bbox))


def _on_page(page: Page, box: Box) -> Box:
    """A box of pdfplumber, whose page is turned and has its origin at the top, on the page as pdfium has it."""
    left, right = box[0], box[2]
    x0, y0, x1, y1 = page.mediabox
    height = x1 - x0 if page.rotation in (90, 270) else y1 - y0
    bottom, top = height - box[3], height - box[1]
    match page.rotation:
        case 90:
            return x1 - top, y0 + left, x1 - bottom, y0 + right
        case 180:
            return x1 - right, y1 - top, x1 - left, y1 - bottom
        case 270:
            return x0 + bottom, y1 - right, x0 + top, y1 - left
        case _:
            return x0 + left, y0 + bottom, x0 + right, y0 + top


def disagree(text: str, words: Counter[str]) -> bool:
    """Whether two readers of a page differ in more than a tenth of its words."""
    ours = Counter(_WORD.findall(text))
    most = max(ours.total(), words.total())
    return most >= _FEWEST_WORDS and (ours & words).total() < _LEAST_SHARED * most


def placed(lines: Sequence[Line], tables: Sequence[Table], *, is_kept: bool = False) -> Iterator[tuple[list[Line], Table | None]]:
    """The lines up to each table, which comes where its first line stood, and those behind the last one.

    Args:
        is_kept: whether lines that say no more than a table's rows are told beside it.
    """
    left_out: set[int] = set()
    begins: dict[int, list[Table]] = {}
    for table in tables:
        words = table.words()
        inside = [number for number, line in enumerate(lines) if is_inside(line, table.box)]
        begins.setdefault(inside[0] if inside else len(lines), []).append(table)
        for number in inside:
            said = signs(clean(lines[number].text))
            if not is_kept and number not in left_out and said and said <= words:
                words -= said
                left_out.add(number)
    before: list[Line] = []
    for number, line in enumerate(lines):
        for table in begins.get(number, ()):
            yield before, table
            before = []
        if number not in left_out:
            before.append(line)
    for table in begins.get(len(lines), ()):
        yield before, table
        before = []
    yield before, None
