"""What tells one way of redacting from another; imports nothing that only the redacting cluster has."""

from __future__ import annotations

import hashlib
import hmac

from lakedocs.errors import SettingsError
from lakedocs.redact.ner.files import model_facts
from lakedocs.redact.presets import wanted_names
from lakedocs.settings import Settings, fingerprint, read_key

_VERSION = "redact/3"


def policy_fingerprint(settings: Settings) -> str:
    """Changes when any setting, recogniser or key that shapes redacted text does; the key itself can't be told from it.

    Raises:
        SettingsError: when the file of recognisers is not there.
        MissingKeyError: when the key is not.
        ModelError: when the embedded model is not.
    """
    file = settings.conf_file(settings.redaction.recognizers)
    try:
        recognizers = file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"There is no {file.name} in the folder of settings.") from error
    names = wanted_names(settings.redaction)
    model = model_facts().sha256 if names else ""
    rest = settings.redaction.model_copy(update={"preset": "balanced", "names": {}})  # what they come to stands in `names`
    key = read_key(settings.keys.redaction, settings.storage.root)
    return fingerprint(_VERSION, rest, recognizers, sorted(names.items()), model, hmac.new(key, b"policy", hashlib.sha256).hexdigest())
