"""The redaction of a whole text as one call, loaded once per process; documents and questions go through the same."""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache

from lakedocs.keys import read_key
from lakedocs.records import Finding, Redacted
from lakedocs.redact.entities import check_entities
from lakedocs.redact.family import Recurring
from lakedocs.redact.findings import Analyzer
from lakedocs.redact.lists import Entry, Lists
from lakedocs.redact.operators import Redactor
from lakedocs.redact.recognizers import load_recognizers
from lakedocs.redact.spans import Found, joined
from lakedocs.redact.vault import open_vault
from lakedocs.settings import Settings

_CACHED_TEXTS = 20_000
_CACHED_CHARS = 400


class TextRedactor:
    """Redacts texts; what was found in short ones that occur again (table cells, footers) is remembered."""

    def __init__(self, settings: Settings, entries: tuple[Entry, ...] = ()) -> None:
        check_entities(settings, {entry.entity for entry in entries})
        data = load_recognizers(settings)
        self.columns = data.columns
        self.sure_score = settings.redaction.sure_score
        self._analyzer = Analyzer(settings.redaction, data)
        vault = open_vault(settings) if settings.redaction.is_reversible else None
        self._redactor = Redactor(settings.redaction, read_key(settings.keys.redaction, settings.storage.root), vault)
        self.value_hash = self._redactor.value_hash
        self._lists = Lists(entries)
        self._seen: OrderedDict[str, Found] = OrderedDict()

    def findings(self, text: str) -> list[Finding]:
        """What would be replaced in a text that stands alone: a family of its own, in which names and identifiers recur."""
        findings = self.found(text).findings
        if not findings:
            return findings
        recurring = Recurring()
        recurring.learn(text, findings)
        # IBAN, where it was taken for a name, recurs in no `<IBAN_CODE>`
        more = recurring.find(self._analyzer.without_replaced(text), findings)
        return findings if more == findings else self._lists.applied(text, joined(text, more))

    def found(self, text: str) -> Found:
        """What would be replaced in a text without a look at what recurs, and what nearly would."""
        if not any(character.isalnum() for character in text):
            return Found([], [])
        known = self._seen.get(text)
        if known is not None:
            self._seen.move_to_end(text)
            return known
        found = self._lists.decided(text, self._analyzer.find(text))
        if len(text) <= _CACHED_CHARS:
            self._seen[text] = found
            if len(self._seen) > _CACHED_TEXTS:
                self._seen.popitem(last=False)
        return found

    def replace(self, text: str, findings: list[Finding], document: str = "") -> Redacted:
        """The text with these findings replaced; the dates of a document move together."""
        return self._redactor.apply(text, findings, document)

    def redact(self, text: str) -> Redacted:
        """A text that stands alone as everything behind 06 may see it."""
        return self.replace(text, self.findings(text))


@lru_cache(maxsize=2)
def text_redactor(settings_json: str, entries: tuple[Entry, ...] = ()) -> TextRedactor:
    """The redactor of these settings (as JSON, which can be a key) and lists, built once per process."""
    return TextRedactor(Settings.model_validate_json(settings_json), entries)
