"""What a PDF page shows beside its text: its images, and whether its lines make a table."""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

_MAX_DEPTH = 3
_MAX_OBJECTS, _MAX_PATHS, _MAX_SEGMENTS = 50_000, 4_000, 4_000
_THIN, _LONG, _SHORT_PIECE = 3.0, 12.0, 1.0
"""Points: how thick a rule may be, how long it must be once its pieces are joined, how short a piece of a dashed one may be."""
_JOIN = 3.5
_MAX_RULES = 80
_MAX_IMAGES = 20

_Box = tuple[float, float, float, float]


@dataclass(slots=True)
class Shapes:
    """
    Attributes:
        is_drawn: whether the page shows anything, its text included.
        images: its first images, in the order of its content.
        picture_points2: how much of the page images cover, in square points; those that lie upon others count again.
        is_crowded: whether it has more lines and areas than were looked at.
        across, down: horizontal and vertical pieces of lines as (place, start, end).
    """

    is_drawn: bool = False
    images: list[pdfium_c.FPDF_PAGEOBJECT] = field(default_factory=list)
    picture_points2: float = 0.0
    is_crowded: bool = False
    across: list[tuple[float, float, float]] = field(default_factory=list)
    down: list[tuple[float, float, float]] = field(default_factory=list)

    def grid(self) -> _Box | None:
        """(left, bottom, right, top) of what rules enclose as at least two cells; None where they enclose none."""
        if len(self.across) < 2 or len(self.down) < 2:
            return None
        across, down = _joined(self.across), _joined(self.down)
        crossed = [(y, [x for x, bottom, top in down if left - _JOIN <= x <= right + _JOIN and bottom - _JOIN <= y <= top + _JOIN])
                   for y, left, right in across]  # fmt: skip
        crossed = [(y, xs) for y, xs in crossed if len(xs) >= 2]
        if len(crossed) < 2 or (len(crossed) < 3 and sum(len(xs) >= 3 for _, xs in crossed) < 2):
            return None
        xs = [x for _, found in crossed for x in found]
        ys = [y for y, _ in crossed]
        return min(xs), min(ys), max(xs), max(ys)


def shapes_of(page: pdfium.PdfPage) -> Shapes:
    """The shapes of a page, those of the forms that it is made of included."""
    return _Survey().of(page)


class _Survey:
    """One walk over a page's objects."""

    def __init__(self) -> None:
        self._found = Shapes()
        self._paths_left, self._segments_left, self._objects_left = _MAX_PATHS, _MAX_SEGMENTS, _MAX_OBJECTS
        self._floats = tuple(ctypes.c_float() for _ in range(4))

    def of(self, page: pdfium.PdfPage) -> Shapes:
        count = pdfium_c.FPDFPage_CountObjects(page.raw)
        raw = page.raw
        self._walk((pdfium_c.FPDFPage_GetObject(raw, number) for number in range(count)), 1)
        return self._found

    def _walk(self, objects: Iterable[pdfium_c.FPDF_PAGEOBJECT], depth: int) -> None:
        found, type_of = self._found, pdfium_c.FPDFPageObj_GetType
        for item in objects:
            self._objects_left -= 1
            if self._objects_left < 0:
                found.is_crowded = True
                return
            found.is_drawn = True
            kind = type_of(item)
            if kind == pdfium_c.FPDF_PAGEOBJ_TEXT:
                continue
            if kind == pdfium_c.FPDF_PAGEOBJ_PATH:
                self._paths_left -= 1
                if self._paths_left >= 0:
                    self._path(item)
                else:
                    found.is_crowded = True
            elif kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
                left, bottom, right, top = self._bounds(item)
                found.picture_points2 += (right - left) * (top - bottom)
                if len(found.images) < _MAX_IMAGES:
                    found.images.append(item)
            elif kind == pdfium_c.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
                count = pdfium_c.FPDFFormObj_CountObjects(item)
                self._walk((pdfium_c.FPDFFormObj_GetObject(item, number) for number in range(max(count, 0))), depth + 1)

    def _bounds(self, item: pdfium_c.FPDF_PAGEOBJECT) -> _Box:
        left, bottom, right, top = self._floats
        if not pdfium_c.FPDFPageObj_GetBounds(item, left, bottom, right, top):
            return 0.0, 0.0, 0.0, 0.0
        return left.value, bottom.value, right.value, top.value

    def _path(self, item: pdfium_c.FPDF_PAGEOBJECT) -> None:
        left, bottom, right, top = self._bounds(item)
        width, height = right - left, top - bottom
        if min(width, height) <= _THIN:
            self._rule(left, bottom, right, top)
            return
        count = pdfium_c.FPDFPath_CountSegments(item)
        if count <= 2 or width < _LONG / 2 or height < _LONG / 2:
            return  # a slanted line, or a small figure
        if count > self._segments_left:
            self._found.is_crowded = True
            return
        self._segments_left -= count
        self._outline(item, count)

    def _rule(self, left: float, bottom: float, right: float, top: float) -> None:
        width, height = right - left, top - bottom
        if width >= height and width >= _SHORT_PIECE:
            self._found.across.append(((bottom + top) / 2, left, right))
        if height >= width and height >= _SHORT_PIECE:
            self._found.down.append(((left + right) / 2, bottom, top))

    def _outline(self, item: pdfium_c.FPDF_PAGEOBJECT, count: int) -> None:
        """The straight pieces of a path: a cell, or a grid that is drawn as one."""
        x, y = self._floats[:2]
        start = previous = (0.0, 0.0)
        for number in range(count):
            segment = pdfium_c.FPDFPath_GetPathSegment(item, number)
            kind = pdfium_c.FPDFPathSegment_GetType(segment)
            pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
            point = (x.value, y.value)
            if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
                start = point
            elif kind == pdfium_c.FPDF_SEGMENT_LINETO:
                self._piece(previous, point)
            if pdfium_c.FPDFPathSegment_GetClose(segment):
                self._piece(point, start)
            previous = point

    def _piece(self, one: tuple[float, float], other: tuple[float, float]) -> None:
        left, right = sorted((one[0], other[0]))
        bottom, top = sorted((one[1], other[1]))
        if min(right - left, top - bottom) <= _SHORT_PIECE / 2:
            self._rule(left, bottom, right, top)


def _joined(pieces: Iterable[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Pieces at one place made one where they touch, or nearly (dashes); the longest, as many as a table may have."""
    by_place: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for place, start, end in pieces:
        by_place[round(place / 2)].append((start, end))
    rules = []
    for place, spans in by_place.items():
        spans.sort()
        start, end = spans[0]
        for other_start, other_end in spans[1:]:
            if other_start <= end + _JOIN:
                end = max(end, other_end)
            else:
                rules.append((place * 2.0, start, end))
                start, end = other_start, other_end
        rules.append((place * 2.0, start, end))
    long = [rule for rule in rules if rule[2] - rule[1] >= _LONG]
    return sorted(long, key=lambda rule: rule[1] - rule[2])[:_MAX_RULES]
