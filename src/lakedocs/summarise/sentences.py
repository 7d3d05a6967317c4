"""What of a passage can stand in a summary: whole sentences, not rows of tables or scraps."""

from __future__ import annotations

import re

_END = re.compile(r"(?<=[.!?])\s+(?=\S)|\n+")
_FEWEST_WORDS, _MOST_CHARS = 5, 500
_MOST_DIGITS = 0.3


def whole_sentences(passage: str) -> list[str]:
    """The sentences of a passage with at least five words, not mostly numbers."""
    pieces = (" ".join(piece.split()) for piece in _END.split(passage))
    return [piece for piece in pieces if _is_sentence(piece)]


def _is_sentence(piece: str) -> bool:
    letters, digits = sum(map(str.isalpha, piece)), sum(map(str.isdigit, piece))
    return len(piece.split()) >= _FEWEST_WORDS and len(piece) <= _MOST_CHARS and " | " not in piece and digits <= _MOST_DIGITS * max(letters, 1)
