"""What several unit tests share."""

from __future__ import annotations

import pytest

from lakedocs.keys import make_local_keys
from lakedocs.redact.policy import TextRedactor
from lakedocs.settings import load_settings


@pytest.fixture(scope="session")
def redactor(tmp_path_factory: pytest.TempPathFactory) -> TextRedactor:
    """Finds by patterns alone."""
    settings = load_settings("local", {"storage.root": str(tmp_path_factory.mktemp("root")), "redaction.nlp_engine": "none"})
    make_local_keys(settings)
    return TextRedactor(settings)


@pytest.fixture(scope="session")
def default_redactor(tmp_path_factory: pytest.TempPathFactory) -> TextRedactor:
    """Finds names, too, by the embedded model."""
    settings = load_settings("local", {"storage.root": str(tmp_path_factory.mktemp("root"))})
    make_local_keys(settings)
    return TextRedactor(settings)
