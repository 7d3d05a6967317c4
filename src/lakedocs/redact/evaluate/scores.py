"""Precision, recall and F2 of findings against marks: by span, by word, and in the way of the Text Anonymization Benchmark.

Pilán et al., "The Text Anonymization Benchmark (TAB)", Computational Linguistics 48(4), 2022: an entity counts as hidden only if all
its mentions are; precision is over words, against everything that should be masked.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lakedocs.records import Finding
from lakedocs.redact.evaluate.labelled import Labelled, Mark

_WORD = re.compile(r"\w+")
ANY = "any"
"""Of words, whatever their type."""
_MUST_NOT = "NO_MASK"


@dataclass(frozen=True)
class Rates:
    """Precision, recall and F2, of `there` things that should be found."""

    precision: float
    recall: float
    there: int

    @property
    def f2(self) -> float:
        """Recall counts four times as much as precision."""
        return 5 * self.precision * self.recall / (4 * self.precision + self.recall) if self.precision + self.recall else 0.0


@dataclass(frozen=True)
class Miss:
    """A marked passage of which words stayed readable."""

    entity: str
    value: str = field(repr=False)
    around: str = field(repr=False)


@dataclass(frozen=True)
class Scores:
    """How well a labelled file is redacted.

    Attributes:
        spans: per type, findings with exactly the marked characters.
        words: per type, words; under `any`, words whatever the type.
        false_per_1000: words hidden in texts without any mark, per 1,000 of their words.
        entities: for DIRECT and QUASI, the share of entities all of whose mentions are hidden; empty where the data has no such kinds.
        masked: the words of DIRECT and QUASI marks.
    """

    texts: int
    spans: dict[str, Rates]
    words: dict[str, Rates]
    false_per_1000: float
    entities: dict[str, Rates]
    masked: Rates | None
    misses: tuple[Miss, ...]


class _Tally:
    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.there: Counter[str] = Counter()

    def add(self, key: str, right: int, said: int, there: int) -> None:
        self.right[key] += right
        self.said[key] += said
        self.there[key] += there

    def rates(self) -> dict[str, Rates]:
        return {key: self.of(key) for key in sorted(self.there, key=lambda key: (key == ANY, key)) if self.there[key]}

    def of(self, key: str) -> Rates:
        return Rates(self.right[key] / max(self.said[key], 1), self.right[key] / max(self.there[key], 1), self.there[key])


def score(texts: Sequence[Labelled], found: Iterable[Sequence[Finding]], most_misses: int = 10) -> Scores:
    """The scores of the findings of each text."""
    spans, words, masked, mentions = _Tally(), _Tally(), _Tally(), _Tally()
    misses: list[Miss] = []
    clean = false = 0
    for labelled, findings in zip(texts, found, strict=True):
        places = [(match.start(), match.end()) for match in _WORD.finditer(labelled.text)]
        wanted = [mark for mark in labelled.marks if mark.kind != _MUST_NOT]
        hidden = {n for finding in findings for n in _inside(places, finding.start, finding.end)}
        should = {n for mark in wanted for n in _inside(places, mark.start, mark.end)}
        words.add(ANY, len(hidden & should), len(hidden), len(should))
        for entity in {mark.entity for mark in labelled.marks} | {finding.entity for finding in findings}:
            marked = {(mark.start, mark.end) for mark in labelled.marks if mark.entity == entity}
            given = {(finding.start, finding.end) for finding in findings if finding.entity == entity}
            spans.add(entity, len(marked & given), len(given), len(marked))
            inside = {n for mark in labelled.marks if mark.entity == entity for n in _inside(places, mark.start, mark.end)}
            own = {n for finding in findings if finding.entity == entity for n in _inside(places, finding.start, finding.end)}
            words.add(entity, len(inside & own), len(own), len(inside))
        _count_entities(mentions, wanted, places, hidden)
        if any(mark.kind for mark in labelled.marks):
            masked.add(ANY, len(hidden & should), len(hidden), len(should))
        if not labelled.marks:
            clean, false = clean + len(places), false + len(hidden)
        misses += [_miss(labelled.text, mark) for mark in wanted if not set(_inside(places, mark.start, mark.end)) <= hidden]
    misses.sort(key=lambda miss: -len(miss.value))
    return Scores(
        len(texts), spans.rates(), words.rates(), 1000 * false / max(clean, 1), mentions.rates(), masked.of(ANY) if masked.there else None,
        tuple(_spread(misses, most_misses)),
    )  # fmt: skip


def _inside(places: Sequence[tuple[int, int]], start: int, end: int) -> range:
    """The numbers of the words that lie in part between two characters."""
    first = bisect_left(places, start, key=lambda place: place[1] - 1)
    return range(first, max(first, bisect_left(places, end, key=lambda place: place[0])))


def _count_entities(tally: _Tally, wanted: Sequence[Mark], places: Sequence[tuple[int, int]], hidden: set[int]) -> None:
    entities: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    for number, mark in enumerate(wanted):
        if mark.kind:
            entities[mark.kind, mark.subject or str(number)].append(mark)
    for (kind, _), marks in entities.items():
        is_hidden = all(set(_inside(places, mark.start, mark.end)) <= hidden for mark in marks)
        tally.add(kind, is_hidden, 1, 1)


def _miss(text: str, mark: Mark) -> Miss:
    return Miss(mark.entity, text[mark.start : mark.end], text[max(mark.start - 40, 0) : mark.end + 40].replace("\n", " "))


def _spread(misses: Sequence[Miss], most: int) -> list[Miss]:
    """Of every type some, the longest first."""
    by_entity: dict[str, list[Miss]] = defaultdict(list)
    for miss in misses:
        by_entity[miss.entity].append(miss)
    turns = sorted(((turn, n) for n, found in enumerate(by_entity.values()) for turn in range(len(found))), key=lambda pair: pair)
    queues = list(by_entity.values())
    return [queues[n][turn] for turn, n in turns[:most]]
