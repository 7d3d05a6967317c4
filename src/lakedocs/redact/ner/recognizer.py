"""The embedded model as Presidio's recogniser."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from presidio_analyzer import LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from lakedocs.redact.ner.files import NAMES
from lakedocs.redact.ner.tagger import Tagger

EMBEDDED = "EmbeddedNames"


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
        if self._needs_letters and not any(map(str.isalpha, text)):
            return []
        names = self._tagger.names(text, self._least)
        return [RecognizerResult(name.entity, name.start, name.end, round(name.score, 4)) for name in names if name.entity in entities]


@cache
def loaded() -> Tagger:
    """The model, loaded once per process; Spark fills the cores with processes."""
    return Tagger()
