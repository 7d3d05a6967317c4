"""What a person should look at: findings that were hidden unsurely, and what was nearly found, with the redacted text around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lakedocs.records import Candidate, Finding, Redacted

_AROUND = 60
"""Characters before and after."""
_FEWEST_SIGNS = 2
"""Letters and digits of what was nearly found: nobody decides on a dash."""

ValueHash = Callable[[str, str], str]
"""From an entity and a value to the value's keyed hash."""


def candidates(
    text: str, findings: list[Finding], near: list[Finding], redacted: Redacted, sure: float, value_hash: ValueHash
) -> Iterator[Candidate]:
    """What is to be decided on in a text.

    Args:
        text: as it was read.
        findings: what was replaced in it, in order.
        near: what was not, apart from `findings`.
        redacted: what came of it.
        sure: the score from which nobody has to look.
    """
    for finding, replaced in zip(findings, redacted.redactions, strict=True):
        if finding.score < sure:
            yield _candidate(text, finding, redacted.text, replaced.start, replaced.end, True, value_hash)
    moved = _Moved(findings, redacted)
    for finding in near:
        if sum(map(str.isalnum, text[finding.start : finding.end])) < _FEWEST_SIGNS:
            continue
        start, end = moved.place(finding.start), moved.place(finding.end)
        yield _candidate(text, finding, redacted.text, start, end, False, value_hash)


def _candidate(text: str, finding: Finding, redacted: str, start: int, end: int, is_hidden: bool, value_hash: ValueHash) -> Candidate:
    value = text[finding.start : finding.end]
    return Candidate(
        finding.entity, finding.score, finding.recognizer, is_hidden, value, redacted[max(0, start - _AROUND) : start],
        redacted[end : end + _AROUND], value_hash(finding.entity, value),
    )  # fmt: skip


class _Moved:
    """Where a place of the text, outside of what was replaced, is in the redacted text; asked for in order."""

    def __init__(self, findings: list[Finding], redacted: Redacted) -> None:
        self._ends = [(finding.end, replaced.end) for finding, replaced in zip(findings, redacted.redactions, strict=True)]
        self._next = 0
        self._shift = 0

    def place(self, place: int) -> int:
        while self._next < len(self._ends) and self._ends[self._next][0] <= place:
            end, moved_end = self._ends[self._next]
            self._shift = moved_end - end
            self._next += 1
        return place + self._shift
