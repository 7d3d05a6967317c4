"""Skips a recogniser where it can't find anything: a cheap condition that every one of its matches must meet.

The findings stay exactly Presidio's; a condition is only ever weaker than the recogniser's own pattern. A class without a
condition here always runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from presidio_analyzer import EntityRecognizer, LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

Condition = Callable[[str], bool]

_GROUPED = re.compile(r"\d(?:[^\w|\n]{0,3}[^\W\d_]{0,6}[^\w|\n]{0,3}\d)*")
"""Digits with a few signs or letters between them, 181 / 815 / 08155 or NL91 ABNA 0417; never from one cell to the next."""


@lru_cache(maxsize=4)
def _digits_of(text: str) -> int:
    return sum(map(str.isdigit, text))  # many conditions ask it of one text after the other


def _digits(least: int) -> Condition:
    return lambda text: _digits_of(text) >= least


@lru_cache(maxsize=4)
def _most_together(text: str) -> int:
    return max((sum(map(str.isdigit, match.group())) for match in _GROUPED.finditer(text)), default=0)


def _contains(*characters: str) -> Condition:
    return lambda text: any(character in text for character in characters)


_CONDITIONS: dict[str, Condition] = {
    "EmailRecognizer": _contains("@"),
    "UrlRecognizer": _contains("."),
    "IpRecognizer": _contains(".", ":"),
    "CreditCardRecognizer": _digits(12),
    "IbanRecognizer": _digits(2),
    "MacAddressRecognizer": _contains(":", "-", "."),
    "MedicalLicenseRecognizer": _digits(7),
    "UsSsnRecognizer": _digits(9),
    "UsItinRecognizer": _digits(9),
    "UsPassportRecognizer": _digits(8),
    "UsBankRecognizer": _digits(8),
    "NhsRecognizer": _digits(10),
    "UkNinoRecognizer": _digits(6),
    "ReorderedPanRecognizer": _digits(4),
    "InAadhaarRecognizer": _digits(12),
    "EsNifRecognizer": _digits(7),
    "PlPeselRecognizer": _digits(11),
}


class GatedRecognizer(LocalRecognizer):  # type: ignore[misc]  # presidio ships no types for it
    """A recogniser behind its condition; in everything else the recogniser itself."""

    def __init__(self, inner: EntityRecognizer, condition: Condition) -> None:
        self._inner = inner
        self._condition = condition
        super().__init__(
            supported_entities=inner.supported_entities, name=inner.name, supported_language=inner.supported_language, context=inner.context
        )

    @property
    def id(self) -> str:
        """The inner recogniser's: results carry it, and context words find their recogniser by it."""
        return str(self._inner.id)

    def load(self) -> None:
        """Nothing: the inner recogniser loaded itself when it was made."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None) -> list[RecognizerResult]:
        if not self._condition(text):
            return []
        found: list[RecognizerResult] = self._inner.analyze(text, entities, nlp_artifacts)
        return found

    def enhance_using_context(
        self,
        text: str,
        raw_recognizer_results: list[RecognizerResult],
        other_raw_recognizer_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        enhanced: list[RecognizerResult] = self._inner.enhance_using_context(
            text, raw_recognizer_results, other_raw_recognizer_results, nlp_artifacts, context
        )
        return enhanced


def gated(recognizer: EntityRecognizer) -> EntityRecognizer:
    """The recogniser behind its condition, where its class has one."""
    condition = _CONDITIONS.get(type(recognizer).__name__)
    return GatedRecognizer(recognizer, condition) if condition else recognizer


def with_digits(recognizer: EntityRecognizer, least: int) -> EntityRecognizer:
    """The recogniser, asked only about texts in which so many digits stand together as in a number that people group."""
    return GatedRecognizer(recognizer, lambda text: _most_together(text) >= least)
