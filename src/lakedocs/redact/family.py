"""What is found once in a family of documents is hidden wherever in it it recurs.

A model sees a name in one sentence and misses it in the next; a number is told by the word before it, and stands alone later. So a
family's texts are held until all are read, its names and identifiers gathered, and then looked for in every one of them.
"""

from __future__ import annotations

import pickle
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Generic, TypeVar

from lakedocs.records import Finding, Redacted, TableRow
from lakedocs.redact.candidates import candidates
from lakedocs.redact.columns import Columns, Noted
from lakedocs.redact.lists import Entry, Lists
from lakedocs.redact.looks import as_words, plain
from lakedocs.redact.ner.files import NAMES
from lakedocs.redact.pseudonyms import TITLES
from lakedocs.redact.spans import Found, apart_from, joined, united

if TYPE_CHECKING:
    from lakedocs.redact.policy import TextRedactor

RECURRENCE = "Recurrence"
_IN_MEMORY = 8 * 2**20
"""Bytes of a family; what is more lies on disk until the family is whole."""

_WORD = re.compile(r"[^\W_]+")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_SURE = 0.5
_PLACES_PER_FINDING, _PLACES_PER_GIVEN = 4, 2
_SHORTEST_NAME, _SHORTEST_SURNAME, _SHORTEST_NUMBER = 4, 3, 6

Row = TypeVar("Row")
_Text = tuple[str, Found]


class Recurring:
    """The names and identifiers found so far, and where else they stand.

    A single word counts as a name only where it is never written small: `Tax` in a family that writes of tax is no surname. One that
    was found alone must also have been found in a fair share of its places: what the model saw once in a column of `High` is no town.
    Of what stands before a surname that is asked more strictly: it may be a rank, and `the Judge` is nobody's name.
    """

    def __init__(self) -> None:
        self._always: dict[str, tuple[str, float]] = {}
        self._unless_a_word: dict[str, tuple[str, float]] = {}
        self._before_surnames: dict[str, tuple[str, float]] = {}
        self._alone: set[str] = set()
        self._small: set[str] = set()
        self._written: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._sought: dict[str, tuple[str, float]] | None = None
        self._lengths: dict[str, list[int]] = {}

    def learn(self, text: str, findings: list[Finding]) -> None:
        """Take note of what was found in a text, and of the words that it writes small."""
        self._written.update(word.casefold() for word in _WORD.findall(text) if not word.islower())
        self._small.update(word for between in _between(text, findings) for word in _WORD.findall(between) if word.islower())
        self.learn_found(text, findings)

    def learn_found(self, text: str, findings: list[Finding]) -> None:
        """Take note of what was found in a text."""
        for finding in findings:
            value = _EDGES.sub("", " ".join(as_words(text[finding.start : finding.end]).split()))
            if finding.entity in NAMES:
                self._found.update(map(str.casefold, _WORD.findall(value)))
                self._name(value, finding)
            elif _is_identifier(value):
                for written in {value, value.upper(), value.lower()}:
                    self._always.setdefault(written, (finding.entity, finding.score))

    def find(self, text: str, findings: list[Finding]) -> list[Finding]:
        """The findings of a text, with what recurs in it; in order, none overlapping another."""
        starts = [finding.start for finding in findings]

        def is_known(more: Finding) -> bool:
            before = bisect_right(starts, more.start)
            return before > 0 and more.end <= findings[before - 1].end

        seen = plain(text)
        more = [finding for finding in seen.own(self._recurrences(seen.text)) if not is_known(finding)]
        return united([*findings, *more]) if more else findings

    def _name(self, value: str, finding: Finding) -> None:
        words = value.split()
        while words and words[0].rstrip(".").casefold() in TITLES:
            words = words[1:]
        if not words or not any(character.isupper() for character in value) or any(character.isdigit() for character in value):
            return
        known = (finding.entity, finding.score)
        name = " ".join(words)
        if len(words) > 1:
            if finding.entity == "PERSON" or finding.score >= _SURE:
                for written in {name, name.upper(), name.title()}:
                    self._always.setdefault(written, known)
            if finding.entity == "PERSON" and finding.score >= _SURE:
                surname = _EDGES.sub("", words[-1])
                self._word(self._unless_a_word, surname, _SHORTEST_SURNAME, known)
                for given in words[:-1]:
                    self._word(self._before_surnames, _EDGES.sub("", given), _SHORTEST_NAME, known)
                for written in (f"{name[0]}. {surname}", f"{name[0]} {surname}"):
                    self._always.setdefault(written, known)
        elif finding.score >= _SURE:
            if words == value.split():  # without a title before it
                self._alone.add(name.casefold())
            self._word(self._unless_a_word, name, _SHORTEST_NAME, known)

    @staticmethod
    def _word(names: dict[str, tuple[str, float]], word: str, shortest: int, known: tuple[str, float]) -> None:
        if len(word) >= shortest and word[0].isupper():
            for written in {word, word.upper(), word.title()}:
                names.setdefault(written, known)

    def _recurrences(self, text: str) -> Iterator[Finding]:
        if self._sought is None:
            self._sought, self._lengths = self._ordered()
        if not self._sought:
            return
        spaced = re.sub(r"\s", " ", text)
        reached = 0
        for word in _WORD.finditer(spaced):
            start = word.start()
            for length in self._lengths.get(word.group(), ()) if start >= reached else ():
                name = spaced[start : start + length]
                end = start + len(name)
                if name in self._sought and not spaced[end : end + 1].isalnum():
                    yield Finding(start, end, *self._sought[name], RECURRENCE)
                    reached = end
                    break

    def _ordered(self) -> tuple[dict[str, tuple[str, float]], dict[str, list[int]]]:
        """What is looked for, and how long those are that begin with a word, the longest first. Called when everything has been learnt.

        Lengths, not names: every number of a country may begin with the same word.
        """
        given = {word: known for word, known in self._before_surnames.items() if self._is_given_name(word.casefold())}
        sought = given | {word: known for word, known in self._unless_a_word.items() if self._is_name(word.casefold())} | self._always
        lengths: dict[str, set[int]] = {}
        for name in sought:
            if first := _WORD.match(name):
                lengths.setdefault(first.group(), set()).add(len(name))
        return sought, {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def _is_name(self, word: str) -> bool:
        if word in self._small:
            return False
        return word not in self._alone or self._found[word] * _PLACES_PER_FINDING >= self._written[word]

    def _is_given_name(self, word: str) -> bool:
        return word not in self._small and self._found[word] * _PLACES_PER_GIVEN >= self._written[word]


def _between(text: str, findings: list[Finding]) -> Iterator[str]:
    """What no finding holds: a surname in an address is written small, and is a name all the same."""
    reached = 0
    for finding in findings:
        yield text[reached : finding.start]
        reached = finding.end
    yield text[reached:]


def _is_identifier(value: str) -> bool:
    """Whether a value can't be mistaken for an ordinary word or a small number."""
    return "@" in value or sum(map(str.isdigit, value)) >= _SHORTEST_NUMBER


class Family(Generic[Row]):
    """The texts of one family, held until the last was read; used as a context, for what it holds may lie on disk.

    Args:
        redactor: finds and replaces.
        document_of: tells which document a row is of.
        decided: what people decided for this family, above everything that is found.
    """

    def __init__(self, redactor: TextRedactor, document_of: Callable[[Row], str] = lambda row: "", decided: Iterable[Entry] = ()) -> None:
        self._redactor = redactor
        self._decided = Lists(decided)
        self._document_of = document_of
        self._recurring = Recurring()
        self._columns = Columns(redactor.findings, redactor.columns)
        self._held = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # closed by `__exit__`
        self._rows = 0

    def __enter__(self) -> Family[Row]:
        return self

    def __exit__(self, *args: object) -> None:
        self._held.close()

    def add(self, row: Row, *texts: str) -> None:
        """Hold a row with its texts."""
        self._hold(row, [self._found(text) for text in texts])

    def add_hidden(self, row: Row, hidden: str, entity: str, *texts: str) -> None:
        """Hold a row whose first text is such a thing as a whole, whatever it looks like."""
        whole = [Finding(0, len(hidden), entity, 1.0, "field")] if hidden.strip() else []
        self._hold(row, [(hidden, Found(self._decided.applied(hidden, whole), [])), *map(self._found, texts)])

    def add_cells(self, row: Row, cells: str, place: TableRow, *texts: str) -> None:
        """Hold a row whose first text is a table's row; those of one table come after each other, in their order."""
        text, found = self._found(cells)
        noted = self._columns.note(place, cells, found.findings)
        self._hold(row, [(text, found), *map(self._found, texts)], noted)

    def redacted(self) -> Iterator[tuple[Row, list[Redacted]]]:
        """Every row in its order, with its texts as everything behind 06 may see them."""
        if self._columns.are_personal:
            for _, texts, in_columns in self._read():
                text = texts[0][0]
                # a single word of a column may be any: `Unknown` under `Surname` is no name elsewhere
                self._recurring.learn_found(text, [found for found in in_columns if len(_WORD.findall(text[found.start : found.end])) > 1])
        for row, texts, in_columns in self._read():
            if in_columns:
                text, found = texts[0]
                texts[0] = (text, found._replace(findings=united([*found.findings, *in_columns])))
            document = self._document_of(row)
            yield row, [self._replaced(text, found, document) for text, found in texts]

    def _found(self, text: str) -> _Text:
        return text, self._decided.decided(text, self._redactor.found(text))

    def _replaced(self, text: str, found: Found, document: str) -> Redacted:
        findings = self._decided.applied(text, joined(text, self._recurring.find(text, found.findings)))
        redacted = self._redactor.replace(text, findings, document)
        open_ones = candidates(text, findings, apart_from(findings, found.near), redacted, self._redactor.sure_score, self._redactor.value_hash)
        return replace(redacted, candidates=tuple(open_ones))

    def _hold(self, row: Row, texts: list[_Text], noted: Noted | None = None) -> None:
        for text, found in texts:
            self._recurring.learn(text, found.findings)
        pickle.dump((row, texts, noted), self._held)
        self._rows += 1

    def _read(self) -> Iterator[tuple[Row, list[_Text], list[Finding]]]:
        """Every row with its texts and what is found in each, and the cells of the first that stand in columns of personal data."""
        self._held.seek(0)
        for _ in range(self._rows):
            row, texts, noted = pickle.load(self._held)  # noqa: S301  # written by this object, into a file without a name
            yield row, texts, self._columns.find(noted, texts[0][0]) if noted else []
