"""The cases that recognisers carry, tried: what each must find, and what it must leave."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lakedocs.redact.findings import Analyzer
from lakedocs.redact.options import RedactionSettings
from lakedocs.redact.recognizers import RecognizerData, RecognizerFile

_MARKED = re.compile(r"\[(.+?)\]")


@dataclass(frozen=True)
class Failure:
    """A case that came out otherwise than it says: the recogniser's name, the text, and what was found in it."""

    recognizer: str
    text: str
    found: tuple[str, ...]


def failures(settings: RedactionSettings, entry: RecognizerData) -> list[Failure]:
    """The cases of one recogniser that fail when it alone looks at them, with the thresholds and context of these settings."""
    if not (entry.cases.hides or entry.cases.keeps):
        return []
    alone = Analyzer(settings.model_copy(update={"nlp_engine": "none"}), RecognizerFile(recognizers=(entry,)))
    failed = []
    for case in (*entry.cases.hides, *entry.cases.keeps):
        marked = _MARKED.findall(case) if case in entry.cases.hides else []
        text = _MARKED.sub(r"\1", case) if marked else case
        found = tuple(text[finding.start : finding.end] for finding in alone.find(text).findings)
        if found != tuple(marked):
            failed.append(Failure(entry.title, text, found))
    return failed
