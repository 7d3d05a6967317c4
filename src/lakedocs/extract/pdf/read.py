"""PDF: text in reading order with pdfium, tables of ruled pages with pdfplumber, marks, outline, attached files, images, pages without text."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from lakedocs.errors import DocumentError
from lakedocs.extract.cells import row_text
from lakedocs.extract.pdf import xfa
from lakedocs.extract.pdf.blocks import Styles, blocks, styles_of, title_key
from lakedocs.extract.pdf.columns import in_reading_order
from lakedocs.extract.pdf.grid import Grids, Table, agrees, is_marked_text
from lakedocs.extract.pdf.guard import check_streams
from lakedocs.extract.pdf.lines import Line, TextPage, unreadable
from lakedocs.extract.pdf.marks import Mark, Marks, Title, attached, outline
from lakedocs.extract.pdf.pictures import Pictures
from lakedocs.extract.pdf.shapes import Shapes, shapes_of
from lakedocs.extract.pdf.tables import TableReader, disagree, placed
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place, Shows, Status

_PAGES_LEARNT_FROM = 40
_TIME_SHARE = 0.5
"""Of a file's seconds: after them no more tables and pictures are read, so that the text of all pages is."""
_DAMAGED_IN_A_ROW = 500
"""So many pages that can't be read one after the other are no pages: a damaged tree may count a million."""
_PAGES_ALWAYS, _BYTES_A_PAGE = 1_000, 100
_OBJECTS_ALWAYS, _OBJECTS_A_BYTE = 100_000, 1
"""A file has bytes for what it says: no page with a content of its own takes fewer, and what is drawn on all pages shares no more. Beyond that
its tree names the same pages again and again."""
_FEW_CHARS, _FULL_PAGE = 60, 0.6
"""So few letters on a page that images cover to this share are a page number or a stamp, not its text."""
_LINES_OF_A_TABLE = 40
_MAX_RANGES = 20


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a PDF.

    Raises:
        DocumentError: encrypted, corrupt, too large, `needs_ocr` when no page has text but there is something to see, or empty.
    """
    check_streams(path, reading.limits)
    document = _open(path)
    try:
        for name in ("Title", "Author", "Subject", "Keywords"):
            with contextlib.suppress(UnicodeDecodeError):  # letters cut in half
                reading.add("property", document.get_metadata_value(name), region="metadata", place=Place(part=name.lower()))
        for index in range(document.count_attachments()):
            try:
                attached(document.get_attachment(index).raw, document, reading.attach)
            except pdfium.PdfiumError:  # listed, but not there
                reading.flag(Flag.ATTACHMENTS_LEFT_OUT)
        if xfa.is_dynamic(document):
            _dynamic_form(document, reading)
        else:
            _Pages(path, document, reading).read()
    finally:
        document.close()


def _dynamic_form(document: pdfium.PdfDocument, reading: Reading) -> None:
    """Its texts and values; its page only says that another program is needed."""
    texts = xfa.texts(document)
    if not texts:
        raise DocumentError(Status.UNSUPPORTED, "A dynamic form (XFA) that nothing but Adobe's programs show: print it to a PDF.")
    for text in texts:
        reading.add("form_field", text, region="form")
    reading.note("A dynamic form (XFA): its texts and values were read, not its pages.")


def _open(path: str) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(path)
        document.init_forms()
    except pdfium.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY) or "assword" in str(error):
            raise DocumentError(Status.ENCRYPTED, "The PDF needs a password.") from error
        raise DocumentError(Status.CORRUPT, "The PDF's structure can't be read.") from error
    return document


@dataclass(slots=True)
class _Page:
    """What was read of one page, until it is known what its sizes mean."""

    number: int
    text: str = ""
    lines: list[Line] = field(default_factory=list)
    tables: Sequence[Table] = ()
    marks: Sequence[Mark] = ()


class _Pages:
    """Reads the pages in order; the first ones wait until the sizes of headings are learnt from them."""

    def __init__(self, path: str, document: pdfium.PdfDocument, reading: Reading) -> None:
        until = time.monotonic() + _TIME_SHARE * reading.limits.seconds
        size = Path(path).stat().st_size
        self._document = document
        self._reading = reading
        self._most_pages = _PAGES_ALWAYS + size // _BYTES_A_PAGE
        self._objects_left = _OBJECTS_ALWAYS + size * _OBJECTS_A_BYTE
        self._titles: dict[int, list[Title]] = defaultdict(list)
        self._marks = Marks(document, reading.attach)
        self._pictures = Pictures(document, reading, until)
        self._tables = TableReader(path, until)
        self._styles: Styles | None = None
        self._waiting: list[_Page] = []
        self._with_text = 0
        self._noted: dict[str, list[int]] = defaultdict(list)

    def read(self) -> None:
        for title in outline(self._document):
            self._titles[title.page].append(title)
        self._tell_titles(0, self._titles.pop(0, []))
        in_a_row = 0
        try:
            for index in range(len(self._document)):
                if self._reading.full or in_a_row >= _DAMAGED_IN_A_ROW:
                    break
                if index >= self._most_pages or self._objects_left < 0:
                    self._reading.flag(Flag.TRUNCATED)
                    self._reading.note(f"Cut after page {index}: what follows repeats pages, for the bytes of the file hold no more.")
                    break
                in_a_row = 0 if self._page(index) else in_a_row + 1
        finally:
            self._tables.close()
        self._tell_waiting()
        self._conclude()

    def _page(self, index: int) -> bool:
        """Read a page; False where it is damaged."""
        try:
            page = self._document[index]
        except pdfium.PdfiumError:
            self._noted["damaged"].append(index + 1)  # the others are read
            return False
        try:
            found = self._content(page, index + 1)
        except pdfium.PdfiumError:
            self._noted["damaged"].append(index + 1)
            return False
        finally:
            page.close()
        self._waiting.append(found)
        if self._styles is not None or len(self._waiting) >= _PAGES_LEARNT_FROM:
            self._tell_waiting()
        return True

    def _content(self, page: pdfium.PdfPage, number: int) -> _Page:
        text_page = TextPage(page)
        try:
            found = _Page(number, text_page.text)
            lines = text_page.lines()
            if unreadable(found.text):
                self._noted["unreadable"].append(number)
                lines = [line for line in lines if not unreadable(line.text)]
            found.lines = in_reading_order(lines, text_page)
            found.marks = self._marks.of(page, found.text)
            shapes = shapes_of(page)
            self._objects_left -= shapes.objects
            if self._is_bare(page, found, shapes):
                self._noted["bare"].append(number)
                self._save(page, shapes, number, is_bare=True)
                return found
            self._with_text += bool(found.lines)
            self._save(page, shapes, number, is_bare=False)
            self._read_tables(page, text_page, found, shapes)
        finally:
            text_page.close()
        return found

    def _save(self, page: pdfium.PdfPage, shapes: Shapes, number: int, *, is_bare: bool) -> None:
        if not (is_bare and self._reading.limits.pages_as_images):
            self._pictures.save_images(page, shapes, Place(page=number))
        elif not self._pictures.save_page(page, Place(page=number), Shows.PAGE):
            self._reading.flag(Flag.TRUNCATED)  # what this page says is lost

    def _is_bare(self, page: pdfium.PdfPage, found: _Page, shapes: Shapes) -> bool:
        """Whether the page shows something but says nothing that can be read."""
        if not shapes.is_drawn:
            return False
        chars = sum(len(line.text) for line in found.lines)
        if chars >= _FEW_CHARS:
            return False
        width, height = page.get_size()
        return chars == 0 or shapes.picture_points2 >= _FULL_PAGE * width * height

    def _read_tables(self, page: pdfium.PdfPage, text_page: TextPage, found: _Page, shapes: Shapes) -> None:
        """The page's tables, if its rules make some: by pdfium's words where they fill the cells, else by pdfplumber, whose words are compared."""
        if len(found.lines) < 2:
            return
        grids = Grids(shapes, Counter(line.turns for line in found.lines).most_common(1)[0][0])
        if grids.is_too_dense and len(found.lines) >= _LINES_OF_A_TABLE:  # else it is a drawing
            self._noted["tables"].append(found.number)
        tables = grids.tables(text_page, found.lines)
        sure = [table for table in tables if agrees(table, found.lines)]
        # a frame around a word is no table
        is_in_doubt = any(len(table.rows) > 1 and not is_marked_text(table, found.lines) for table in tables if table not in sure)
        if not sure and not is_in_doubt:
            return
        if self._reading.limits.table_pages_as_images:
            self._pictures.save_page(page, Place(page=found.number), Shows.TABLE_PAGE)  # without it, its rows are those that are read here
        found.tables = sure
        if is_in_doubt:
            self._read_again(found)

    def _read_again(self, found: _Page) -> None:
        """Let pdfplumber read a page on which pdfium's words and the cells do not fit; its rows are taken where they fit the text."""
        read = self._tables.page(found.number)
        if read is None:
            self._noted["tables"].append(found.number)
            return
        tables = [table for table in read.tables if agrees(table, found.lines)]
        if sum(len(table.rows) for table in tables) > sum(len(table.rows) for table in found.tables):
            found.tables = tables
        if len(tables) < sum(len(table.rows) > 1 for table in read.tables):
            self._noted["tables"].append(found.number)
        if read.tables and disagree(found.text, read.words):
            self._noted["disagree"].append(found.number)

    def _tell_waiting(self) -> None:
        if self._styles is None:
            self._styles = styles_of(page.lines for page in self._waiting)
        for page in self._waiting:
            self._tell(page, self._styles)
        self._waiting.clear()

    def _tell(self, page: _Page, styles: Styles) -> None:
        """Add the elements of a page: its outline's titles that it does not hold, its text with the rows of its tables, its marks."""
        add, place = self._reading.add, Place(page=page.number)
        titles = self._titles.pop(page.number, [])
        if titles:
            keys = title_key(page.text)
            self._tell_titles(page.number, [title for title in titles if title_key(title.text) not in keys])
        levels = {title_key(title.text): title.level for title in titles}
        # where a service may read the tables instead, and its rows replace these, the text stays whole beside them
        for lines, table in placed(page.lines, page.tables, is_kept=self._reading.limits.table_pages_as_images):
            for block in blocks(lines, styles, levels, page.text):
                add("heading" if block.level else "paragraph", block.text, level=block.level, place=place)
            for number, row in enumerate(table.rows if table else (), start=1):
                add("table_row", row_text(row), level=number, region="table", place=place)
        for mark in page.marks:
            add(mark.kind, mark.text, region=mark.region, place=place)

    def _tell_titles(self, page: int, titles: Sequence[Title]) -> None:
        for title in titles:
            self._reading.add("heading", title.text, level=title.level, region="outline", place=Place(page=page or None))

    def _conclude(self) -> None:
        """Say of which pages what is missing.

        Raises:
            DocumentError: when it is missing of all of them.
        """
        noted, reading = self._noted, self._reading
        has_marks = any(element.region in ("form", "comment") for element in reading.elements)
        if not self._with_text:
            if noted["bare"]:
                count = len(noted["bare"])
                raise DocumentError(Status.NEEDS_OCR, f"No text layer on any of its pages ({count}): vision.engine or vision.layout can read them.")
            if noted["damaged"]:
                raise DocumentError(Status.CORRUPT, "None of the PDF's pages can be read.")
            if not has_marks:
                raise DocumentError(Status.EMPTY, "The PDF has no text and shows nothing.")
        told = (
            ("bare", Flag.PAGES_WITHOUT_TEXT, "Without text: {}; vision.engine or vision.layout can read them."),
            ("unreadable", Flag.UNREADABLE_TEXT, "With text whose fonts don't say what its letters are: {}."),
            ("damaged", Flag.TRUNCATED, "Damaged: {}."),
            ("tables", Flag.TABLES_LEFT_OUT, "With a table of which only the text was read: {}."),
            ("disagree", Flag.READERS_DISAGREE, "Where two readers find different words: {}."),
        )
        for name, flag, sentence in told:
            if noted[name]:
                reading.flag(flag)
                reading.note(sentence.format(_pages(noted[name])))


def _pages(numbers: Sequence[int]) -> str:
    """Page numbers for a person: 1, 2, 3 and 7 are "pages 1-3, 7"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    said = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges[:_MAX_RANGES])
    more = sum(last - first + 1 for first, last in ranges[_MAX_RANGES:])
    return f"{'page' if len(numbers) == 1 else 'pages'} {said}{f' and {more} more' if more else ''}"
