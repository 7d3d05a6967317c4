"""The embedded model as Presidio's recogniser."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from presidio_analyzer import LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from lakedocs.redact.ner.files import EMBEDDED, NAMES
from lakedocs.redact.ner.tagger import Name, Tagger


class EmbeddedNames(LocalRecognizer):  # type: ignore[misc]  # presidio ships no types for it
    """Finds the entities of `least` with the model that Lakedocs brings.

    Args:
        least: for each wanted entity, how sure the model must be of a word; at least one.
    """

    def __init__(self, language: str, least: Mapping[str, float]) -> None:
        self._least = dict(least)
        self._needs_letters = set(least) <= set(NAMES)
        self._tagger = loaded()
        super().__init__(supported_entities=list(least), supported_language=language, name=EMBEDDED)

    def load(self) -> None:
        """Nothing: the model is loaded once per process, when the recogniser is made."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None) -> list[RecognizerResult]:
        return [RecognizerResult(name.entity, name.start, name.end, round(name.score, 4)) for name in self.names(text)[0] if name.entity in entities]

    def names(self, text: str, *shares: float) -> tuple[list[Name], ...]:
        """What it finds in a text; then, for each of `shares`, what it would if it had to be sure by that share of `least` only."""
        if self._needs_letters and not any(map(str.isalpha, text)):
            return tuple([] for _ in (1, *shares))
        return self._tagger.names(text, self._least, *shares)


@cache
def loaded() -> Tagger:
    """The model, loaded once per process; Spark fills the cores with processes."""
    return Tagger()
