"""The lines of a page in the order in which a person reads them, where its content has them row by row across columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from lakedocs.extract.pdf_lines import Box, Line, TextPage

_FEWEST_LINES, _MOST_LINES = 8, 2_000
_LEAPS_LEFT_ALONE = 3
"""A page may go up again so often: for the next column, for a footnote, for a header that was drawn last."""
_SAMPLE, _FIRST = 7, 3
_SHARE_OF_SAMPLE = 0.6
_GAP_POINTS, _GAP_SIZES = 8.0, 0.8
_MAX_COLUMNS = 4
_FEWEST_WORDS = 3
_FULL_SHARE = 0.55
"""Lines of a column of prose fill at least so much of its width, in the middle; cells of a table rarely do."""


def in_reading_order(lines: list[Line], page: TextPage) -> list[Line]:
    """The lines column by column where the page has columns of prose and its content jumps between them; else as they are."""
    if not _FEWEST_LINES <= len(lines) <= _MOST_LINES:
        return lines
    turns = max(range(4), key=[line.turns for line in lines].count)
    main = [line for line in lines if line.turns == turns]
    boxes = [line.upright() for line in main]
    straddles = turns == 0 and _straddles(main, boxes, page)
    leaps = sum(1 for one, other in pairwise(boxes) if other[1] + other[3] > 2 * one[3])
    if not straddles and leaps <= _LEAPS_LEFT_ALONE:
        return lines
    gutters: list[float] = []
    if straddles:
        for _ in range(_MAX_COLUMNS - 1):
            gutter = _gutter_between_runs(main, page)
            if gutter is None:
                break
            split = [piece for line in main for piece in (page.split(line, gutter) if line.left < gutter < line.right else [line])]
            if not _are_columns([piece.upright() for piece in split], [piece.text for piece in split], gutter):
                break
            main = split
            gutters.append(gutter)
        boxes = [line.upright() for line in main]
    if not gutters and leaps > _LEAPS_LEFT_ALONE:
        gutter = _gutter_between_lines(boxes)
        if gutter is not None and _are_columns(boxes, [line.text for line in main], gutter):
            gutters.append(gutter)
    if not gutters:
        return lines
    return _by_column(main, boxes, sorted(gutters)) + [line for line in lines if line.turns != turns]


def _straddles(lines: Sequence[Line], boxes: Sequence[Box], page: TextPage) -> bool:
    """Whether most of the long lines have a gap in them that a space does not explain."""
    left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
    long = [line for line, box in zip(lines, boxes, strict=True) if box[2] - box[0] > 0.6 * (right - left)]
    if len(long) < _FEWEST_LINES // 2:
        return False
    sample = long[:: max(1, len(long) // _SAMPLE)][:_SAMPLE]
    if not any(_gaps(line, page) for line in sample[:_FIRST]):
        return False
    return sum(bool(_gaps(line, page)) for line in sample) >= _SHARE_OF_SAMPLE * len(sample)


def _gaps(line: Line, page: TextPage) -> list[tuple[float, float]]:
    """(start, end) of what is left empty inside of a line."""
    runs = sorted(page.runs(line))
    least = max(_GAP_POINTS, _GAP_SIZES * line.size)
    return [(one[1], other[0]) for one, other in pairwise(runs) if other[0] - one[1] > least]


def _gutter_between_runs(lines: Sequence[Line], page: TextPage) -> float | None:
    """Where most lines that could cross it have a gap."""
    gaps = [gap for line in lines for gap in _gaps(line, page)]
    x, support = _most_covered(gaps)
    crossing = sum(line.left < x < line.right for line in lines)
    return x if support >= _FEWEST_LINES // 2 and support >= _SHARE_OF_SAMPLE * crossing else None


def _gutter_between_lines(boxes: Sequence[Box]) -> float | None:
    """The middle of the widest strip that few lines cross and that has many on both sides."""
    left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
    best: tuple[int, float, float] | None = None
    starts = Counter(round(box[0]) for box in boxes if left + 0.2 * (right - left) < box[0] < right - 0.2 * (right - left))
    for x in sorted(start for start, number in starts.items() if number >= _FEWEST_LINES // 2):
        edge = x - 1
        before = [box for box in boxes if box[2] <= edge]
        after = sum(box[0] >= edge for box in boxes)
        crossing = len(boxes) - len(before) - after
        if min(len(before), after) >= _FEWEST_LINES // 2 and crossing <= 0.25 * len(boxes):
            gap = x - max(box[2] for box in before)
            if best is None or (crossing, -gap) < best[:2]:
                best = (crossing, -gap, x - min(gap, 8) / 2 - 0.5)
    return best[2] if best else None


def _most_covered(gaps: Sequence[tuple[float, float]]) -> tuple[float, int]:
    """The middle of the stretch that most gaps share, and how many do."""
    edges = sorted([(start, 1) for start, _ in gaps] + [(end, -1) for _, end in gaps])
    most, covered, at = 0, 0, 0.0
    for number, (x, step) in enumerate(edges):
        covered += step
        if covered > most and number + 1 < len(edges):
            most, at = covered, (x + edges[number + 1][0]) / 2
    return at, most


def _are_columns(boxes: Sequence[Box], texts: Sequence[str], gutter: float) -> bool:
    """Whether both sides hold prose, at the same height; the rows of a table stay rows."""
    sides: tuple[list[int], list[int]] = ([], [])
    for number, box in enumerate(boxes):
        if box[2] <= gutter + 1:
            sides[0].append(number)
        elif box[0] >= gutter - 1:
            sides[1].append(number)
    if min(map(len, sides)) < _FEWEST_LINES // 2:
        return False
    for side in sides:
        width = max(boxes[number][2] for number in side) - min(boxes[number][0] for number in side)
        if median(len(texts[number].split()) for number in side) < _FEWEST_WORDS:
            return False
        if median(boxes[number][2] - boxes[number][0] for number in side) < _FULL_SHARE * width:
            return False
    heights = [(min(boxes[number][1] for number in side), max(boxes[number][3] for number in side)) for side in sides]
    shared = min(heights[0][1], heights[1][1]) - max(heights[0][0], heights[1][0])
    return shared > 0.3 * max(1.0, min(top - bottom for bottom, top in heights))


def _by_column(lines: list[Line], boxes: Sequence[Box], gutters: Sequence[float]) -> list[Line]:
    """Band by band between the lines that cross a gutter, and in each column by column."""
    order: list[tuple[int, int, float, float, int]] = []
    band = 0
    for number in sorted(range(len(lines)), key=lambda at: -boxes[at][3]):
        left, bottom, right, top = boxes[number]
        row = -round((bottom + top) / max(lines[number].size, 2.0))
        if any(left < gutter - 1 and right > gutter + 1 for gutter in gutters):
            order.append((band + 1, 0, row, left, number))
            band += 2
        else:
            order.append((band, sum(left >= gutter - 1 for gutter in gutters), row, left, number))
    return [lines[number] for *_, number in sorted(order)]
