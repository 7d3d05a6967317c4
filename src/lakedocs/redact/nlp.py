"""The NLP engine that Presidio's recognisers get: a tokenizer alone, a spaCy model, or a transformers model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import spacy
from presidio_analyzer import EntityRecognizer
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine, NlpEngineProvider
from presidio_analyzer.predefined_recognizers import SpacyRecognizer
from spacy.language import Language

from lakedocs.errors import ModelError
from lakedocs.redact.ner.files import NAMES
from lakedocs.redact.opened import bring_frameworks
from lakedocs.redact.options import RedactionSettings


class LazyArtifacts(NlpArtifacts):  # type: ignore[misc]  # presidio ships no types for it
    """Tokens that are made when something asks for them: only context words do, and most texts have no finding."""

    def __init__(self, pipeline: Language, text: str, engine: NlpEngine, language: str) -> None:
        self._pipeline = pipeline
        self._text = text
        self.nlp_engine = engine
        self.language = language
        self.entities: list[object] = []
        self.scores: list[float] = []

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        """Start and length of each; spaCy's token objects take ten times as long to make."""
        found: list[tuple[int, int]] = self._pipeline.make_doc(self._text).to_array(["IDX", "LENGTH"]).tolist()
        return found

    @cached_property
    def tokens(self) -> list[str]:
        """Their texts: Presidio goes through them all for each finding, and asks for their lengths."""
        return [self._text[start : start + length] for start, length in self._spans]

    @cached_property
    def tokens_indices(self) -> list[int]:
        return [start for start, _ in self._spans]

    @cached_property
    def lemmas(self) -> list[str]:
        return [token.lower() for token in self.tokens]

    @cached_property
    def keywords(self) -> list[str]:
        found: list[str] = self.set_keywords(self.nlp_engine, self.lemmas, self.language)
        return found


class TokenizerEngine(NlpEngine):  # type: ignore[misc]  # presidio ships no types for it
    """spaCy's rule-based tokenizer without a model: enough for context words, finds no names by itself."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._pipeline: Language | None = None

    def load(self) -> None:
        self._pipeline = spacy.blank(self._language)
        self._pipeline.max_length = 100_000_000  # there is no parser whose memory the default limit protects

    def is_loaded(self) -> bool:
        return self._pipeline is not None

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        if self._pipeline is None:
            self.load()
        assert self._pipeline is not None
        return LazyArtifacts(self._pipeline, text, self, language)

    def process_batch(
        self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **kwargs: object
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        for text in texts:
            yield text, self.process_text(text, language)

    def is_stopword(self, word: str, language: str) -> bool:
        return self._pipeline is not None and bool(self._pipeline.vocab[word].is_stop)

    def is_punct(self, word: str, language: str) -> bool:
        return self._pipeline is not None and bool(self._pipeline.vocab[word].is_punct)

    def get_supported_entities(self) -> list[str]:
        return []

    def get_supported_languages(self) -> list[str]:
        return [self._language]


def nlp_engine(settings: RedactionSettings) -> NlpEngine:
    """The engine that the settings name; a transformers model works beside a tokenizer (see `names`).

    Raises:
        ModelError: when the spaCy model is not there.
    """
    if settings.nlp_engine != "spacy":
        engine = TokenizerEngine(settings.language)
        engine.load()
        return engine
    _check_named(settings)
    if not (spacy.util.is_package(settings.nlp_model) or Path(settings.nlp_model).is_dir()):
        # Presidio would try to download it, on every worker, in the middle of a run
        raise ModelError(
            f"The spaCy model {settings.nlp_model} is not installed on this cluster; add it to requirements/redact.txt or name a folder."
        )
    configuration = {"nlp_engine_name": "spacy", "models": [{"lang_code": settings.language, "model_name": settings.nlp_model}]}
    try:
        return NlpEngineProvider(nlp_configuration=configuration).create_engine()
    except (OSError, ValueError, ImportError) as error:
        raise ModelError("The spaCy model can't be loaded; check redaction.nlp_model.") from error


def names(settings: RedactionSettings) -> EntityRecognizer | None:
    """What finds people, places and organisations by a model of the user's; None where none is chosen.

    Raises:
        ModelError: when the transformers model is not there.
    """
    if settings.nlp_engine in ("none", "embedded"):
        return None
    if settings.nlp_engine == "spacy":
        return SpacyRecognizer(supported_language=settings.language, supported_entities=list(NAMES))
    _check_named(settings)
    bring_frameworks()
    from lakedocs.redact.token_classifier import TokenClassifier  # with PyTorch: seconds that only this engine costs

    return TokenClassifier(settings.nlp_model, settings.language)


def _check_named(settings: RedactionSettings) -> None:
    if not settings.nlp_model:
        raise ModelError(f"redaction.nlp_model must name the {settings.nlp_engine} model.")
