"""The quality gate: redaction is measured on the customer's own labelled sample before it redacts anything."""

from __future__ import annotations

from pathlib import Path

from lakedocs.errors import RedactionQualityError, SettingsError
from lakedocs.redact.evaluate.labelled import read_labelled
from lakedocs.redact.evaluate.scores import ANY, Rates, score
from lakedocs.redact.lists import Entry
from lakedocs.redact.opened import open_redactor
from lakedocs.settings import Settings


def check_quality(settings: Settings, entries: tuple[Entry, ...] = ()) -> Rates | None:
    """What is hidden of the sample's marked words, whatever their type; none where no sample is set.

    Raises:
        RedactionQualityError: when recall is below `redaction.min_recall`.
        SettingsError: when the sample can't be read or has no mark.
    """
    wanted = settings.redaction
    if not wanted.sample:
        return None
    texts = read_labelled(Path(wanted.sample))
    redactor = open_redactor(settings, entries)
    rates = score(texts, [redactor.findings(text.text) for text in texts], 0).words.get(ANY)
    if rates is None:
        raise SettingsError("The file in redaction.sample has no marked words: it can't say how well they are hidden.")
    if rates.recall < wanted.min_recall:
        raise RedactionQualityError(
            f"Of {rates.there:,} marked words in the labelled sample {rates.recall:.1%} are hidden; redaction.min_recall asks for "
            f"{wanted.min_recall:.1%}. Nothing was redacted. "
            "`lakedocs evaluate redaction --data SAMPLE` shows what was missed; add recognisers, or lower thresholds."
        )
    return rates
