"""What the embedded model looks for, and how sure it must be of a word: the tested presets, and what conf changes."""

from __future__ import annotations

from collections.abc import Mapping

from lakedocs.errors import SettingsError
from lakedocs.redact.ner.files import model_facts
from lakedocs.redact.options import RedactionSettings

_PRESETS: Mapping[str, Mapping[str, float]] = {
    "balanced": {"PERSON": 0.25, "LOCATION": 0.2, "ORGANIZATION": 0.25},
    "strict": {
        "PERSON": 0.1, "LOCATION": 0.15, "ORGANIZATION": 0.2, "DATE_TIME": 0.2, "NRP": 0.2, "QUANTITY": 0.35, "CODE": 0.1, "MISC": 0.3,
    },
}  # fmt: skip


def wanted_names(settings: RedactionSettings) -> dict[str, float]:
    """Each entity that the model looks for, with how sure it must be; none where another engine finds names.

    Raises:
        SettingsError: for an entity that the model does not know, or a threshold below zero.
    """
    if settings.nlp_engine != "embedded":
        return {}
    known = model_facts().entities
    if wrong := sorted(entity for entity, least in settings.names.items() if entity not in known or least < 0):
        raise SettingsError(f"redaction.names can't have {', '.join(wrong)} so: the model knows {', '.join(known)}, and a threshold is 0 or more.")
    return {entity: least for entity, least in {**_PRESETS[settings.preset], **settings.names}.items() if least <= 1}
