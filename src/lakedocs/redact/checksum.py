"""Identifiers that carry a checksum, by pattern and python-stdnum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from presidio_analyzer import Pattern, PatternRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from lakedocs.errors import SettingsError

_WHOLE = r"(?<![\w])(?<![\d][.,/-])(?:{})(?!\w)(?![.,/-]\d)"
"""No letter or digit on either side, and no part of a longer number."""

_DOUBTFUL = 0.15
"""Of a number that its checksum speaks against: with a context word it reaches one half, for people mistype what is about people."""


class ChecksumRecognizer(PatternRecognizer):  # type: ignore[misc]  # presidio ships no types for it
    """Finds what has the form of an identifier; one that is wrong counts only beside a context word.

    Args:
        checksum: a module of python-stdnum, `nl.bsn`.

    Raises:
        SettingsError: when there is no such module.
    """

    def __init__(self, entity: str, name: str, language: str, patterns: Sequence[Pattern], context: Sequence[str], checksum: str) -> None:
        self._is_valid = _validator(checksum)
        whole = [Pattern(pattern.name, _WHOLE.format(pattern.regex), pattern.score) for pattern in patterns]
        super().__init__(supported_entity=entity, name=name, supported_language=language, patterns=whole, context=list(context) or None)

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None, regex_flags: int | None = None
    ) -> list[RecognizerResult]:
        results: list[RecognizerResult] = super().analyze(text, entities, nlp_artifacts, regex_flags)
        return [result for result in results if self._is_plausible(result, text[result.start : result.end])]

    def _is_plausible(self, result: RecognizerResult, value: str) -> bool:
        """Whether a match is worth looking at; a wrong one of letters alone is a word."""
        if self._is_valid(value):
            return True
        result.score = min(result.score, _DOUBTFUL)
        return any(map(str.isdigit, value))


def _validator(checksum: str) -> Callable[[str], bool]:
    try:
        is_valid: Callable[[str], bool] = import_module(f"stdnum.{checksum}").is_valid
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"python-stdnum has no checksum {checksum}.") from error
    return is_valid
