"""What a PDF page shows beside its text: its images, and whether its lines make a table."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import repeat

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from lakedocs.extract.pdf.lines import Box

_MAX_DEPTH = 3
_MAX_OBJECTS, _MAX_PATHS, _MAX_SEGMENTS = 30_000, 4_000, 6_000
_RECTANGLE = (4, 5)
_THIN, _SMALL, _SHORT_PIECE = 3.0, 6.0, 1.0
"""Points: how thick a rule may be, how small an area may be that is no cell, how short a piece of a dashed rule may be."""
_MAX_IMAGES = 20
_TEXT = pdfium_c.FPDF_PAGEOBJ_TEXT

_Matrix = tuple[float, float, float, float, float, float]
_SAME: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(slots=True)
class Shapes:
    """
    Attributes:
        is_drawn: whether the page shows anything, its text included.
        objects: how many it is made of, as far as they were looked at.
        images: its first images, in the order of its content.
        picture_points2: how much of the page images cover, in square points; those that lie upon others count again.
        is_crowded: whether it has more lines and areas than were looked at.
        across, down: horizontal and vertical pieces of lines as (place, start, end).
    """

    is_drawn: bool = False
    objects: int = 0
    images: list[pdfium_c.FPDF_PAGEOBJECT] = field(default_factory=list)
    picture_points2: float = 0.0
    is_crowded: bool = False
    across: list[tuple[float, float, float]] = field(default_factory=list)
    down: list[tuple[float, float, float]] = field(default_factory=list)


def shapes_of(page: pdfium.PdfPage) -> Shapes:
    """The shapes of a page, those of the forms that it is made of included."""
    return _Survey().of(page)


class _Survey:
    """One walk over a page's objects."""

    def __init__(self) -> None:
        self._found = Shapes()
        self._paths_left, self._segments_left, self._objects_left = _MAX_PATHS, _MAX_SEGMENTS, _MAX_OBJECTS
        self._floats = tuple(ctypes.c_float() for _ in range(4))
        self._matrix = pdfium_c.FS_MATRIX()

    def of(self, page: pdfium.PdfPage) -> Shapes:
        self._walk(pdfium_c.FPDFPage_GetObject, page.raw, pdfium_c.FPDFPage_CountObjects(page.raw), 1, _SAME)
        return self._found

    def _walk(self, get: Callable[[object, int], pdfium_c.FPDF_PAGEOBJECT], holder: object, count: int, depth: int, matrix: _Matrix) -> None:
        found = self._found
        found.is_drawn = found.is_drawn or count > 0
        found.objects += count
        if count > self._objects_left:
            found.is_crowded = True
            count = self._objects_left
        self._objects_left -= max(count, 0)
        items = list(map(get, repeat(holder, count), range(count)))
        kinds = map(pdfium_c.FPDFPageObj_GetType, items)
        others = [(item, kind) for item, kind in zip(items, kinds, strict=True) if kind != _TEXT]
        paths = sum(kind == pdfium_c.FPDF_PAGEOBJ_PATH for _, kind in others)
        has_room = paths <= self._paths_left  # more make a drawing
        self._paths_left -= paths
        found.is_crowded = found.is_crowded or not has_room
        for item, kind in others:
            if kind == pdfium_c.FPDF_PAGEOBJ_PATH:
                if has_room:
                    self._path(item, matrix)
            elif kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
                left, bottom, right, top = self._bounds(item, matrix)
                found.picture_points2 += (right - left) * (top - bottom)
                if len(found.images) < _MAX_IMAGES:
                    found.images.append(item)
            elif kind == pdfium_c.FPDF_PAGEOBJ_FORM and depth < _MAX_DEPTH:
                parts = pdfium_c.FPDFFormObj_CountObjects(item)
                self._walk(pdfium_c.FPDFFormObj_GetObject, item, parts, depth + 1, self._matrix_of(item, matrix))

    def _matrix_of(self, item: pdfium_c.FPDF_PAGEOBJECT, outer: _Matrix) -> _Matrix:
        """From an object's own points to those of the page."""
        own = self._matrix
        if not pdfium_c.FPDFPageObj_GetMatrix(item, own):
            return outer
        a, b, c, d, e, f = outer
        return (own.a * a + own.b * c, own.a * b + own.b * d, own.c * a + own.d * c, own.c * b + own.d * d, own.e * a + own.f * c + e,
                own.e * b + own.f * d + f)  # fmt: skip

    def _bounds(self, item: pdfium_c.FPDF_PAGEOBJECT, matrix: _Matrix) -> Box:
        left, bottom, right, top = self._floats
        if not pdfium_c.FPDFPageObj_GetBounds(item, left, bottom, right, top):
            return 0.0, 0.0, 0.0, 0.0
        if matrix is _SAME:
            return left.value, bottom.value, right.value, top.value
        (x, y), (other_x, other_y) = _at(matrix, left.value, bottom.value), _at(matrix, right.value, top.value)
        return min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y)

    def _path(self, item: pdfium_c.FPDF_PAGEOBJECT, matrix: _Matrix) -> None:
        left, bottom, right, top = self._bounds(item, matrix)
        width, height = right - left, top - bottom
        if width <= _THIN or height <= _THIN:
            self._rule(left, bottom, right, top)
            return
        if width < _SMALL or height < _SMALL:
            return
        count = pdfium_c.FPDFPath_CountSegments(item)
        if count in _RECTANGLE:
            self._found.across += [(bottom, left, right), (top, left, right)]
            self._found.down += [(left, bottom, top), (right, bottom, top)]
        elif count > self._segments_left:
            self._found.is_crowded = True
        elif count > 2:  # two make a slanted line
            self._segments_left -= count
            self._outline(item, count, self._matrix_of(item, matrix))

    def _rule(self, left: float, bottom: float, right: float, top: float) -> None:
        width, height = right - left, top - bottom
        if width >= height and width >= _SHORT_PIECE:
            self._found.across.append(((bottom + top) / 2, left, right))
        if height >= width and height >= _SHORT_PIECE:
            self._found.down.append(((left + right) / 2, bottom, top))

    def _outline(self, item: pdfium_c.FPDF_PAGEOBJECT, count: int, matrix: _Matrix) -> None:
        """The straight pieces of a path: cells, or a grid, that are drawn as one."""
        x, y = self._floats[:2]
        start = previous = (0.0, 0.0)
        for number in range(count):
            segment = pdfium_c.FPDFPath_GetPathSegment(item, number)
            kind = pdfium_c.FPDFPathSegment_GetType(segment)
            pdfium_c.FPDFPathSegment_GetPoint(segment, x, y)
            point = _at(matrix, x.value, y.value)
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


def _at(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
