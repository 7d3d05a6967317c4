"""What stands where personal data stood: its type, a mask, a pseudonym, a date moved, or a token that the vault's key turns back."""

from __future__ import annotations

from collections.abc import Callable

from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult

from lakedocs.keys import keyed_hash
from lakedocs.records import Finding, Redacted, Redaction, Sealed
from lakedocs.redact.dates import days_of, shifted
from lakedocs.redact.options import RedactionSettings
from lakedocs.redact.pseudonyms import one_form, token
from lakedocs.redact.vault import Vault


class Redactor:
    """Replaces findings by the operator of their entity; offsets of the result point at the replacements.

    Args:
        key: of pseudonyms, hashes and moved dates.
        vault: seals what is to be turned back; needed where an operator is `reversible`.
    """

    def __init__(self, settings: RedactionSettings, key: bytes, vault: Vault | None = None) -> None:
        self._settings = settings
        self._key = key
        self._vault = vault
        self._engine = AnonymizerEngine()

    def apply(self, text: str, findings: list[Finding], document: str = "") -> Redacted:
        """The text with every finding replaced, and an audit that holds no value.

        Args:
            findings: in order, none overlapping another.
            document: whose dates move by the same number of days; dates of none are replaced by their type.
        """
        if not findings:
            return Redacted(text)
        spans = [RecognizerResult(f.entity, f.start, f.end, f.score) for f in findings]
        sealed: dict[str, Sealed] = {}
        operators = {
            entity: OperatorConfig("custom", {"lambda": self._replacement(entity, document, sealed)}) for entity in {f.entity for f in findings}
        }
        # adjacent findings must stay two: Presidio would otherwise merge those of one type into one
        outcome = self._engine.anonymize(text, spans, operators, merge_entities_with_spaces=False)
        items = sorted(outcome.items, key=lambda item: item.start)
        redactions = tuple(
            Redaction(item.start, item.end, f.entity, f.score, f.recognizer, self.value_hash(f.entity, text[f.start : f.end]))
            for item, f in zip(items, findings, strict=True)
        )
        return Redacted(str(outcome.text), redactions, tuple(sealed.values()))

    def value_hash(self, entity: str, value: str) -> str:
        """A keyed hash of a value: tells that two findings are the same, not what they are."""
        return keyed_hash(self._key, entity, one_form(entity, value))

    def _replacement(self, entity: str, document: str, sealed: dict[str, Sealed]) -> Callable[[str], str]:
        match self._settings.operator_of(entity):
            case "mask":
                return lambda value: "*" * max(len(value), 4)
            case "hash" | "pseudonym":
                return lambda value: token(self._key, entity, one_form(entity, value))
            case "shift_date" if document:
                days = days_of(self._key, document)
                return lambda value: shifted(value, days) or f"<{entity}>"
            case "reversible" if self._vault:
                return lambda value: self._seal(entity, value, sealed)
            case _:
                return lambda value: f"<{entity}>"

    def _seal(self, entity: str, value: str, sealed: dict[str, Sealed]) -> str:
        """A token of this very value: how it was written must come back, too."""
        assert self._vault
        name = token(self._key, entity, value)
        sealed[name] = Sealed(name, entity, self._vault.seal(entity, value), self._vault.version)
        return name
