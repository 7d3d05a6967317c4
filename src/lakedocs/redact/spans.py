"""Findings of one text held against each other; imports nothing that only the redacting cluster has."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from lakedocs.records import Finding
from lakedocs.redact.looks import plain
from lakedocs.redact.ner.files import EMBEDDED, NAMES
from lakedocs.redact.pseudonyms import TITLES


class Found(NamedTuple):
    """What is to be hidden in a text, and what nearly is; each in order, none overlapping another."""

    findings: list[Finding]
    near: list[Finding]


def apart_from(findings: list[Finding], others: Iterable[Finding]) -> list[Finding]:
    """Those of `others` that overlap none of `findings`, which are in order and do not overlap each other."""
    starts = [finding.start for finding in findings]

    def is_apart(other: Finding) -> bool:
        before = bisect_left(starts, other.end)
        return before == 0 or findings[before - 1].end <= other.start

    return [other for other in others if is_apart(other)]


def united(findings: Iterable[Finding]) -> list[Finding]:
    """Overlapping findings as one, in order of their start; named after the surest (then the longest) of them, a pattern before the model."""
    result: list[Finding] = []
    for finding in sorted(findings, key=lambda f: (f.start, -f.end, f.entity, f.recognizer)):
        if result and finding.start < result[-1].end:
            last = result[-1]
            surest = max(last, finding, key=lambda f: (f.recognizer != EMBEDDED, f.score, f.end - f.start))
            result[-1] = Finding(last.start, max(last.end, finding.end), surest.entity, surest.score, surest.recognizer)
        else:
            result.append(finding)
    return result


def joined(text: str, findings: list[Finding]) -> list[Finding]:
    """The parts of a name that different recognisers found, with nothing but a space between them, as one; findings in order, none overlapping.

    Two numbers or addresses side by side are two, and so are two people; of one person's names, one pseudonym must stand for all.
    """
    result: list[Finding] = []
    for finding in findings:
        last = result[-1] if result else None
        if last and last.entity == finding.entity and finding.entity in NAMES and _is_one(text, last, finding):
            surest = max(last, finding, key=lambda f: (f.score, f.end - f.start))
            result[-1] = Finding(last.start, finding.end, last.entity, surest.score, surest.recognizer)
        else:
            result.append(finding)
    return result


def _is_one(text: str, first: Finding, second: Finding) -> bool:
    """Whether hardly anything stands between two parts, and not each of them has a first and a last name."""
    if plain(text[first.end : second.start]).text not in ("", " "):
        return False
    return not all(_capitals(text[part.start : part.end]) > 1 for part in (first, second))


def _capitals(name: str) -> int:
    words = (word for word in name.split() if word.rstrip(".").casefold() not in TITLES)
    return sum(word[0].isupper() for word in words)
