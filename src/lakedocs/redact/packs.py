"""Which files define the recognisers; imports nothing that only the redacting cluster has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lakedocs.errors import SettingsError
from lakedocs.settings import Settings


def recognizer_files(settings: Settings) -> list[Path]:
    """The file of general recognisers, then those of the packs.

    Raises:
        SettingsError: when one is not there, naming the packs that are.
    """
    folder = settings.conf_file("packs")
    known = sorted(path.stem for path in folder.glob("*.yml"))
    packs = known if settings.redaction.packs == "all" else settings.redaction.packs
    if settings.redaction.packs == "all" and not packs:
        raise SettingsError("There is no folder packs with identifiers by country in the folder of settings: copy it, or set redaction.packs to [].")
    if unknown := sorted(set(packs) - set(known)):
        raise SettingsError(f"redaction.packs has {', '.join(unknown)}; there are {', '.join(known)}.")
    file = settings.conf_file(settings.redaction.recognizers)
    if not file.is_file():
        raise SettingsError(f"There is no {file.name} in the folder of settings.")
    return [file, *(folder / f"{pack}.yml" for pack in packs)]


def every_recognizer_file(settings: Settings) -> list[Path]:
    """The file of general recognisers, if it is there, and those of all packs, chosen or not."""
    return [
        path for path in (settings.conf_file(settings.redaction.recognizers), *sorted(settings.conf_file("packs").glob("*.yml"))) if path.is_file()
    ]


def recognizer_data(path: Path) -> dict[str, Any]:
    """What a file of recognisers says; its entries are dictionaries, and nothing else was looked at.

    Raises:
        SettingsError: when it is not YAML, or has no list of recognisers.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"{path.name} can't be read as YAML.") from error
    entries = data.get("recognizers") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(entries, list):
        raise SettingsError(f"{path.name} has no list of recognisers.")
    return {**data, "recognizers": [entry for entry in entries if isinstance(entry, dict)]}
