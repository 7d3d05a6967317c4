"""The sentences of a passage and the words that count in them."""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(r"(?<=[.!?。])\s+(?=\S)|\n+")
_WORD = re.compile(r"\w+")
_LONGEST_SENTENCE = 600
_STOP_TEXT = """
a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my no not of on or our
shall should so than that the their them then there these they this to was we were what when where which who whom whose why will
with would you your
"""
_STOP_WORDS = frozenset(_STOP_TEXT.split())


def sentences(text: str) -> list[str]:
    """The sentences and lines of a passage, very long ones cut."""
    pieces = (" ".join(piece.split()) for piece in _SENTENCE_END.split(text))
    return [piece[:_LONGEST_SENTENCE] for piece in pieces if any(character.isalnum() for character in piece)]


def telling_words(text: str) -> set[str]:
    """The stems of the words that say something."""
    return {_stem(word) for word in _WORD.findall(text.casefold()) if word not in _STOP_WORDS}


def _stem(word: str) -> str:
    """A word without its plural or past ending: enough for counting words in common."""
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
