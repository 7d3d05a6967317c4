"""What stands on PDF pages beside their content: comments, links, filled form fields, attached files; and the document's outline."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

_COMMENTS = frozenset(
    getattr(pdfium_c, f"FPDF_ANNOT_{name}")
    for name in ("TEXT", "FREETEXT", "LINE", "SQUARE", "CIRCLE", "POLYGON", "POLYLINE", "HIGHLIGHT", "UNDERLINE", "SQUIGGLY", "STRIKEOUT", "STAMP",
                 "CARET", "INK", "FILEATTACHMENT", "REDACT")
)  # fmt: skip
_MAX_ANNOTATIONS = 2_000
_MAX_CHARS = 1_000_000
_MAX_OUTLINE = 5_000
_CHOSEN_BY_CLICK = (pdfium_c.FPDF_FORMFIELD_CHECKBOX, pdfium_c.FPDF_FORMFIELD_RADIOBUTTON)
_OFF = ("", "Off")


@dataclass(frozen=True, slots=True)
class Mark:
    """A text with its kind and region as elements have them."""

    kind: str
    text: str
    region: str


@dataclass(frozen=True, slots=True)
class Title:
    """An entry of the outline; `page` counts from 1 and is 0 where it leads nowhere."""

    text: str
    level: int
    page: int


class Marks:
    """Reads annotations page by page; a field that shows on several pages is told once."""

    def __init__(self, document: pdfium.PdfDocument, attach: Callable[[str, bytes], None]) -> None:
        self._document = document
        self._form = document.formenv.raw if document.formenv else None
        self._attach = attach
        self._told: set[Mark] = set()

    def of(self, page: pdfium.PdfPage, text: str) -> list[Mark]:
        """What the annotations of a page say beyond its text.

        Args:
            text: the page's; a link that stands in it is not repeated.
        """
        found: dict[Mark, None] = {}
        for number in range(min(pdfium_c.FPDFPage_GetAnnotCount(page.raw), _MAX_ANNOTATIONS)):
            annotation = pdfium_c.FPDFPage_GetAnnot(page.raw, number)
            if not annotation:
                continue
            try:
                found.update(dict.fromkeys(self._marks(annotation, text)))
            finally:
                pdfium_c.FPDFPage_CloseAnnot(annotation)
        return [mark for mark in found if mark.text]

    def _marks(self, annotation: pdfium_c.FPDF_ANNOTATION, text: str) -> Iterator[Mark]:
        kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
        if kind == pdfium_c.FPDF_ANNOT_LINK:
            yield from self._link(annotation, text)
        elif kind == pdfium_c.FPDF_ANNOT_WIDGET:
            yield from self._field(annotation)
        elif kind in _COMMENTS:
            if kind == pdfium_c.FPDF_ANNOT_FILEATTACHMENT:
                attached(pdfium_c.FPDFAnnot_GetFileAttachment(annotation), self._document, self._attach)
            said = _value(annotation, b"Contents")
            if said:
                yield Mark("author", _value(annotation, b"T"), "comment")
                yield Mark("comment", said, "comment")

    def _link(self, annotation: pdfium_c.FPDF_ANNOTATION, text: str) -> Iterator[Mark]:
        action = pdfium_c.FPDFLink_GetAction(pdfium_c.FPDFAnnot_GetLink(annotation))
        if not action or pdfium_c.FPDFAction_GetType(action) != pdfium_c.PDFACTION_URI:
            return

        def read(buffer: ctypes.Array[ctypes.c_char] | None, size: int) -> int:
            return int(pdfium_c.FPDFAction_GetURIPath(self._document.raw, action, buffer, size))

        size = read(None, 0)
        if 1 < size <= _MAX_CHARS:
            buffer = ctypes.create_string_buffer(size)
            read(buffer, size)
            address = buffer.value.decode("utf-8", "replace")
            if address.removeprefix("mailto:") not in text:
                yield Mark("link", address, "link")

    def _field(self, annotation: pdfium_c.FPDF_ANNOTATION) -> Iterator[Mark]:
        """A field with its name, if it holds something; of those that are clicked, the ones that are on."""
        if self._form is None:
            return
        kind = pdfium_c.FPDFAnnot_GetFormFieldType(self._form, annotation)
        if kind in (pdfium_c.FPDF_FORMFIELD_PUSHBUTTON, pdfium_c.FPDF_FORMFIELD_SIGNATURE):
            return
        if kind in _CHOSEN_BY_CLICK:
            value = _utf16(pdfium_c.FPDFAnnot_GetFormFieldExportValue, self._form, annotation)
            if not pdfium_c.FPDFAnnot_IsChecked(self._form, annotation) or value in _OFF:
                return
        else:
            value = _utf16(pdfium_c.FPDFAnnot_GetFormFieldValue, self._form, annotation)
        name = _utf16(pdfium_c.FPDFAnnot_GetFormFieldAlternateName, self._form, annotation)
        name = name or _utf16(pdfium_c.FPDFAnnot_GetFormFieldName, self._form, annotation)
        mark = Mark("form_field", f"{name}: {value}" if name else value, "form")
        if value and mark not in self._told:
            self._told.add(mark)
            yield mark


def attached(attachment: pdfium_c.FPDF_ATTACHMENT, document: pdfium.PdfDocument, attach: Callable[[str, bytes], None]) -> None:
    """Keep an attached file; one without data (a reference to a file elsewhere) is no attachment."""
    if not attachment:
        return
    file = pdfium.PdfAttachment(attachment, document)
    with contextlib.suppress(pdfium.PdfiumError, UnicodeDecodeError):
        attach(file.get_name(), bytes(file.get_data()))


def outline(document: pdfium.PdfDocument) -> list[Title]:
    """The entries of the outline in order, the first levels of it, each once."""
    found = []
    for entry in document.get_toc(max_depth=6):
        title = " ".join(entry.get_title().split())
        target = entry.get_dest()
        index = target.get_index() if target else None
        if title:
            found.append(Title(title, entry.level + 1, (index or 0) + 1 if index is not None else 0))
        if len(found) >= _MAX_OUTLINE:
            break
    return found


def _value(annotation: pdfium_c.FPDF_ANNOTATION, key: bytes) -> str:
    return _utf16(pdfium_c.FPDFAnnot_GetStringValue, annotation, key)


def _utf16(ask: Callable[..., int], *arguments: object) -> str:
    """A text that pdfium gives in UTF-16 with a zero at its end, after it is asked for its length in bytes."""
    size = ask(*arguments, None, 0)
    if not 2 < size <= 2 * _MAX_CHARS:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    ask(*arguments, buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", "replace").replace("\r\n", "\n").replace("\r", "\n").strip()
