"""What stands where personal data stood: its type, a mask, or a keyed hash that is the same for the same value."""

from __future__ import annotations

import hashlib
import hmac

from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult

from lakedocs.records import Finding, Redacted, Redaction
from lakedocs.settings import RedactionSettings


class Redactor:
    """Replaces findings by the operator of their entity; offsets of the result point at the replacements."""

    def __init__(self, settings: RedactionSettings, key: bytes) -> None:
        self._settings = settings
        self._key = key
        self._engine = AnonymizerEngine()

    def apply(self, text: str, findings: list[Finding]) -> Redacted:
        """The text with every finding replaced, and an audit that holds no value.

        Args:
            findings: in order, none overlapping another.
        """
        if not findings:
            return Redacted(text)
        spans = [RecognizerResult(f.entity, f.start, f.end, f.score) for f in findings]
        operators = {entity: self._operator(entity) for entity in {f.entity for f in findings}}
        # adjacent findings must stay two: Presidio would otherwise merge those of one type into one
        outcome = self._engine.anonymize(text, spans, operators, merge_entities_with_spaces=False)
        items = sorted(outcome.items, key=lambda item: item.start)
        redactions = tuple(
            Redaction(item.start, item.end, f.entity, f.score, f.recognizer, self.value_hash(f.entity, text[f.start : f.end]))
            for item, f in zip(items, findings, strict=True)
        )
        return Redacted(str(outcome.text), redactions)

    def value_hash(self, entity: str, value: str) -> str:
        """A keyed hash of a value, blind to case and spacing: tells that two findings are the same, not what they are."""
        normal = " ".join(value.casefold().split())
        return hmac.new(self._key, f"{entity}\x00{normal}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]

    def _operator(self, entity: str) -> OperatorConfig:
        name = self._settings.operators.get(entity, self._settings.default_operator)
        if name == "mask":
            return OperatorConfig("custom", {"lambda": lambda value: "*" * max(len(value), 4)})
        if name == "hash":
            return OperatorConfig("custom", {"lambda": lambda value: f"<{entity}_{self.value_hash(entity, value)[:12]}>"})
        return OperatorConfig("replace", {"new_value": f"<{entity}>"})
