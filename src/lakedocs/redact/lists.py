"""A customer's own lists: what is always hidden and what never is, exact or by pattern; imports nothing that only the redacting cluster has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from lakedocs.errors import SettingsError
from lakedocs.records import Finding
from lakedocs.redact.looks import plain
from lakedocs.redact.pseudonyms import one_form
from lakedocs.redact.spans import Found, apart_from, united

DENIED = "DenyList"
_WORD = re.compile(r"[^\W_]+")


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
        self._exact = [entry for entry in self.entries if not entry.is_pattern]
        self._forms: dict[tuple[bool, str], dict[str, Entry]] = {}

    def applied(self, text: str, findings: list[Finding]) -> list[Finding]:
        """The findings without what is allowed, and with what is denied; in order, none overlapping another."""
        return self.decided(text, Found(findings, [])).findings

    def decided(self, text: str, found: Found) -> Found:
        """The same of what is found; what is nearly found is hidden if it is denied, and no longer near if it is on a list."""
        if not self.entries:
            return found
        seen = plain(text)
        denied, kept = seen.own(self._listed(seen.text, is_denied=True)), seen.own(self._listed(seen.text, is_denied=False))

        def left(findings: list[Finding]) -> list[Finding]:
            disputed = [f for f in findings if not any(k.start <= f.start and f.end <= k.end and k.entity in ("", f.entity) for k in kept)]
            return [f for f in disputed if not self._is_allowed(f.entity, text[f.start : f.end])]

        sure = [self._denied(finding, text) or finding for finding in left(found.findings)]
        near = left(found.near)
        hidden = [finding for other in near if (finding := self._denied(other, text))]
        findings = united([*sure, *hidden, *denied])
        return Found(findings, apart_from(findings, near))

    def _is_allowed(self, entity: str, value: str) -> bool:
        """Whether a value is on the list, however it is written."""
        if one_form(entity, value) in self._of(entity, is_denied=False):
            return True
        seen = plain(value).text
        return any(not entry.is_denied and entry.entity in ("", entity) and pattern.fullmatch(seen) for entry, pattern in self._patterns)

    def _denied(self, finding: Finding, text: str) -> Finding | None:
        """A finding whose value is denied, however it is written, as one that is sure."""
        entry = self._of(finding.entity, is_denied=True).get(one_form(finding.entity, text[finding.start : finding.end]))
        return Finding(finding.start, finding.end, entry.entity, 1.0, DENIED) if entry else None

    def _of(self, entity: str, *, is_denied: bool) -> dict[str, Entry]:
        """The exact entries that count for an entity, by the form in which all ways of writing a value are one."""
        key = (is_denied, entity)
        if key not in self._forms:
            wanted = [e for e in self._exact if e.is_denied == is_denied and (is_denied or e.entity in ("", entity))]
            self._forms[key] = {one_form(entity, entry.value): entry for entry in wanted}
        return self._forms[key]

    def _listed(self, text: str, *, is_denied: bool) -> list[Finding]:
        """Where the values of a list stand in a text, as whole words in any case; of the allowed ones only the exact."""
        found = [
            Finding(match.start(), match.end(), entry.entity, 1.0, DENIED)
            for entry, pattern in self._patterns
            if entry.is_denied and is_denied
            for match in pattern.finditer(text)
            if match.group()
        ]
        wanted = self._by_first_word[is_denied]
        for word in _WORD.finditer(text) if wanted else ():
            for entity, signs, pattern in wanted.get(word.group().casefold(), ()):
                if match := pattern.match(text, word.start()):
                    start = word.start() - len(signs) if text.endswith(signs, 0, word.start()) else word.start()
                    found.append(Finding(start, match.end(), entity, 1.0, DENIED))
        return found

    @cached_property
    def _by_first_word(self) -> dict[bool, dict[str, list[tuple[str, str, re.Pattern[str]]]]]:
        """For each list and first word: the entity, the signs before that word (a number without its + is hidden all the same), and the rest."""
        found: dict[bool, dict[str, list[tuple[str, str, re.Pattern[str]]]]] = {True: {}, False: {}}
        for entry in self._exact:
            value = plain(entry.value).text
            if first := _WORD.search(value):
                known = (entry.entity, value[: first.start()], _as_words(value[first.start() :]))
                found[entry.is_denied].setdefault(first.group().casefold(), []).append(known)
        return found


def _as_words(value: str) -> re.Pattern[str]:
    """Matches a value, whatever spaces part its words, up to the end of a word."""
    parts = r"\s+".join(re.escape(part) for part in value.split())
    return re.compile(parts + (r"(?![^\W_])" if value.rstrip()[-1:].isalnum() else ""), re.IGNORECASE)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise SettingsError("A pattern in raw.redaction_lists is no regular expression: `lakedocs lists show` lists them.") from error
