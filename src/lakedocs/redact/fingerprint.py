"""What tells one way of redacting from another; imports nothing that only the redacting cluster has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lakedocs.keys import keyed_hash, read_key
from lakedocs.redact.entities import check_entities
from lakedocs.redact.lists import Entry
from lakedocs.redact.ner.files import model_facts
from lakedocs.redact.packs import recognizer_data, recognizer_files
from lakedocs.redact.presets import wanted_names
from lakedocs.settings import Settings, fingerprint

_VERSION = "redact/6"


def policy_fingerprint(settings: Settings, entries: Sequence[Entry] = ()) -> str:
    """Changes when any setting, recogniser, list or key that shapes redacted text does; neither key nor lists can be told from it.

    Args:
        entries: of the customer's own lists, in their order.

    Raises:
        SettingsError: when a file of recognisers is not there, or not YAML, or a setting names a type that there is not.
        MissingKeyError: when a key is not, that of the vault included where it is used.
        ModelError: when the embedded model is not.
    """
    check_entities(settings, {entry.entity for entry in entries})
    recognizers = [_meaning(path) for path in recognizer_files(settings)]
    names = wanted_names(settings.redaction)
    model = model_facts().sha256 if names else ""
    apart = {"preset": "balanced", "names": {}, "packs": "all", "sample": "", "min_recall": 0}  # what they come to counts, or nothing of them does
    rest = settings.redaction.model_copy(update=apart)
    key = read_key(settings.keys.redaction, settings.storage.root)
    if settings.redaction.is_reversible:
        read_key(settings.keys.vault, settings.storage.root)  # missed before anything is written; that it is another redacts nothing anew
    listed = [str(part) for entry in entries for part in (entry.is_denied, entry.entity, entry.is_pattern, entry.value)]
    secret = keyed_hash(key, "policy", *listed)
    return fingerprint(_VERSION, rest, recognizers, sorted(names.items()), model, secret)


def _meaning(path: Path) -> object:
    """What a file of recognisers says, without its comments and cases: mending those redacts nothing anew."""
    data = recognizer_data(path)
    return {
        **data,
        "recognizers": [{name: value for name, value in entry.items() if name != "cases"} for entry in data["recognizers"]],
    }
