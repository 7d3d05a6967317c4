"""Lines into headings and paragraphs: headings by size, by a bold line of their own, and by the outline; paragraphs by the room between lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from lakedocs.extract.pdf_lines import Line, clean

_PARAGRAPH_CHARS = 1200
_LARGER = 1.15
"""Times the size of most text: from here on a line is a heading."""
_MAX_LEVELS = 6
_MAX_HEADING_CHARS = 200
_MAX_HEADING_LINES = 3
_MAX_BOLD_CHARS = 90
_FAR = 1.35
"""Times the usual step from line to line: from here on a paragraph begins."""
_SAME_SIZE = 0.12
_WORD = re.compile(r"[^\W\d_]{2}")
_SENTENCE_ENDS = (".", "!", "?", ":", ";", "。")
_TITLE = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class Block:
    """A heading with its level, or a paragraph with level 0."""

    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Styles:
    """What the sizes of a document's text mean.

    Attributes:
        body: the size of most text, in points.
        levels: the sizes of headings, the largest first.
        is_bold: whether most text is bold, so that bold tells nothing.
    """

    body: float
    levels: tuple[float, ...]
    is_bold: bool

    def level(self, line: Line) -> int:
        """The heading's level by its size; 0 of other text."""
        if line.size < _LARGER * self.body:
            return 0
        return next((number for number, size in enumerate(self.levels, start=1) if line.size >= size - 0.25), len(self.levels) or 1)


def styles_of(pages: Iterable[Sequence[Line]]) -> Styles:
    """The styles of a document, from its first pages."""
    chars: Counter[float] = Counter()
    bold = 0
    for lines in pages:
        for line in lines:
            chars[round(2 * line.size) / 2] += len(line.text)
            bold += len(line.text) if line.is_bold else 0
    if not chars:
        return Styles(0.0, (), is_bold=False)
    body = chars.most_common(1)[0][0]
    larger = sorted((size for size in chars if size >= _LARGER * body), reverse=True)
    return Styles(body, tuple(larger[:_MAX_LEVELS]), is_bold=2 * bold > chars.total())


def title_key(text: str) -> str:
    """A title as it is compared with a line: without spaces, signs and case."""
    return _TITLE.sub("", text).casefold()


def blocks(lines: Sequence[Line], styles: Styles, titles: Mapping[str, int], page_text: str) -> Iterator[Block]:
    """Headings and paragraphs of neighbouring lines.

    Args:
        titles: level by `title_key` of what the outline says that the page holds.
    """
    rows = list(_rows(lines, page_text))
    step = _step([line for line, _ in rows])
    gathered: list[str] = []
    size, level = 0, 0
    for number, (line, text) in enumerate(rows):
        is_new = number == 0 or _is_apart(rows[number - 1][0], line, step)
        found = (titles.get(title_key(text), 0) if titles else 0) or _heading_level(line, text, styles)
        if not found and line.is_bold and not styles.is_bold and is_new and _stands_alone(rows, number, step):
            found = min(len(styles.levels) + 1, _MAX_LEVELS) if _is_title(text, _MAX_BOLD_CHARS) else 0
        continues = found and found == level and len(gathered) < _MAX_HEADING_LINES and not _is_apart(rows[number - 1][0], line, max(step, line.size))
        if gathered and not continues and (is_new or found or level):
            yield _block(gathered, level)
            gathered, size = [], 0
        level = found
        gathered.append(text)
        size += len(text) + 1
        if (size >= _PARAGRAPH_CHARS and text.endswith(_SENTENCE_ENDS)) or size >= 2 * _PARAGRAPH_CHARS:
            yield _block(gathered, level)
            gathered, size, level = [], 0, 0
    if gathered:
        yield _block(gathered, level)


def _block(texts: Sequence[str], level: int) -> Block:
    return Block((" " if level else "\n").join(texts), level)


def _rows(lines: Sequence[Line], page_text: str) -> Iterator[tuple[Line, str]]:
    """Lines with their cleaned text; what pdfium cuts off as a line of its own (a raised or lowered sign) goes back to its line."""
    current: Line | None = None
    text = ""
    for line in lines:
        said = clean(line.text, page_text)
        if not said:
            continue
        if current is not None and (glue := _glue(current, line, text, said)) is not None:
            text += glue + said
            base = current if current.size >= line.size else line
            current = Line(text, current.first, current.left, base.bottom, line.right, base.top, base.size, line.turns, current.is_bold)
            continue
        if current is not None:
            yield current, text
        current, text = line, said
    if current is not None:
        yield current, text


def _glue(one: Line, other: Line, before: str, after: str) -> str | None:
    """What stands between two pieces of one line; None where they are two lines."""
    if one.turns or other.turns:
        return None
    shared = min(one.top, other.top) - max(one.bottom, other.bottom)
    gap = other.left - one.right
    size = max(one.size, other.size)
    if shared < 0.4 * min(one.top - one.bottom, other.top - other.bottom) or not -0.3 * size <= gap <= size:
        return None
    return "" if gap < 0.12 * size and not (before[-1:].isdigit() and after[:1].isdigit()) else " "


def _heading_level(line: Line, text: str, styles: Styles) -> int:
    level = styles.level(line)
    return level if level and _is_title(text, _MAX_HEADING_CHARS) else 0


def _is_title(text: str, longest: int) -> bool:
    """Whether a text could be a title: short, of words, and no sentence, unless it is a numbered one."""
    if len(text) > longest or _WORD.search(text) is None:
        return False
    return not text.endswith((".", ",", ";")) or (len(text) <= longest // 2 and text[:1].isdigit() and text.endswith("."))


def _stands_alone(rows: list[tuple[Line, str]], number: int, step: float) -> bool:
    """Whether a line is followed by one that is not bold, and shares its row with none."""
    line = rows[number][0]
    if number + 1 == len(rows):
        return False
    after = rows[number + 1][0]
    if after.is_bold and not _is_apart(line, after, step):
        return False
    around = rows[max(0, number - 1) : number] + rows[number + 1 : number + 2]
    return all(min(line.top, other.top) - max(line.bottom, other.bottom) < 0.5 * (line.top - line.bottom) for other, _ in around)


def _step(lines: Sequence[Line]) -> float:
    """The usual way from one line down to the next; 0 where there is none."""
    tops = [line.upright()[1] for line in lines]
    steps = [one - other for one, other in pairwise(tops) if 0.5 < one - other < 100]
    return median(steps) if steps else 0.0


def _is_apart(one: Line, other: Line, step: float) -> bool:
    """Whether a paragraph ends between two lines: there is room, or another size, or the text goes on elsewhere after the end of a sentence."""
    if one.turns != other.turns or abs(one.size - other.size) > _SAME_SIZE * max(one.size, other.size):
        return True
    way = one.upright()[1] - other.upright()[1] if one.turns else one.bottom - other.bottom
    if way < -other.size:
        return one.text.rstrip().endswith(_SENTENCE_ENDS)
    return way > max(_FAR * step, 1.2 * other.size)
