"""Context words, looked for only where they can make a difference."""

from __future__ import annotations

from collections.abc import Callable

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts


class ThresholdAwareEnhancer(LemmaContextAwareEnhancer):  # type: ignore[misc]  # presidio ships no types for it
    """Presidio's, without the results that context can't lift over their threshold, or that take none: half of its work, and more.

    Args:
        threshold: what a result of an entity must reach to count.
        words: how many words before a result are its context.
    """

    def __init__(self, threshold: Callable[[str], float], words: int) -> None:
        super().__init__(context_prefix_count=words, context_suffix_count=0, context_matching_mode="whole_word")
        self._threshold = threshold

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        with_context = {recognizer.id for recognizer in recognizers if recognizer.context}
        untouched, lifted = [], []
        for result in raw_results:
            if (result.recognition_metadata or {}).get(RecognizerResult.RECOGNIZER_IDENTIFIER_KEY) not in with_context:
                untouched.append(result)
            elif max(result.score + self.context_similarity_factor, self.min_score_with_context_similarity) >= self._threshold(result.entity_type):
                lifted.append(result)
        if not lifted:
            return untouched
        return [*untouched, *super().enhance_using_context(text, lifted, nlp_artifacts, recognizers, context)]
