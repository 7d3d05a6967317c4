"""Presidio as it comes, with the same recognisers: what Lakedocs has to find, and is measured against."""

from __future__ import annotations

import tempfile

import spacy
from presidio_analyzer import AnalyzerEngine, RecognizerResult
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpEngineProvider
from spacy.language import Language
from spacy.tokens import Doc

from lakedocs.records import Finding
from lakedocs.redact.recognizers import load_recognizers, registry
from lakedocs.settings import Settings


@Language.component("small_letters")
def small_letters(doc: Doc) -> Doc:
    """Words as their own lemmas, for Presidio looks for context words among lemmas."""
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class PlainPresidio:
    """AnalyzerEngine with spaCy's tokenizer, built once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.redaction
        language = settings.redaction.language
        folder = tempfile.mkdtemp(prefix="lakedocs-spacy-")
        pipeline = spacy.blank(language)
        pipeline.add_pipe("small_letters")
        pipeline.to_disk(folder)
        models = [{"lang_code": language, "model_name": folder}]
        self._engine = AnalyzerEngine(
            registry=registry(load_recognizers(settings), language, None, is_plain=True),
            nlp_engine=NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine(),
            supported_languages=[language],
            default_score_threshold=0,
            context_aware_enhancer=LemmaContextAwareEnhancer(
                context_prefix_count=self._settings.context_words, context_suffix_count=0, context_matching_mode="whole_word"
            ),
        )

    def find(self, text: str) -> list[Finding]:
        """What it finds above the thresholds."""
        found = []
        for result in self._engine.analyze(text, language=self._settings.language):
            if result.score >= self._settings.thresholds.get(result.entity_type, self._settings.default_threshold):
                name = (result.recognition_metadata or {}).get(RecognizerResult.RECOGNIZER_NAME_KEY, "")
                found.append(Finding(result.start, result.end, result.entity_type, round(result.score, 4), name))
        return found
