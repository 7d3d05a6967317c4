"""Which files define the recognisers; imports nothing that only the redacting cluster has."""

from __future__ import annotations

from pathlib import Path

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
