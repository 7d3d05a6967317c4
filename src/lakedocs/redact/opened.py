"""The redactor of a process, opened with no more than its engine needs: of Presidio and spaCy nothing is imported before."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from lakedocs.settings import Settings

if TYPE_CHECKING:
    from lakedocs.redact.lists import Entry
    from lakedocs.redact.policy import TextRedactor

_FRAMEWORKS = ("torch", "transformers")
_USES_THEM = "presidio_analyzer.predefined_recognizers.ner.huggingface_ner_recognizer"


def open_redactor(settings: Settings, entries: tuple[Entry, ...] = ()) -> TextRedactor:
    """The redactor of these settings and lists, built once per process.

    Raises:
        MissingKeyError: when the key for pseudonyms and hashes is not there.
        ModelError: when a model can't be loaded.
        SettingsError: for a type that there is not.
    """
    if settings.redaction.nlp_engine in ("embedded", "none"):
        _import_presidio_alone()
    from lakedocs.redact.policy import text_redactor

    return text_redactor(settings.model_dump_json(), entries)


def _import_presidio_alone() -> None:
    """Presidio as it is where neither PyTorch nor transformers is installed; else it imports both, for engines that are not asked for.

    That would be five seconds and 350 MB in each worker.
    """
    if "presidio_analyzer" in sys.modules:
        return
    hidden = [name for name in _FRAMEWORKS if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # nothing in a module's place: importing it fails, as the language has it
    try:
        importlib.import_module("presidio_analyzer")
    finally:
        for name in hidden:
            del sys.modules[name]


def bring_frameworks() -> None:
    """Have Presidio's recogniser for transformers models look for them again where it was imported without."""
    module = sys.modules.get(_USES_THEM)
    if module is not None and module.torch is None:
        importlib.reload(module)
