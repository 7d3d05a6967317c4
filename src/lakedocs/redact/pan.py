"""Presidio's recogniser of Indian tax numbers with the cheap question first: the same findings in a fraction of the time.

Its weakest pattern asks at every word whether a letter and four digits follow anywhere in the text, and only then whether ten
characters stand there. All three are conditions on one place, so their order changes nothing but the time.
"""

from __future__ import annotations

from typing import ClassVar

from presidio_analyzer import Pattern
from presidio_analyzer.predefined_recognizers import InPanRecognizer

_TEN = r"[\w@#$%^?~-]{10}"
_SLOW = rf"\b((?=.*?[a-zA-Z])(?=.*?[0-9]{{4}}){_TEN})\b"
_QUICK = rf"\b(?={_TEN}\b)((?=.*?[a-zA-Z])(?=.*?[0-9]{{4}}){_TEN})\b"


class ReorderedPanRecognizer(InPanRecognizer):  # type: ignore[misc]  # presidio ships no types for it
    """Drop-in for `InPanRecognizer`; a pattern of its that is not known here stays as it is."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.name = InPanRecognizer.__name__  # the audit names what it stands in for

    PATTERNS: ClassVar[list[Pattern]] = [Pattern(p.name, _QUICK if p.regex == _SLOW else p.regex, p.score) for p in InPanRecognizer.PATTERNS]
