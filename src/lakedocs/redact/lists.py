"""A customer's own lists: what is always hidden and what never is, exact or by pattern; imports nothing that only the redacting cluster has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from lakedocs.errors import SettingsError
from lakedocs.records import Finding
from lakedocs.redact.looks import plain
from lakedocs.redact.spans import Found, apart_from, united

DENIED = "DenyList"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list.

    Attributes:
        is_denied: hidden wherever it stands; else never hidden.
        entity: what a denied value is hidden as; of an allowed one, as what it is not hidden: empty for anything.
        is_pattern: the value is a regular expression; of an allowed one it has to match the whole finding.
    """

    is_denied: bool
    entity: str
    value: str = field(repr=False)
    is_pattern: bool = False


class Lists:
    """What the entries come to. A denied value is hidden even if it is allowed, too.

    Raises:
        SettingsError: when a pattern is no regular expression; it is not quoted, for it may name somebody.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(sorted(set(entries), key=lambda entry: (entry.is_denied, entry.entity, entry.is_pattern, entry.value)))
        self._patterns = [(entry, _compiled(entry.value)) for entry in self.entries if entry.is_pattern]
        self._allowed = {(entry.entity, _plain(entry.value)) for entry in self.entries if not entry.is_denied and not entry.is_pattern}

    def applied(self, text: str, findings: list[Finding]) -> list[Finding]:
        """The findings without what is allowed, and with what is denied; in order, none overlapping another."""
        return united([*self._disputed(text, findings), *self._denied(text)]) if self.entries else findings

    def decided(self, text: str, found: Found) -> Found:
        """The same of what is found, and what is nearly found without what is on a list."""
        if not self.entries:
            return found
        findings = self.applied(text, found.findings)
        return Found(findings, apart_from(findings, self._disputed(text, found.near)))

    def _disputed(self, text: str, findings: list[Finding]) -> list[Finding]:
        return [finding for finding in findings if not self._is_allowed(finding.entity, text[finding.start : finding.end])]

    def _is_allowed(self, entity: str, value: str) -> bool:
        form = _plain(value)
        if ("", form) in self._allowed or (entity, form) in self._allowed:
            return True
        return any(not entry.is_denied and entry.entity in ("", entity) and pattern.fullmatch(value) for entry, pattern in self._patterns)

    def _denied(self, own: str) -> list[Finding]:
        seen = plain(own)
        text = seen.text
        found = [
            Finding(match.start(), match.end(), entry.entity, 1.0, DENIED)
            for entry, pattern in self._patterns
            if entry.is_denied
            for match in pattern.finditer(text)
            if match.group()
        ]
        for word in _WORD.finditer(text) if self._by_first_word else ():
            for entry in self._by_first_word.get(word.group().casefold(), ()):
                end = word.start() + len(entry.value)
                if _plain(text[word.start() : end]) == _plain(entry.value) and not text[end : end + 1].isalnum():
                    found.append(Finding(word.start(), end, entry.entity, 1.0, DENIED))
        return seen.own(found)

    @cached_property
    def _by_first_word(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if entry.is_denied and not entry.is_pattern and (first := _WORD.search(entry.value)):
                found.setdefault(first.group().casefold(), []).append(entry)
        return found


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise SettingsError("A pattern in raw.redaction_lists is no regular expression: `lakedocs lists show` lists them.") from error


def _plain(value: str) -> str:
    return " ".join(plain(value).text.casefold().split())
