"""A setting of a type that there is not is refused: it would change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from presidio_analyzer import predefined_recognizers as predefined

from lakedocs.errors import SettingsError
from lakedocs.keys import make_local_keys
from lakedocs.redact.entities import OF_CLASS, check_entities
from lakedocs.redact.fingerprint import policy_fingerprint
from lakedocs.redact.lists import Entry
from lakedocs.redact.policy import TextRedactor
from lakedocs.settings import Settings, load_settings


def settings_of(name: str, entity: str, root: Path | None = None) -> Settings:
    value = "mask" if name == "operators" else "0.3"
    return load_settings("local", {f"redaction.{name}": f"{{{entity}: {value}}}", **({"storage.root": str(root)} if root else {})})


@pytest.mark.parametrize("name", ["operators", "thresholds"])
@pytest.mark.parametrize(
    ("entity", "meant"),
    [("PERSN", "PERSON"), ("person", "PERSON"), ("PHONE_NUMBERS", "PHONE_NUMBER"), ("NL_BNS", "NL_BSN"), ("E_MAIL_ADDRESS", "EMAIL_ADDRESS")],
)
def test_a_misspelt_type_is_told_before_a_lake_is_opened(name: str, entity: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=rf"redaction\.{name} has {entity}, .* is {meant} meant\? There are .*\bNL_BSN\b.*\bUS_SSN\b"):
        check_entities(settings_of(name, entity))


@pytest.mark.parametrize("entity", ["PERSON", "NRP", "CODE", "CUSTOM", "NL_BSN", "DATE_OF_BIRTH", "KR_RRN", "UK_NHS"])
def test_what_can_be_found_may_be_named(entity: str) -> None:
    check_entities(settings_of("operators", entity), set())


def test_a_type_of_the_lists_is_one_once_they_are_known(tmp_path: Path) -> None:
    settings = settings_of("operators", "CLIENT", tmp_path)
    make_local_keys(settings)
    check_entities(settings)  # the lists may have it
    entries = (Entry(True, "CLIENT", "Bluebird"),)
    assert TextRedactor(settings, entries).redact("Bluebird").text == "********"
    assert policy_fingerprint(settings, entries)
    for refused in (lambda: TextRedactor(settings), lambda: policy_fingerprint(settings)):
        with pytest.raises(SettingsError, match=r"CLIENT, .* needs a recogniser in conf or an entry on a list first"):
            refused()


@pytest.mark.parametrize(
    ("recognizers", "is_known"),
    [
        ("[{entity: PERSN, words: [x]}]", True),
        ("[{predefined: UrlRecognizer, options: {supported_entity: PERSN}}]", True),
        ("[{predefined: AzureAILanguageRecognizer}]", True),
        ("[{entity: CLIENT, words: [x]}]", False),
    ],
)
def test_a_file_of_recognisers_has_types_of_its_own(tmp_path: Path, recognizers: str, is_known: bool) -> None:
    (tmp_path / "recognizers.yml").write_text(f"recognizers: {recognizers}\n")
    settings = settings_of("thresholds", "PERSN").model_copy(update={"conf_folder": str(tmp_path)})
    if is_known:
        check_entities(settings, set())
    else:
        with pytest.raises(SettingsError, match="is PERSON meant"):
            check_entities(settings, set())


@pytest.mark.parametrize("name", sorted(OF_CLASS))
def test_types_of_presidios_classes(name: str) -> None:
    assert getattr(predefined, name)(supported_language="en").supported_entities == [OF_CLASS[name]]
