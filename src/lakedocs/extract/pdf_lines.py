"""A PDF page's text as lines with their place and size, in pdfium's words; one call a line, not one a character."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

_RTL = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_PRESENTED = re.compile(r"[\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefc]")
"""Ligatures, and letters in the shape that they have in a word."""
_RTL_WORD = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]{2,}")
_LATIN_IN_RTL = re.compile(r"(?<=[\u0590-\u08ff]) ([A-Za-z][A-Za-z0-9.+#-]*)(?=[\u0590-\u08ff])")
_UNREADABLE = re.compile(r"[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f\x7f-\x9f\U000f0000-\U0010ffff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_HYPHENATED = re.compile(r"(\w*)\ufffe(\w*)")
_BOLD = re.compile(rb"bold|black|heavy|CMBX|CMB\d", re.IGNORECASE)
_BOLD_WEIGHT = 600
_CELL_CHARS = 512
_MAX_BOLD_CHARS = 120
"""Whether a longer line is bold matters to nobody."""
_UNREADABLE_SHARE = 0.3

Box = tuple[float, float, float, float]
"""(left, bottom, right, top) in points; y runs upwards."""


def turned(box: Box, turns: int) -> Box:
    """A box as somebody sees it who turns the page so that what is written at `turns` quarter turns stands upright."""
    left, bottom, right, top = box
    match turns:
        case 1:
            return bottom, -right, top, -left
        case 2:
            return -right, -top, -left, -bottom
        case 3:
            return -top, left, -bottom, right
        case _:
            return box


@dataclass(slots=True)
class Line:
    """A line as pdfium sees it.

    Attributes:
        text: as pdfium gives it, to be `clean`ed.
        first: where it begins in the page's text, in units of UTF-16.
        turns: quarter turns counter-clockwise that its writing direction makes with the page.
        size: of its first character, in points as they are drawn.
        left, bottom, right, top: in points of the page, before the page is turned.
    """

    text: str
    first: int
    left: float
    bottom: float
    right: float
    top: float
    size: float = 0.0
    turns: int = 0
    is_bold: bool = False

    def upright(self) -> Box:
        """Its box as somebody sees it who reads it."""
        return turned((self.left, self.bottom, self.right, self.top), self.turns) if self.turns else (self.left, self.bottom, self.right, self.top)


class TextPage:
    """The text of a page; close it before its page."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self._page = page.get_textpage()
        self._raw = self._page.raw
        self._is_shifted = False
        self.text = self._read()
        self._is_wide = not self.text.isascii() and max(self.text) > "\uffff"
        self._has_rtl = bool(_RTL.search(self.text))
        self._box = tuple(ctypes.c_double() for _ in range(4))
        self._rect = pdfium_c.FS_RECTF()
        self._buffer = (ctypes.c_ushort * _CELL_CHARS)()
        self._matrix = pdfium_c.FS_MATRIX()

    def close(self) -> None:
        self._page.close()

    def _read(self) -> str:
        """All of it: what stands outside of the visible box too, as other readers give it."""
        count = pdfium_c.FPDFText_CountChars(self._raw)
        if count <= 0:
            return ""
        buffer = (ctypes.c_ushort * (count + 1))()
        written = pdfium_c.FPDFText_GetText(self._raw, 0, count, buffer)
        self._is_shifted = written - 1 != count
        return bytes(buffer)[: 2 * max(written - 1, 0)].decode("utf-16-le", "replace").rstrip("\x00")

    def lines(self) -> list[Line]:
        """The page's lines in the order of its content."""
        found = []
        position = 0
        for raw in self.text.split("\r\n"):
            text = raw.strip()
            if text:
                found.append(self._line(text, position + raw.index(text)))
            position += self._units(raw) + 2
        return found

    def _units(self, text: str) -> int:
        """Its length as pdfium counts it."""
        return len(text.encode("utf-16-le", "replace")) // 2 if self._is_wide else len(text)

    def _line(self, text: str, position: int) -> Line:
        length = self._units(text)
        first, last = self._index(position), self._index(position + length - 1)
        left, bottom, right, top = self.box(first)
        if last != first:
            other = self.box(last)
            if other[2] > other[0]:
                left, bottom, right, top = min(left, other[0]), min(bottom, other[1]), max(right, other[2]), max(top, other[3])
        matrix = self._matrix
        pdfium_c.FPDFText_GetMatrix(self._raw, first, matrix)
        size = pdfium_c.FPDFText_GetFontSize(self._raw, first) * math.hypot(matrix.c, matrix.d)
        turns = 0 if matrix.a > abs(matrix.b) else round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4
        if not self._is_wide and ((self._is_shifted and last - first >= length) or (self._has_rtl and _RTL.search(text))):
            text = self._mended(text, [self._index(position + at) for at in range(length)])
        return Line(text, position, left, bottom, right, top, size, turns, length <= _MAX_BOLD_CHARS and self._is_bold(first))

    def _index(self, position: int) -> int:
        """Of a character by its place in the text, from which those that stand for nothing are left out."""
        return int(pdfium_c.FPDFText_GetCharIndexFromTextIndex(self._raw, position)) if self._is_shifted else position

    def box(self, index: int) -> Box:
        """Where a character stands, with the room that its font gives it."""
        rect = self._rect
        if not pdfium_c.FPDFText_GetLooseCharBox(self._raw, index, rect):
            return 0.0, 0.0, 0.0, 0.0
        return rect.left, rect.bottom, rect.right, rect.top

    def within(self, box: Box) -> str:
        """The text in a box, as lines."""
        left, bottom, right, top = box
        buffer = self._buffer
        size = pdfium_c.FPDFText_GetBoundedText(self._raw, left, top, right, bottom, buffer, _CELL_CHARS)
        if size <= 0:
            return ""
        if size >= _CELL_CHARS:
            size = pdfium_c.FPDFText_GetBoundedText(self._raw, left, top, right, bottom, None, 0)
            buffer = (ctypes.c_ushort * size)()
            pdfium_c.FPDFText_GetBoundedText(self._raw, left, top, right, bottom, buffer, size)
        text = bytes(memoryview(buffer)[:size]).decode("utf-16-le", "replace").rstrip("\x00")
        return _CONTROL.sub(" ", text.replace("\x02", "\ufffe"))  # here pdfium marks a hyphen so, and keeps signs that it can't name

    def runs(self, line: Line) -> list[tuple[float, float]]:
        """(left, right) of the pieces in which an upright line was drawn; none where pdfium's places are not those of its text."""
        if self._is_shifted:
            return []
        left, top, right, bottom = self._box
        found = []
        for number in range(pdfium_c.FPDFText_CountRects(self._raw, self._index(line.first), self._units(line.text))):
            pdfium_c.FPDFText_GetRect(self._raw, number, left, top, right, bottom)
            found.append((left.value, right.value))
        return found

    def split(self, line: Line, x: float) -> list[Line]:
        """A line in two where a word begins right of `x`; the line itself where none does."""
        for match in re.finditer(r" +", line.text):
            start = line.first + self._units(line.text[: match.end()])
            left = self.box(self._index(start))[0]
            if left >= x:
                before, after = line.text[: match.start()], line.text[match.end() :]
                end = self.box(self._index(line.first + self._units(before) - 1))[2]
                first = Line(before, line.first, line.left, line.bottom, end, line.top, line.size, line.turns, line.is_bold)
                bold = self._is_bold(self._index(start))
                return [first, Line(after, start, left, line.bottom, line.right, line.top, line.size, line.turns, bold)]
        return [line]

    def _is_bold(self, index: int) -> bool:
        if pdfium_c.FPDFText_GetFontWeight(self._raw, index) >= _BOLD_WEIGHT:
            return True
        name, flags = ctypes.create_string_buffer(64), ctypes.c_int()
        pdfium_c.FPDFText_GetFontInfo(self._raw, index, name, 64, flags)
        return _BOLD.search(name.value) is not None

    def _mended(self, text: str, indexes: Sequence[int]) -> str:
        """A line in logical order, with the spaces that it lacks.

        pdfium turns text that runs from right to left around letter by letter, also the letters of what is one sign of the font (lam with alef), and
        leaves the space that follows a Latin word before it. And what it can't name it leaves out, though it parts words as a space does.
        """
        letters = list(text)
        for match in _RTL_WORD.finditer(text) if self._has_rtl else ():
            boxes = [self.box(index) for index in indexes[match.start() : match.end()]]
            start = 0
            for end in range(1, len(boxes) + 1):
                if end == len(boxes) or boxes[end] != boxes[start]:
                    at, to = match.start() + start, match.start() + end
                    letters[at:to] = reversed(letters[at:to])
                    start = end
        spaced = "".join(f" {letter}" if at and indexes[at] > indexes[at - 1] + 1 else letter for at, letter in enumerate(letters))
        return _LATIN_IN_RTL.sub(r"\1 ", spaced) if self._has_rtl else spaced


def clean(text: str, page_text: str = "") -> str:
    """A line as a person types it: hyphenated words whole, ligatures as letters.

    Args:
        page_text: where a compound may stand unbroken, so that its hyphen is known to be one.
    """
    if "\ufffe" in text:
        text = _HYPHENATED.sub(lambda match: _whole(match[1], match[2], page_text), text)
    if not text.isascii() and _PRESENTED.search(text):
        text = _PRESENTED.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return text.replace("\x00", "").strip()


def _whole(start: str, end: str, page_text: str) -> str:
    """A word that was cut at the end of a line; a hyphen before a number or a capital letter was there before."""
    is_compound = not end[:1].islower() or not start[-1:].isalpha() or f"{start}-{end}" in page_text
    return f"{start}-{end}" if is_compound else start + end


def unreadable(text: str) -> bool:
    """Whether so much of it has no letters behind it (a font without a map to Unicode) that the rest can't be told."""
    letters = len(text) - sum(map(text.count, " \r\n\t"))
    return letters > 0 and len(_UNREADABLE.findall(text)) > _UNREADABLE_SHARE * letters
