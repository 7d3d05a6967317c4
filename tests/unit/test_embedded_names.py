"""The embedded model: names in the ways in which people write them, and what is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakedocs.errors import ModelError, SettingsError
from lakedocs.redact.ner.files import FOLDER, NETWORK
from lakedocs.redact.ner.reading import MOST_PIECES, read
from lakedocs.redact.ner.recognizer import loaded
from lakedocs.redact.ner.tagger import Tagger
from lakedocs.redact.options import RedactionSettings
from lakedocs.redact.presets import wanted_names

LEAST = wanted_names(RedactionSettings())


def found(text: str) -> list[tuple[str, str]]:
    return [(text[name.start : name.end], name.entity) for name in loaded().names(text, LEAST)[0]]


@pytest.mark.parametrize(
    ("text", "name", "entity"),
    [
        ("The letter was signed by Margriet Hoekstra in March.", "Margriet Hoekstra", "PERSON"),
        ("THE LETTER WAS SIGNED BY MARGRIET HOEKSTRA.", "MARGRIET HOEKSTRA", "PERSON"),
        ("the letter was signed by margriet hoekstra.", "margriet hoekstra", "PERSON"),
        ("Ask J.P. van Dalen about the penalty.", "J.P. van Dalen", "PERSON"),
        ("Oyelaran, Folasade | paid", "Oyelaran, Folasade", "PERSON"),
        ("Name: Przemysław Zieliński; City: Łódź", "Przemysław Zieliński", "PERSON"),
        ("Cc: Sunita Raghunathan; Diego Fuentes", "Sunita Raghunathan", "PERSON"),
        ("He moved from Antwerp to a village in Portugal.", "Antwerp", "LOCATION"),
        ("Please deliver it to 14 Wellington Street, Leeds.", "14 Wellington Street", "LOCATION"),
        ("Our client Brakel Vastgoed B.V. disputes it.", "Brakel Vastgoed B.V", "ORGANIZATION"),
    ],
)
def test_names_are_found(text: str, name: str, entity: str) -> None:
    covered = {word for value, kind in found(text) if kind == entity for word in value.split()}
    assert set(name.split()) <= {word.strip(".,;") if word.strip(".,;") in name.split() else word for word in covered}, found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The return was filed late, and a penalty was imposed.",
        "Total | 12,500.00 | 2023",
        "Balance Sheet and Notes",
        "If the payment is late, interest of 4% is due.",
        "3.1 Scope of the agreement",
        "",
        "— … 12.5",
    ],
)
def test_what_is_no_name_stays(text: str) -> None:
    assert found(text) == []


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.sampled_from("aZ é\n.,-'9Łש字\u200d\u0301"), max_size=600))
def test_every_piece_lies_in_one_window_of_bounded_length(text: str) -> None:
    reading = read(loaded()._tokenizer, text)
    parts = list(reading.windows())
    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert parts[-1].stop == len(reading.ids)
    assert all(part.stop - part.start <= MOST_PIECES for part in parts)
    assert all(0 <= name.start < name.end <= len(text) for name in loaded().names(text, LEAST)[0])


@pytest.mark.parametrize("names", [{"SHOE_SIZE": 0.5}, {"PERSON": -0.1}])
def test_settings_that_can_not_be_are_refused(names: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(names))):
        wanted_names(RedactionSettings(names=names))


def test_an_accent_belongs_to_the_name_whose_letter_bears_it() -> None:
    text = "Signed by Rene\u0301 Dupre\u0301."
    (name,) = loaded().names(text, LEAST)[0]
    assert text[name.start : name.end] == "Rene\u0301 Dupre\u0301"


def test_presets_and_what_conf_changes() -> None:
    assert set(LEAST) == {"PERSON", "LOCATION", "ORGANIZATION"}
    strict = wanted_names(RedactionSettings(preset="strict", names={"MISC": 2, "PERSON": 0.05}))
    assert "DATE_TIME" in strict
    assert "MISC" not in strict
    assert strict["PERSON"] == 0.05
    assert all(strict[entity] < least for entity, least in LEAST.items())


def test_a_damaged_or_missing_model_is_told(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "model")
    with open(tmp_path / "model" / NETWORK, "ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="damaged"):
        Tagger(tmp_path / "model")
    with pytest.raises(ModelError, match="install"):
        Tagger(tmp_path / "nothing")


def test_it_weighs_no_more_than_it_may() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 15_000_000
