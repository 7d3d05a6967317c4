"""The lists of first and last names, and what the model is told of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakedocs.errors import ModelError
from lakedocs.redact.ner import known
from lakedocs.redact.ner.files import FOLDER, LISTS
from lakedocs.redact.ner.known import BOTH, FIRST, LAST, NEITHER, kind_of, kind_of_user
from lakedocs.redact.ner.reading import SHAPES, WRITTEN, read
from lakedocs.redact.ner.recognizer import loaded
from lakedocs.redact.ner.tagger import Tagger
from lakedocs.redact.options import RedactionSettings
from lakedocs.redact.presets import wanted_names


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Jürgen", FIRST),
        ("JURGEN", FIRST),
        ("Hoekstra", LAST),
        ("smith", BOTH),
        ("the", NEITHER),
        ("invoice", NEITHER),
        ("van", NEITHER),
        ("", NEITHER),
    ],
)
def test_words_are_in_their_lists(word: str, kind: int) -> None:
    assert kind_of(word) == kind


@pytest.mark.parametrize(
    ("user", "is_name"),
    [
        ("JessieNorland", True),
        ("stephenxyz", True),
        ("Hoekstra", True),
        ("SexySights", False),
        ("QuoteOfTheDay", False),
        ("param", False),
        ("", False),
    ],
)
def test_user_names_are_made_of_names(user: str, is_name: bool) -> None:
    assert bool(kind_of_user(user)) == is_name


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Ask Jürgen Hoekstra", [NEITHER, FIRST, LAST]),
        ("@stephenxyz yes", [NEITHER, FIRST, NEITHER]),
        ("@ stephenxyz yes", [NEITHER, FIRST, NEITHER]),
        ("stephenxyz yes", [NEITHER, NEITHER]),
        ("a@stephenxyz.example", [NEITHER, NEITHER, NEITHER, NEITHER, NEITHER]),  # the domain of an address is nobody
        ("", []),
    ],
)
def test_every_piece_is_told_of_its_word(text: str, kinds: list[int]) -> None:
    reading = read(loaded()._tokenizer, text)
    assert (reading.shapes // SHAPES)[np.flatnonzero(reading.begins)].tolist() == kinds
    word = np.cumsum(reading.begins) - 1
    assert (reading.shapes // SHAPES).tolist() == [kinds[number] for number in word]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_what_a_piece_is_told_is_bounded(text: str) -> None:
    reading = read(loaded()._tokenizer, text)
    assert len(reading.shapes) == len(reading.ids) == len(reading.offsets)
    assert all(0 <= shape < WRITTEN for shape in reading.shapes.tolist())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("RT @JessieNorland: this is great", "JessieNorland"),
        ("happy birthday jessie !! miss u", "jessie"),
        ("lol mr norland gave us homework again", "norland"),
        ("Thanks Jessie ! Worked for me .", "Jessie"),
    ],
)
def test_names_on_the_web_are_found(text: str, name: str) -> None:
    found = {text[f.start : f.end] for f in loaded().names(text, wanted_names(RedactionSettings()))[0] if f.entity == "PERSON"}
    assert any(name in value for value in found), found


@pytest.mark.parametrize("text", ["via @QuoteOfTheDay", "this phone is great , would buy again .", "@media print and @param of the function"])
def test_web_text_without_names_stays(text: str) -> None:
    assert [f for f in loaded().names(text, wanted_names(RedactionSettings()))[0] if f.entity == "PERSON"] == []


def test_lists_that_are_damaged_or_missing_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(FOLDER, tmp_path / "model")
    (tmp_path / "model" / LISTS.name).write_text("1 nobody\n", encoding="utf-8")
    with pytest.raises(ModelError, match="damaged"):
        Tagger(tmp_path / "model")
    monkeypatch.setattr(known, "LISTS", tmp_path / "nothing")
    with pytest.raises(ModelError, match="install"):
        known._lists.__wrapped__()
