"""Names by a transformers model: Presidio's recogniser, but one that never takes a failure for an empty text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from presidio_analyzer import RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers.ner import HuggingFaceNerRecognizer

from lakedocs.errors import ModelError
from lakedocs.redact.ner.files import NAMES

_CHUNK_CHARS = 1000
_CHUNK_OVERLAP = 100


class TokenClassifier(HuggingFaceNerRecognizer):  # type: ignore[misc]  # presidio ships no types for it
    """Finds PERSON, LOCATION and ORGANIZATION with a token classification model by path, volume or name."""

    ner_pipeline: Callable[[str], Any]

    def __init__(self, model: str, language: str) -> None:
        self._failure: Exception | None = None
        try:
            super().__init__(
                supported_entities=list(NAMES), supported_language=language, model_name=model, chunk_size=_CHUNK_CHARS, chunk_overlap=_CHUNK_OVERLAP
            )
            self.load()
        except (OSError, ValueError, ImportError) as error:
            raise ModelError(
                f"The transformers model {model} can't be loaded; name an installed path or volume (no hub may be reachable)."
            ) from error
        self.ner_pipeline = self._remembering(self.ner_pipeline)

    def _remembering(self, pipeline: Callable[[str], Any]) -> Callable[[str], Any]:
        """The pipeline; what it raises is kept, because Presidio swallows it and returns no findings."""

        def predict(text: str) -> Any:
            try:
                return pipeline(text)
            except Exception as error:
                self._failure = error
                raise

        return predict

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None) -> list[RecognizerResult]:
        """The names in a text.

        Raises:
            ModelError: when the model failed on it: an unread text must not pass as one without names.
        """
        self._failure = None
        found: list[RecognizerResult] = super().analyze(text, entities, nlp_artifacts)
        if self._failure is not None:
            raise ModelError(f"The transformers model failed on a text ({type(self._failure).__name__}); nothing of it was let through.")
        return [result for result in found if result.entity_type in NAMES]
