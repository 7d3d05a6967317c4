"""PDF: text by page with pypdfium2, tables of ruled pages with pdfplumber, embedded images and attached files."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator

import pdfplumber
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from pdfminer.pdfexceptions import PDFException
from pdfplumber.utils.exceptions import PdfminerException

from lakedocs.errors import DocumentError
from lakedocs.extract.cells import row_text
from lakedocs.extract.reading import Reading
from lakedocs.records import Flag, Place, Shows, Status

_PARAGRAPH_CHARS = 1200
_TABLE_RULES = 8
_MAX_TABLE_PAGES = 20
_MAX_IMAGES_A_PAGE = 20
_MIN_IMAGE_PX = 32
_PICTURES_SHARE = 0.5
_PAGE_SCALE, _LONGEST_PAGE_PX = 2.2, 2400
"""A page is drawn at about 160 dots an inch."""


def read(path: str, reading: Reading) -> None:
    """Fill `reading` with a PDF.

    Raises:
        DocumentError: encrypted, corrupt, `needs_ocr` when no page has text but there is something to see, or empty.
    """
    document = _open(path)
    try:
        for name, value in document.get_metadata_dict(skip_empty=True).items():
            if name in ("Title", "Author", "Subject", "Keywords"):
                reading.add("property", value, region="metadata", place=Place(part=name.lower()))
        for index in range(document.count_attachments()):
            attachment = document.get_attachment(index)
            with contextlib.suppress(pdfium.PdfiumError, UnicodeDecodeError):  # an attachment without data is no attachment
                reading.attach(attachment.get_name(), bytes(attachment.get_data()))
        _pages(path, document, reading)
    finally:
        document.close()


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


def _pages(path: str, document: pdfium.PdfDocument, reading: Reading) -> None:
    count = len(document)
    without_text = 0
    something_drawn = False
    table_pages: list[int] = []
    pictures_until = time.monotonic() + _PICTURES_SHARE * reading.limits.seconds
    for index in range(count):
        if reading.full:
            break
        try:
            page = document[index]
        except pdfium.PdfiumError:
            without_text += 1  # a damaged page: counted, flagged below, the others are read
            something_drawn = True
            continue
        try:
            place = Place(page=index + 1)
            text = _text_of(page)
            for paragraph in _paragraphs(text):
                reading.add("paragraph", paragraph, place=place)
            if not text.strip():
                without_text += 1
            as_image = reading.limits.pages_as_images and not text.strip()
            drawn, rules = _drawn(page, reading, place, keep_images=not as_image)
            if as_image and drawn and not _saved_page(page, reading, place, Shows.PAGE, pictures_until):
                reading.flag(Flag.TRUNCATED)  # what this page says is lost
            something_drawn = something_drawn or drawn
            if rules >= _TABLE_RULES and text.strip():
                table_pages.append(index)
                if reading.limits.table_pages_as_images:
                    _saved_page(page, reading, place, Shows.TABLE_PAGE, pictures_until)  # without it, its rows are those of `_tables`
        except pdfium.PdfiumError:
            something_drawn = True  # a damaged object costs what follows it on its page, not the other pages
            reading.flag(Flag.TRUNCATED)
        finally:
            page.close()
    if without_text == count:
        if something_drawn:
            raise DocumentError(Status.NEEDS_OCR, f"No text layer on any of its pages ({count}): vision.engine or vision.layout can read them.")
        raise DocumentError(Status.EMPTY, "The PDF has no text and shows nothing.")
    if without_text:
        reading.flag(Flag.PAGES_WITHOUT_TEXT)
    _tables(path, table_pages[:_MAX_TABLE_PAGES], reading)


def _text_of(page: pdfium.PdfPage) -> str:
    text_page = page.get_textpage()
    try:
        return str(text_page.get_text_bounded())
    finally:
        text_page.close()


def _paragraphs(text: str) -> Iterator[str]:
    """The page's lines joined to stretches of about a paragraph, cut where a line ends a sentence or a blank line stands."""
    gathered: list[str] = []
    size = 0
    for raw in text.splitlines():
        line = raw.replace("￾", "-").strip()
        if not line and gathered:
            yield "\n".join(gathered)
            gathered, size = [], 0
        elif line:
            gathered.append(line)
            size += len(line) + 1
            if (size >= _PARAGRAPH_CHARS and line.endswith((".", "!", "?", ":", ";"))) or size >= 2 * _PARAGRAPH_CHARS:
                yield "\n".join(gathered)
                gathered, size = [], 0
    if gathered:
        yield "\n".join(gathered)


def _drawn(page: pdfium.PdfPage, reading: Reading, place: Place, *, keep_images: bool) -> tuple[bool, int]:
    """(whether the page shows anything, how many thin ruled lines it has); its images may be saved on the way."""
    drawn, rules, images = False, 0, 0
    for item in page.get_objects(max_depth=3):
        drawn = True
        if item.type == pdfium_c.FPDF_PAGEOBJ_IMAGE and keep_images and images < _MAX_IMAGES_A_PAGE:
            images += 1
            _save_image(item, reading, place)
        elif item.type == pdfium_c.FPDF_PAGEOBJ_PATH:
            left, bottom, right, top = item.get_bounds()
            if min(right - left, top - bottom) < 2 < max(right - left, top - bottom):
                rules += 1
    return drawn, rules


def _saved_page(page: pdfium.PdfPage, reading: Reading, place: Place, shows: Shows, until: float) -> bool:
    """Keep what the page shows, for whoever reads images, as long as there is time: text that was read is not given up for pictures."""
    if len(reading.images) >= reading.limits.images or time.monotonic() > until:
        return False
    scale = min(_PAGE_SCALE, _LONGEST_PAGE_PX / max(*page.get_size(), 1))
    buffer = io.BytesIO()
    page.render(scale=scale).to_pil().convert("L").save(buffer, "PNG")
    reading.save_image(buffer.getvalue, "png", place, shows)
    return True


def _save_image(item: pdfium.PdfObject, reading: Reading, place: Place) -> None:
    if not isinstance(item, pdfium.PdfImage):
        return
    buffer = io.BytesIO()
    try:
        width, height = item.get_px_size()
        if min(width, height) < _MIN_IMAGE_PX:
            return
        item.extract(buffer, fb_format="png")
    except (pdfium.PdfiumError, OSError, ValueError, NotImplementedError, SystemError):
        return  # an image that pdfium can't decode is not shown to anyone either
    reading.save_image(buffer.getvalue, "png", place)


def _tables(path: str, pages: list[int], reading: Reading) -> None:
    if not pages:
        return
    try:
        with pdfplumber.open(path, pages=[page + 1 for page in pages]) as document:
            for page in document.pages:
                for table in page.extract_tables({"vertical_strategy": "lines", "horizontal_strategy": "lines"}):
                    for number, row in enumerate(table, start=1):
                        cells = [" ".join((cell or "").split()) for cell in row]
                        if sum(map(bool, cells)) > 1:
                            reading.add("table_row", row_text(cells), level=number, region="table", place=Place(page=page.page_number))
                page.close()
    except (PDFException, PdfminerException, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, AssertionError):
        # pdfminer fails in many ways on PDFs that pdfium reads; the page's text is there already, only its rows are not
        reading.flag(Flag.TRUNCATED)
