"""Tables whose cells are ruled: a page's rules as rows of cells, filled with pdfium's words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lakedocs.extract.pdf_lines import Box, Line, TextPage, clean, turned
from lakedocs.extract.pdf_shapes import Shapes

_Rule = tuple[float, float, float]
"""(place, start, end): of a horizontal rule y and from where to where, of a vertical one x."""

_SAME_PLACE, _JOIN, _LONG = 2.5, 3.5, 9.0
"""Points: within these rules lie on one line, pieces (dashes) are one rule; and a shorter one is none."""
_MAX_PIECES, _MAX_SLOTS = 6_000, 6_000
_OPEN_SIDE = 10.0
_PADDING = 1.2
"""What a letter may reach over its cell's rule."""
_SIGN = re.compile(r"\w+|[^\w\s]")
_LEAST_SHARED = 0.9
_LEAST_FILLED = 0.35
_MOST_EMPTY, _SLOTS_A_WORD = 20, 4
_FEWEST_LINES_A_CELL = 3


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of at least two filled cells, and where they stand on the page before it is turned.

    Attributes:
        said: the words and signs of all cells, those of rows with a single one included.
    """

    rows: tuple[tuple[str, ...], ...]
    box: Box
    said: Counter[str]

    def words(self) -> Counter[str]:
        return signs(" ".join(cell for row in self.rows for cell in row))


def signs(text: str) -> Counter[str]:
    """The words and signs of a text, by how often they stand in it."""
    return Counter(_SIGN.findall(text))


class Grids:
    """The grids that a page's rules make.

    Args:
        turns: quarter turns that the page's text makes with it.
    """

    def __init__(self, shapes: Shapes, turns: int) -> None:
        self._turns = turns
        self.is_too_dense = len(shapes.across) + len(shapes.down) > _MAX_PIECES
        self._found: list[_Grid] = []
        if self.is_too_dense or not shapes.across or not shapes.down:
            return
        boxes = [turned(box, turns) for box in _boxes(shapes)] if turns else _boxes(shapes)
        across = _joined((box[1] + box[3], box[0], box[2]) for box in boxes if box[2] - box[0] > box[3] - box[1])
        down = _joined((box[0] + box[2], box[1], box[3]) for box in boxes if box[2] - box[0] <= box[3] - box[1])
        for grid in _grids(across, down):
            if grid.slots <= _MAX_SLOTS:
                self._found.append(grid)
            else:
                self.is_too_dense = True

    def tables(self, page: TextPage, lines: Sequence[Line]) -> list[Table]:
        """Those that are filled as a table is: the frames of a figure, or of a chart, are not."""
        found = []
        for grid in self._found:
            box = turned(grid.box, -self._turns % 4)
            words = sum(line.text.count(" ") + 1 for line in lines if is_inside(line, box))
            if not words or grid.slots > _MOST_EMPTY + _SLOTS_A_WORD * words:
                continue
            rows = list(grid.rows(page, self._turns))
            if grid.filled >= _LEAST_FILLED * grid.cells and (table := table_of(rows, box)):
                found.append(table)
        return found


def table_of(rows: Sequence[tuple[str, ...]], box: Box) -> Table | None:
    """A table of the rows that have at least two filled cells; None where there are none."""
    kept = tuple(row for row in rows if sum(map(bool, row)) > 1)
    return Table(kept, box, signs(" ".join(cell for row in rows for cell in row))) if kept else None


def agrees(table: Table, lines: Iterable[Line]) -> bool:
    """Whether the rows say what the lines inside of them do: no cell was cut, no word is missing."""
    inside: Counter[str] = Counter()
    for line in lines:
        if is_inside(line, table.box):
            inside += signs(clean(line.text))
    return (inside & table.said).total() >= _LEAST_SHARED * max(inside.total(), table.said.total())


def is_marked_text(table: Table, lines: Iterable[Line]) -> bool:
    """Whether what looks like a table are words that are marked in running lines: most of these go on beyond it, and it cuts words."""
    left, bottom, right, top = table.box
    inside = [line for line in lines if is_inside(line, table.box)]
    beyond = sum(
        line.left < left - _OPEN_SIDE or line.right > right + _OPEN_SIDE or line.bottom < bottom - _OPEN_SIDE or line.top > top + _OPEN_SIDE
        for line in inside
    )
    said = signs(" ".join(clean(line.text) for line in inside))
    return 2 * beyond >= len(inside) and bool(table.said - said)


def is_inside(line: Line, box: Box) -> bool:
    x, y = (line.left + line.right) / 2, (line.bottom + line.top) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


class _Grid:
    """Rules that touch each other; y runs upwards."""

    def __init__(self, across: list[_Rule], down: list[_Rule]) -> None:
        self._ys = sorted({y for y, _, _ in across}, reverse=True)
        left, right = min(rule[1] for rule in across), max(rule[2] for rule in across)
        bottom, top = self._ys[-1], self._ys[0]
        xs = {x for x, _, _ in down}
        # a table may be open at its sides: its horizontal rules end where it does
        sides = [x for x in (left, right) if min(abs(x - other) for other in xs) > _OPEN_SIDE]
        down = down + [(x, bottom, top) for x in sides]
        self._xs = sorted({x for x, _, _ in down})
        self._across = _by_place(across)
        self._down = _by_place(down)
        self.box = (self._xs[0], bottom, self._xs[-1], top)
        self.cells = self.filled = 0
        self.slots = max(len(self._ys) - 1, 0) * max(len(self._xs) - 1, 0)

    def rows(self, page: TextPage, turns: int) -> Iterator[tuple[str, ...]]:
        """Row by row from the top; the text of a cell that spans several stands in its first."""
        width, height = len(self._xs) - 1, len(self._ys) - 1
        taken: set[tuple[int, int]] = set()
        for row in range(height):
            cells = []
            for column in range(width):
                if (row, column) in taken:
                    cells.append("")
                    continue
                right, below = column + 1, row + 1
                while right < width and (row, right) not in taken and not self._wall(self._down, self._xs[right], self._mid_row(row)):
                    right += 1
                while below < height and not any(self._wall(self._across, self._ys[below], self._mid_column(at)) for at in range(column, right)):
                    below += 1
                taken.update((at, to) for at in range(row, below) for to in range(column, right))
                box = (self._xs[column], self._ys[below], self._xs[right], self._ys[row])
                text = page.within(turned(_shrunk(box), -turns % 4))
                self.cells += 1
                self.filled += bool(text.strip())
                cells.append(text)
            yield from _rows_of(cells)

    def _mid_row(self, row: int) -> float:
        return (self._ys[row] + self._ys[row + 1]) / 2

    def _mid_column(self, column: int) -> float:
        return (self._xs[column] + self._xs[column + 1]) / 2

    def _wall(self, rules: dict[float, list[tuple[float, float]]], place: float, at: float) -> bool:
        return any(start <= at <= end for start, end in rules.get(place, ()))


def _rows_of(cells: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A row of cells; several where only the head and the end of a table are ruled, and each cell holds a column of lines."""
    lines = [[clean(line) for line in cell.splitlines() if line.strip()] for cell in cells]
    counts = {len(cell) for cell in lines if cell}
    if len(counts) == 1 and sum(map(bool, lines)) > 1 and max(counts) >= _FEWEST_LINES_A_CELL:
        for number in range(max(counts)):
            yield tuple(cell[number] if cell else "" for cell in lines)
    else:
        yield tuple(" ".join(" ".join(cell).split()) for cell in lines)


def _shrunk(box: Box) -> Box:
    x, y = min(_PADDING, (box[2] - box[0]) / 4), min(_PADDING / 2, (box[3] - box[1]) / 8)
    return box[0] + x, box[1] + y, box[2] - x, box[3] - y


def _boxes(shapes: Shapes) -> list[Box]:
    return [(start, y, end, y) for y, start, end in shapes.across] + [(x, start, x, end) for x, start, end in shapes.down]


def _joined(pieces: Iterable[tuple[float, float, float]]) -> list[_Rule]:
    """Rules from pieces, given with twice their place: one where pieces lie on a line and touch, or nearly."""
    rules: list[_Rule] = []
    lines: list[list[tuple[float, float, float]]] = []
    for piece in sorted((twice / 2, start, end) for twice, start, end in pieces):
        if lines and piece[0] - lines[-1][0][0] <= _SAME_PLACE:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    for line in lines:
        place = sum(piece[0] for piece in line) / len(line)
        spans = sorted((start, end) for _, start, end in line)
        start, end = spans[0]
        for other_start, other_end in [*spans[1:], (float("inf"), float("inf"))]:
            if other_start <= end + _JOIN:
                end = max(end, other_end)
                continue
            if end - start >= _LONG:
                rules.append((place, start, end))
            start, end = other_start, other_end
    return rules


def _grids(across: Sequence[_Rule], down: Sequence[_Rule]) -> Iterator[_Grid]:
    """Rules that cross, gathered; of at least two rows, or one of at least two columns."""
    down = sorted(down)
    xs = [x for x, _, _ in down]
    group = list(range(len(across)))
    first_of: dict[int, int] = {}
    touched: dict[int, set[int]] = defaultdict(set)

    def root(number: int) -> int:
        while group[number] != number:
            number = group[number]
        return number

    for number, (y, left, right) in enumerate(across):
        for at in range(bisect_left(xs, left - _JOIN), len(down)):
            x, bottom, top = down[at]
            if x > right + _JOIN:
                break
            if bottom - _JOIN <= y <= top + _JOIN:
                touched[at].add(number)
                group[root(number)] = root(first_of.setdefault(at, number))
    members: dict[int, tuple[list[_Rule], list[_Rule]]] = defaultdict(lambda: ([], []))
    for at, numbers in touched.items():
        if len(numbers) > 1:
            members[root(first_of[at])][1].append(down[at])
    for number, rule in enumerate(across):
        if root(number) in members:
            members[root(number)][0].append(rule)
    for horizontal, vertical in members.values():
        if len({y for y, _, _ in horizontal}) >= 2 and vertical:
            grid = _Grid(horizontal, vertical)
            if grid.slots >= 2:
                yield grid


def _by_place(rules: Iterable[_Rule]) -> dict[float, list[tuple[float, float]]]:
    found: dict[float, list[tuple[float, float]]] = defaultdict(list)
    for place, start, end in rules:
        found[place].append((start, end))
    return found
