"""Presidio's phone recogniser, cell by cell: the same findings, without scanning cells that can hold no number.

A match can't span a cell border or a line end (neither stands in a phone number), so each cell is scanned alone, equal cells
once, and those without digits as a phone number has them never.
"""

from __future__ import annotations

import re
from functools import lru_cache

from presidio_analyzer import RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

_CELL = re.compile(r"[^|\n]+")
_BETWEEN = r"(?:[^\w\n|,;:!?'\"]|[xXー]){0,4}"
DIGITS = rf"\d(?:{_BETWEEN}\d){{4}}|1{_BETWEEN}6{_BETWEEN}[489]{_BETWEEN}\d"
"""Five digits with what phonenumbers lets stand between two of them, or four as of a German pager. With six the findings differ from
Presidio's: some regions have numbers of five."""
_DIGITS = re.compile(DIGITS)
_REMEMBERED_CELLS = 50_000


class CellwisePhoneRecognizer(PhoneRecognizer):  # type: ignore[misc]  # presidio ships no types for it
    """Drop-in for `PhoneRecognizer`."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.name = PhoneRecognizer.__name__  # the audit names what it stands in for
        self._scan = lru_cache(maxsize=_REMEMBERED_CELLS)(self._scanned)

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None) -> list[RecognizerResult]:
        found = []
        for cell in _CELL.finditer(text):
            if _DIGITS.search(cell.group()):
                found += [self._result(cell.start() + start, cell.start() + end) for start, end in self._scan(cell.group())]
        return found

    def _scanned(self, cell: str) -> tuple[tuple[int, int], ...]:
        return tuple((result.start, result.end) for result in super().analyze(cell, self.supported_entities, None))

    def _result(self, start: int, end: int) -> RecognizerResult:
        metadata = {RecognizerResult.RECOGNIZER_NAME_KEY: self.name, RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id}
        return RecognizerResult("PHONE_NUMBER", start, end, self.SCORE, self._get_analysis_explanation(None), metadata)
