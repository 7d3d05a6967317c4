"""From a text to what in it is personal: Presidio over windows of bounded size, thresholds per entity, overlaps united."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from presidio_analyzer import AnalyzerEngine, RecognizerResult

from lakedocs.records import Finding
from lakedocs.redact.context import ThresholdAwareEnhancer
from lakedocs.redact.looks import Spelled, plain, spelled
from lakedocs.redact.ner.files import EMBEDDED, model_facts
from lakedocs.redact.ner.recognizer import EmbeddedNames
from lakedocs.redact.nlp import names, nlp_engine
from lakedocs.redact.options import RedactionSettings
from lakedocs.redact.presets import wanted_names
from lakedocs.redact.recognizers import RecognizerFile, registry
from lakedocs.redact.spans import Found, apart_from, joined, united

_WINDOW_OVERLAP = 200
_DECIMAL = re.compile(
    r"(?<![\w.,+])(?<!\+\d )(?<!\+\d\d )(?<!\+\d\d\d )(?:(?:0|[1-9]\d?|[1-9]\d{2}(?!\.\d{7}\b)|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{3,5})\.\d+|0,\d+)"
    r"(?:[eE][-+]?\d+)?(?![\w]|[.,]\d)"
)
"""A measured or computed number, 0.777540026888535: no identifier is written so, but phone and card patterns match its digits.
Three digits, a point and seven digits might be a phone number, seven digits and more before the point an identifier that a
spreadsheet made a float, and what follows a country code is none."""
_FLOAT_ENDING = re.compile(r"(?<=\d{7})\.0+(?![\w]|[.,]\d)")
_ENDLESS = re.compile(r"\S{400}")
"""No word or number is so long, and patterns take a time that grows with the square of it."""
_RUN = re.compile(r"\S+")
_SHORT_WINDOW = 150
_REMEMBERED_WINDOWS = 64
"""What has no end repeats itself."""
_WORD_REST = re.compile(r"\w+")
_NO_DIGIT = "·"


class Analyzer:
    """Finds personal data in texts. Building one takes seconds: keep it for the life of a worker process."""

    def __init__(self, settings: RedactionSettings, recognizers: RecognizerFile) -> None:
        logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL)  # its warnings quote what they are about
        engine = nlp_engine(settings)
        self._settings = settings
        self._registry = registry(recognizers, settings.language, names(settings))
        self._engine = AnalyzerEngine(
            registry=self._registry,
            nlp_engine=engine,
            supported_languages=[settings.language],
            default_score_threshold=0,
            context_aware_enhancer=ThresholdAwareEnhancer(self._threshold, settings.context_words),
        )
        self._in_window = lru_cache(maxsize=_REMEMBERED_WINDOWS)(self._analyzed)
        wanted = wanted_names(settings)
        self._names_in = lru_cache(maxsize=_REMEMBERED_WINDOWS)(EmbeddedNames(settings.language, wanted).names) if wanted else None
        types = "|".join(sorted({*self._engine.get_supported_entities(settings.language), *model_facts().entities}, key=len, reverse=True))
        # what stands where something was found before: it names a type, and is no name
        self._replaced = re.compile(rf"<(?:{types})(?:_[0-9a-f]{{12}})?>")

    def find(self, text: str) -> Found:
        """The findings above their entity's threshold, and those that reach `near_share` of it.

        Overlapping findings are united, not contested: the union hides what any of them saw.
        """
        seen = plain(text)
        found = self._find(seen.text)
        if words := spelled(seen.text):
            found = self._also_in(words, found)
        return Found(seen.own(found.findings), seen.own(found.near))

    def without_replaced(self, text: str) -> str:
        """A text of the same length with spaces where something was found before."""
        return self._replaced.sub(_spaces, text)

    def _also_in(self, words: Spelled, found: Found) -> Found:
        """The findings with those of the words that are spelled; to single letters the model's opinion of the word is preferred."""
        kept = [finding for finding in found.findings if not (finding.recognizer == EMBEDDED and words.is_inside(finding))]
        findings = united([*kept, *words.own(self._find(words.plain.text).findings)])
        return Found(findings, apart_from(findings, [near for near in found.near if not words.is_inside(near)]))

    def _find(self, text: str) -> Found:
        scored = [pair for way in _ways(text) for start, window in self._windows(way) for pair in self._scored(window, start)]
        named, nearly_named = self._named(text)
        findings = joined(text, united([*(_whole(finding, text) for finding, share in scored if share >= 1), *named]))
        near = [_whole(finding, text) for finding, share in scored if self._settings.near_share <= share < 1]
        return Found(findings, apart_from(findings, united([*near, *nearly_named])))

    def _windows(self, text: str) -> Iterable[tuple[int, str]]:
        size = self._settings.window_chars
        if len(text) <= size:
            yield 0, text
            return
        for start in range(0, len(text), size):
            window = text[start : start + size + _WINDOW_OVERLAP]
            if _ENDLESS.search(window):
                yield from ((start + at, window[at : at + 2 * _SHORT_WINDOW]) for at in range(0, len(window), _SHORT_WINDOW))
            else:
                yield start, window

    def by_pattern(self, text: str, offset: int = 0) -> list[Finding]:
        """What the engine finds above the thresholds in a text of bounded length, as it finds it: the same as Presidio's own."""
        return [finding for finding, share in self._scored(text, offset) if share >= 1]

    def _scored(self, text: str, offset: int) -> Iterator[tuple[Finding, float]]:
        """Whatever the engine finds, with its score's share of its threshold."""
        for finding, share in self._in_window(text):
            yield replace(finding, start=finding.start + offset, end=finding.end + offset) if offset else finding, share

    def _analyzed(self, text: str) -> tuple[tuple[Finding, float], ...]:
        entities = self._registry.possible_entities(text)
        results: list[RecognizerResult] = self._engine.analyze(text, self._settings.language, entities) if entities else []
        return tuple(
            (Finding(result.start, result.end, result.entity_type, round(result.score, 4), _recognizer_of(result)), self._share(result))
            for result in results
        )

    def _share(self, result: RecognizerResult) -> float:
        threshold = self._threshold(result.entity_type)
        return float(result.score / threshold) if result.score < threshold else 1.0

    def _threshold(self, entity: str) -> float:
        return self._settings.thresholds.get(entity, self._settings.default_threshold)

    def _named(self, text: str) -> Found:
        """What the embedded model finds, and nearly finds. It stands beside the engine: thresholds of patterns are not its own, and Presidio
        would drop a sure name inside of a pattern's match before that is held against its threshold."""
        found = Found([], [])
        if self._names_in is not None:
            for offset, window in self._windows(self.without_replaced(text)):
                for findings, names in zip(found, self._names_in(window, self._settings.near_share), strict=True):
                    findings += [Finding(n.start + offset, n.end + offset, n.entity, round(n.score, 4), EMBEDDED) for n in names]
        return found


def _ways(text: str) -> Iterator[str]:
    """The text as the recognisers read it, in one way or two."""
    text = _FLOAT_ENDING.sub(_blank, _DECIMAL.sub(_blank, text))
    yield text
    if "_" in text:
        # in `memo_078-05-1120` the underscore is a letter to every \b, and the number is missed
        yield text.replace("_", " ")


def _spaces(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _blank(match: re.Match[str]) -> str:
    return _NO_DIGIT * len(match.group())


def _whole(finding: Finding, text: str) -> Finding:
    """An address to the end of its word: one of `image.pn` would leave a letter behind."""
    if finding.entity != "URL":
        return finding
    run = _RUN.match(text, finding.start)
    if run and len(run.group()) > 2 * _SHORT_WINDOW:  # a link with tokens and signatures, of which a window has seen a part
        return replace(finding, end=max(finding.end, run.end()))
    rest = _WORD_REST.match(text, finding.end)
    return replace(finding, end=rest.end()) if rest else finding


def _recognizer_of(result: RecognizerResult) -> str:
    metadata = result.recognition_metadata or {}
    return str(metadata.get(RecognizerResult.RECOGNIZER_NAME_KEY, ""))
