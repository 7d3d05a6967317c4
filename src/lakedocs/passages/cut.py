"""Elements into passages: never across a page, slide, sheet or mail part, never longer than the models read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from lakedocs.records import Element, Passage, Place

TokenSpans = Callable[[str], Sequence[tuple[int, int]]]
"""The [start, end) characters of each token of a text, in order."""

_SENTENCE_END = re.compile(r"(?<=[.!?;:。])\s+|\n+")
_START_NEW_AT_HEADING = 0.25


@dataclass(frozen=True)
class TokenLimit:
    """A model's tokenizer and how many of its tokens a passage may have."""

    spans: TokenSpans
    tokens: int


@dataclass(frozen=True)
class _Piece:
    text: str
    tokens: int
    heading_path: str
    place: Place
    level: int
    is_row: bool


class Cutter:
    """Cuts documents for the models of 07 and 08.

    Args:
        limits: one per model; a passage stays within each of them.
        overlap_tokens: how much of a full passage the next one repeats.
        regions_left_out: regions of elements that no passage holds.
    """

    def __init__(self, limits: Sequence[TokenLimit], overlap_tokens: int, regions_left_out: Sequence[str] = ()) -> None:
        # a text is tokenised to see whether it fits, and again to count it: that is remembered
        self._limits = [TokenLimit(lru_cache(maxsize=8)(limit.spans), limit.tokens) for limit in limits]
        self._first = min(self._limits, key=lambda limit: limit.tokens)
        self._overlap = min(overlap_tokens, self._first.tokens // 4)
        self._left_out = frozenset(regions_left_out)

    def cut(self, doc_id: str, elements: Sequence[Element]) -> list[Passage]:
        """The passages of one document in reading order; every non-space character of the text lies in at least one."""
        passages: list[Passage] = []
        seen: dict[str, int] = {}
        kept = (element for element in elements if element.region not in self._left_out)
        for _, group in groupby(self._pieces(kept), key=lambda piece: _boundary(piece.place)):
            for gathered in self._gather(list(group)):
                text = "\n".join(piece.text for piece in gathered)
                text_hash = hashlib.sha256(text.encode("utf-8")).hexdigest()
                place = _united_place(gathered)
                key = "\x00".join((doc_id, repr(place), text_hash))
                seen[key] = seen.get(key, -1) + 1
                passage_id = hashlib.sha256(f"{key}\x00{seen[key]}".encode()).hexdigest()[:32]
                passages.append(Passage(passage_id, text, text_hash, gathered[0].heading_path, place, len(passages), sum(p.tokens for p in gathered)))
        return passages

    def _pieces(self, elements: Iterator[Element]) -> Iterator[_Piece]:
        path: list[tuple[int, str]] = []
        for element in elements:
            if element.kind == "heading" and element.level:
                path = [(level, text) for level, text in path if level < element.level]
                heading_path = _joined(path)
                path.append((element.level, element.text))
            else:
                heading_path = _joined(path)
            for text in self._fitting(element.text):
                yield _Piece(
                    text,
                    self._tokens(text),
                    heading_path,
                    element.place,
                    element.level if element.kind == "heading" else 0,
                    element.kind == "table_row",
                )

    def _gather(self, pieces: list[_Piece]) -> Iterator[list[_Piece]]:
        limit = self._first.tokens
        current: list[_Piece] = []
        tokens, is_repeated_only = 0, True
        for piece in pieces:
            joined = tokens + piece.tokens + len(current)
            new_section = piece.level and tokens > limit * _START_NEW_AT_HEADING
            if current and not is_repeated_only and (joined > limit or new_section or not self._all_fit([*current, piece])):
                yield current
                current = [] if new_section else self._tail(current, piece)
                tokens, is_repeated_only = sum(p.tokens + 1 for p in current), True
            current.append(piece)
            tokens += piece.tokens + 1
            is_repeated_only = False
        if current and not is_repeated_only:
            yield current

    def _tail(self, full: list[_Piece], following: _Piece) -> list[_Piece]:
        """The end of a full passage, as much as overlap allows and leaves room for what follows."""
        room = min(self._overlap, self._first.tokens - following.tokens - 2)
        last = full[-1]
        if room <= 0 or last.is_row:  # a row of a table does not continue the one before
            return []
        spans = self._first.spans(last.text)
        start = spans[-room][0] if len(spans) > room else 0
        while 0 < start < len(last.text) and not last.text[start - 1].isspace():
            start += 1  # a repeated half word helps nobody
        text = last.text[start:].strip()
        tail = [_Piece(text, self._tokens(text), last.heading_path, last.place, 0, False)] if text else []
        return tail if tail and self._all_fit([*tail, following]) else []

    def _all_fit(self, pieces: list[_Piece]) -> bool:
        if len(self._limits) == 1:
            return True  # the caller counted
        text = "\n".join(piece.text for piece in pieces)
        return all(len(limit.spans(text)) <= limit.tokens for limit in self._limits)

    def _fitting(self, text: str) -> Iterator[str]:
        """The text in pieces that fit every model, cut at sentences where it can be, else between words, else anywhere."""
        text = text.strip()
        while text:
            end = min(self._end_of_first(text, limit) for limit in self._limits)
            piece, text = text[:end].strip(), text[end:].strip()
            if piece:
                yield piece

    def _end_of_first(self, text: str, limit: TokenLimit) -> int:
        window = text[: limit.tokens * 40]  # no need to tokenise a whole book to find its first passage
        spans = limit.spans(window)
        if len(spans) <= limit.tokens and len(window) == len(text):
            return len(text)
        end = spans[limit.tokens][0] if len(spans) > limit.tokens else len(window)
        cuts = [match.end() for match in _SENTENCE_END.finditer(text, 0, end) if match.end() > end // 2]
        if cuts:
            return cuts[-1]
        space = max(text.rfind(" ", end // 2, end), text.rfind("\n", end // 2, end), text.rfind("\t", end // 2, end))
        return space + 1 if space > 0 else max(end, 1)

    def _tokens(self, text: str) -> int:
        return len(self._first.spans(text))


def _boundary(place: Place) -> tuple[object, ...]:
    return (place.page, place.slide, place.sheet, place.part)


def _joined(path: list[tuple[int, str]]) -> str:
    return " > ".join(" ".join(text.split())[:120] for _, text in path)


def _united_place(pieces: list[_Piece]) -> Place:
    """The place of the first piece; of a sheet, from its first row's first cell to the last row's last."""
    first, last = pieces[0].place, pieces[-1].place
    if first.cells and last.cells:
        start, end = first.cells.partition(":")[0], last.cells.rpartition(":")[2]
        cells = start if start == end else f"{start}:{end}"
        return Place(first.page, first.slide, first.sheet, cells, first.part)
    return first


def described(place: Place) -> str:
    """The place as a citation names it: "page 3", "slide 2, notes", "sheet Rates, A2:C9"."""
    parts = []
    if place.page is not None:
        parts.append(f"page {place.page}")
    if place.slide is not None:
        parts.append(f"slide {place.slide}")
    if place.sheet:
        parts.append(f"sheet {place.sheet}")
    if place.cells:
        parts.append(place.cells)
    if place.part:
        parts.append(place.part)
    return ", ".join(parts)
