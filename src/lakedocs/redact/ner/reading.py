"""A text as the model reads it: word pieces, how each was written, and windows of bounded length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from lakedocs.redact.ner.known import KINDS, kind_of, kind_of_user

Array = np.ndarray[Any, np.dtype[np.int64]]

MOST_PIECES = 126
_SENTENCE_ENDS = frozenset(".!?;")
# the vocabulary knows no capitals; how a piece was written is told beside it
_NOTHING, _LOWER, _TITLE, _UPPER, _INITIAL, _MIXED, _DIGITS, _OTHER = range(8)
SHAPES = 8
WRITTEN = SHAPES * KINDS
"""How a piece is written, in each of the kinds of words that the lists of names tell apart."""
_LETTERED = np.isin(np.arange(SHAPES), (_LOWER, _TITLE, _UPPER, _INITIAL, _MIXED))
_REACH = 2
"""Words: the number of a house or a postcode stands next to its street."""


@dataclass(frozen=True)
class Reading:
    """The pieces of a text: ids in the vocabulary, how each is written (below `WRITTEN`), characters (start, end), and whether each begins a word."""

    text: str = field(repr=False)
    ids: Array
    shapes: Array
    offsets: list[tuple[int, int]]
    begins: Array

    def near_letters(self) -> Reading:
        """The same without the words that are far from any with a letter: nine tenths of a sheet are numbers, and no name is among them."""
        word = np.cumsum(self.begins) - 1
        lettered = np.zeros(int(word[-1]) + 1 if len(word) else 0, dtype=bool)
        lettered[word[_LETTERED[self.shapes % SHAPES]]] = True
        if lettered.all():
            return self
        near = lettered.copy()
        for step in range(1, _REACH + 1):
            near[step:] |= lettered[:-step]
            near[:-step] |= lettered[step:]
        kept = np.flatnonzero(near[word])
        return Reading(self.text, self.ids[kept], self.shapes[kept], [self.offsets[n] for n in kept], self.begins[kept])

    def windows(self) -> Iterator[slice]:
        """Ranges of pieces, none longer than the model's, cut between sentences where that is possible, else between words."""
        start, total = 0, len(self.ids)
        while total - start > MOST_PIECES:
            end = self._cut(start, start + MOST_PIECES)
            yield slice(start, end)
            start = end
        yield slice(start, total)

    def _cut(self, start: int, end: int) -> int:
        last = range(end, start + MOST_PIECES // 2, -1)
        return next((place for place in last if self._ends(place - 1)), None) or next((place for place in last if self.begins[place]), end)

    def _ends(self, place: int) -> bool:
        """Whether a sentence or a line ends with this piece."""
        start, end = self.offsets[place]
        return self.text[start:end] in _SENTENCE_ENDS or self.text[end : end + 1] == "\n"


def read(tokenizer: Any, text: str, kind: Callable[[str, bool], int] | None = None) -> Reading:
    """What the model is given of a text.

    Args:
        tokenizer: of the `tokenizers` library, without truncation and special tokens.
        kind: of a word in the lists of names, and whether it is a user name (@word); none: what the lists say.
    """
    encoding = tokenizer.encode(text, add_special_tokens=False)
    words = np.asarray(encoding.word_ids, dtype=np.float64)  # none where a piece belongs to no word
    begins = np.ones(len(words), dtype=np.int64)
    begins[1:] = words[1:] != words[:-1]
    offsets = encoding.offsets
    shapes = np.asarray([shape(text[start:end]) for start, end in offsets], dtype=np.int64)
    shapes += SHAPES * _kinds(text, offsets, begins, kind or listed)
    return Reading(text, np.asarray(encoding.ids, dtype=np.int64), shapes, offsets, begins)


def _kinds(text: str, offsets: list[tuple[int, int]], begins: Array, kind: Callable[[str, bool], int]) -> Array:
    """Of each piece, in which lists its word stands."""
    if not offsets:
        return np.zeros(0, dtype=np.int64)
    bounds = [*np.flatnonzero(begins), len(offsets)]
    words = ((offsets[first][0], offsets[end - 1][1]) for first, end in pairwise(bounds))
    kinds = [kind(text[start:end], _is_user(text, start)) for start, end in words]
    return np.repeat(np.asarray(kinds, dtype=np.int64), np.diff(bounds))


def listed(word: str, is_user: bool) -> int:
    """In which lists a word stands, or what a user name is made of."""
    return kind_of_user(word) if is_user else kind_of(word)


def _is_user(text: str, start: int) -> bool:
    """Whether a user name begins here: @word, or `@ word` as data sets part it; not the domain of an address."""
    at = start - 1 - (text[start - 1 : start] == " ")
    return at >= 0 and text[at] == "@" and not text[at - 1 : at].isalnum()


@lru_cache(maxsize=100_000)
def shape(piece: str) -> int:
    """How a piece of a word is written, as a small number."""
    if not piece:
        return _NOTHING
    if piece.isdigit():
        return _DIGITS
    if not any(character.isalpha() for character in piece):
        return _OTHER
    if piece.islower():
        return _LOWER
    if piece.isupper():
        return _UPPER if len(piece) > 1 else _INITIAL
    return _TITLE if piece[0].isupper() and (piece[1:].islower()) else _MIXED
