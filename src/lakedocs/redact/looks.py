"""A text as a reader sees it: what looks alike is written alike, and what is not seen is not there; with the way back to the text itself.

A hyphen that does not break, a space that does not either, a zero-width space inside of a number: Word and web pages are full of them, and no
pattern knows them. Unicode's own compatibility forms (NFKC) say most of what looks alike, TR39's confusables the letters of other scripts.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lakedocs.records import Finding

_OTHER_SCRIPT = re.compile(r"[\u0370-\u03ff\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"[^\W_]+")
_LETTERS = dict(zip("АВЕЅІЈКМНОРСТХаеоріјсухѕԁԛԝАΒΕΖΗΙΚΜΝΟΡΤΥΧονιαρ", "ABESIJKMHOPCTXaeopijcyxsdqwABEZHIKMNOPTYXoviap", strict=True))
_AS_IT_IS = frozenset("|\n\r\t")


class _Looks(dict[int, str]):
    """For each character one that looks like it, found out when it is first met; none for those that are not seen."""

    def __missing__(self, code: int) -> str:
        self[code] = _look(chr(code))
        return self[code]


def _look(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    if category == "Pd" or character == "\u2212":  # minus
        return "-"
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) != 1 or plain in _AS_IT_IS:
        return character
    return str(unicodedata.decimal(plain, plain))


_LOOKS = _Looks({ord(character): character for character in _AS_IT_IS})
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
"""Zero-width characters, marks of direction, soft hyphens."""


@dataclass(frozen=True)
class Plain:
    """What a reader sees of a text.

    Attributes:
        gaps: before which of its characters something unseen stands in the text, once for each such character.
    """

    text: str = field(repr=False)
    gaps: tuple[int, ...] = ()

    def own(self, findings: Iterable[Finding]) -> list[Finding]:
        """Findings of what is seen as those of the text itself."""
        if not self.gaps:
            return list(findings)
        return [replace(finding, start=self._own(finding.start), end=self._own(finding.end - 1) + 1) for finding in findings]

    def _own(self, place: int) -> int:
        return place + bisect_right(self.gaps, place)


def plain(text: str) -> Plain:
    """The text as a reader sees it."""
    if text.isascii():
        return Plain(text)
    looks = text.translate(_LOOKS)
    gaps = tuple(match.start() - before for before, match in enumerate(_UNSEEN.finditer(looks)))
    if gaps:
        looks = _UNSEEN.sub("", looks)
    if _OTHER_SCRIPT.search(looks):
        looks = _WORD.sub(_in_one_script, looks)
    return Plain(looks, gaps)


def _in_one_script(word: re.Match[str]) -> str:
    """A word of Latin letters with others that look like them: all of it Latin."""
    letters = word.group()
    return "".join(_LETTERS.get(letter, letter) for letter in letters) if _LATIN.search(letters) else letters
