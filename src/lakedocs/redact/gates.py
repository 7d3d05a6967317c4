"""Skips a recogniser where it can't find anything: behind conditions that every one of its matches must meet.

The findings stay exactly Presidio's; a condition is only ever weaker than the recogniser's own pattern. What languages leave out is the
one exception.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from presidio_analyzer import EntityRecognizer, LocalRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from lakedocs.redact.conditions import OF_CLASS, Condition, contains, together
from lakedocs.redact.language import UNKNOWN, language_of


class GatedRecognizer(LocalRecognizer):  # type: ignore[misc]  # presidio ships no types for it
    """A recogniser behind its conditions, all of which must hold; in everything else the recogniser itself."""

    def __init__(self, inner: EntityRecognizer, *conditions: Condition) -> None:
        self._inner = inner
        self.conditions = conditions
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
        if not all(condition(text) for condition in self.conditions):
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


class GatedRegistry(RecognizerRegistry):  # type: ignore[misc]  # presidio ships no types for it
    """Recognisers in the order in which they were added, also where only some entities are asked for."""

    def get_recognizers(
        self, language: str, entities: list[str] | None = None, all_fields: bool = False, ad_hoc_recognizers: list[EntityRecognizer] | None = None
    ) -> list[EntityRecognizer]:
        if entities is None or ad_hoc_recognizers:
            found: list[EntityRecognizer] = super().get_recognizers(language, entities, all_fields, ad_hoc_recognizers)
            return found
        wanted = set(entities)
        return [r for r in self.recognizers if r.supported_language == language and not wanted.isdisjoint(r.supported_entities)]

    def possible_entities(self, text: str) -> list[str]:
        """What may be found in a text at all. Asked when all recognisers were added."""
        possible: set[str] = set()
        for conditions, entities in self._by_conditions.items():
            if not entities <= possible and all(condition(text) for condition in conditions):
                possible |= entities
        return list(possible)

    @cached_property
    def _by_conditions(self) -> dict[tuple[Condition, ...], set[str]]:
        found: dict[tuple[Condition, ...], set[str]] = {}
        for recognizer in self.recognizers:
            conditions = recognizer.conditions if isinstance(recognizer, GatedRecognizer) else ()
            found.setdefault(conditions, set()).update(recognizer.supported_entities)
        return found


def gated(recognizer: EntityRecognizer, digits: int = 0, parts: Sequence[str] = ()) -> EntityRecognizer:
    """The recogniser behind its conditions, if there are any.

    Args:
        digits: so many stand together in every match.
        parts: one of these stands in every text with a match.
    """
    conditions = [
        *([of_class] if (of_class := OF_CLASS.get(type(recognizer).__name__)) else ()),
        *([together(digits)] if digits else ()),
        *([contains(*parts)] if parts else ()),
    ]
    return GatedRecognizer(recognizer, *conditions) if conditions else recognizer


class SpokenRecognizer(GatedRecognizer):
    """A recogniser that finds something only in texts in its languages, in none that is known, or with one of its context words in them."""

    def __init__(self, inner: EntityRecognizer, languages: Sequence[str]) -> None:
        super().__init__(inner, *(inner.conditions if isinstance(inner, GatedRecognizer) else ()))
        self._languages = (UNKNOWN, *languages)
        self._words = re.compile(rf"\b(?:{'|'.join(map(re.escape, inner.context))})\b", re.IGNORECASE) if inner.context else None

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None) -> list[RecognizerResult]:
        found = super().analyze(text, entities, nlp_artifacts)
        return found if found and self._is_spoken(text) else []  # most texts hold nothing, and the language takes longer to tell

    def _is_spoken(self, text: str) -> bool:
        return language_of(text) in self._languages or bool(self._words and self._words.search(text))
