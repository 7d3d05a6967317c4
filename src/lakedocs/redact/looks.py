"""A text as a reader sees it: what looks alike is written alike, and what is not seen is not there; with the way back to the text itself.

A hyphen that does not break, a space that does not either, a zero-width space inside of a number: Word and web pages are full of them, and no
pattern knows them. Unicode's own compatibility forms (NFKC) say most of what looks alike, TR39's confusables the letters of other scripts.
What is spelled letter by letter, `J o h n` or J.o.h.n, is a word to its reader.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from string import ascii_lowercase

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

_SPELLED = re.compile(
    r"(?<!\w)[^\W\d_]([ .*,_·•-])[^\W_](?:\1[^\W_])+(?!\w)"
    r"|(?<= {2})[^\W\d_] [^\W\d_](?= {2}|$)|(?:^|(?<=\n))[^\W\d_] [^\W\d_](?= {2})",
)
"""Three letters or digits and more that stand alone, with one and the same sign between each two of them; or two letters, wide spaces around them."""
_HAS_SPELLED = re.compile(r"(?<!\w)[^\W\d_]([ .*,_·•-])[^\W_]\1[^\W_](?:\1[^\W_](?!\w)| {1,4}[^\W_]\1[^\W_](?!\w))")
"""Four of them, or three and more behind a space: U.S.A. alone is no reason to read a text twice."""
_SHORT = 2
_IN_ONE = re.compile(r" {1,4}(?:[^\W_] {2,4})?")
"""Between two words of one phrase, of which a third may be a single letter."""


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


@dataclass(frozen=True)
class Spelled:
    """A text in which what is spelled letter by letter is written as words.

    Attributes:
        plain: that text, with the way back.
        runs: where in the text itself words that follow each other are spelled.
    """

    plain: Plain
    runs: tuple[tuple[int, int], ...]

    def own(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those of the findings that hold something spelled, as findings of the text itself."""
        return [finding for finding in self.plain.own(findings) if self._run(finding)[1] > finding.start]

    def is_inside(self, finding: Finding) -> bool:
        """Whether a finding of the text itself holds nothing but letters that are part of a word."""
        start, end = self._run(finding)
        return start <= finding.start and finding.end <= end

    def _run(self, finding: Finding) -> tuple[int, int]:
        """The last thing that is spelled before a finding ends."""
        before = bisect_left(self.runs, (finding.end,))
        return self.runs[before - 1] if before else (0, 0)


def spelled(text: str) -> Spelled | None:
    """The words that a text spells letter by letter; none where it spells none."""
    if not _HAS_SPELLED.search(text):
        return None
    pieces: list[str] = []
    gaps: list[int] = []
    runs: list[tuple[int, int]] = []
    end = 0
    for run in _SPELLED.finditer(text):
        letters = run.group()[::2]
        if not _is_word(letters):
            continue
        is_next = runs and _IN_ONE.fullmatch(text, runs[-1][1], run.start())
        runs[-1:] = [(runs[-1][0], run.end())] if is_next else [*runs[-1:], run.span()]
        pieces.append(text[end : run.start()])
        words = "".join(map(_apart, " " + letters, letters)).lstrip()
        at = run.start() - len(gaps)
        # what stands between two letters of a word is gone; of what stands between two words, a space is left
        gaps += [at + place for place in range(1, len(words)) if words[place] != " " and words[place - 1] != " "]
        pieces.append(words)
        end = run.end()
    return Spelled(Plain("".join([*pieces, text[end:]]), tuple(gaps)), tuple(runs)) if runs else None


def as_words(text: str) -> str:
    """The text as a reader sees it, with what it spells letter by letter as words."""
    seen = plain(text).text
    words = spelled(seen)
    return words.plain.text if words else seen


def _apart(before: str, letter: str) -> str:
    """A letter, behind a space where it begins a word: `J o h n S m i t h` are two."""
    return f" {letter}" if before.islower() and letter.isupper() else letter


def _is_word(letters: str) -> bool:
    """Whether people may read these letters as one: `S M T W T F S` are the days of a week, and `Y N N Y` are answers."""
    if len(letters) == _SHORT or not letters.isascii() or not letters.isalpha():
        return True
    different = set(letters.casefold())
    if letters.casefold() in ascii_lowercase:  # columns, exhibits, answers: `A B C D`
        return False
    return len(different) > 1 and not different.isdisjoint("aeiouy" if len(different) > _SHORT else "aeiou")


def _in_one_script(word: re.Match[str]) -> str:
    """A word of Latin letters with others that look like them: all of it Latin."""
    letters = word.group()
    return "".join(_LETTERS.get(letter, letter) for letter in letters) if _LATIN.search(letters) else letters
