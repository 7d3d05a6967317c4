"""Every part of a person's name is hidden where it recurs, and a text that stands alone is a family of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakedocs.keys import make_local_keys
from lakedocs.records import Finding
from lakedocs.redact.family import Recurring
from lakedocs.redact.lists import Entry
from lakedocs.redact.policy import TextRedactor
from lakedocs.settings import load_settings


@pytest.mark.parametrize(
    ("name", "score", "text", "expected"),
    [
        ("Ms Betty Norland Castellan", 0.9, "her maiden name, “Norland”", "her maiden name, “X”"),
        ("Betty Castellan", 0.9, "Ask BETTY", "Ask X"),
        ("Betty Castellan", 0.9, "Betty it is. Betty, Betty", "Betty it is. Betty, Betty"),  # found in a quarter of its places
        ("Betty Castellan", 0.9, "Ask Betty. Bettysburg is far", "Ask X. Bettysburg is far"),
        ("Betty Castellan", 0.4, "Ask Betty", "Ask Betty"),  # not sure enough of a single word
        ("Mark Castellan", 0.9, "Mark the date; a mark was made", "Mark the date; a mark was made"),
        ("Judge Castellan", 0.9, "The Judge rose. The Judge left", "The Judge rose. The Judge left"),  # mostly no part of a name
        ("Jan de Boer", 0.9, "Jan said de facto", "Jan said de facto"),  # too short, and small
    ],
)
def test_parts_of_a_name_recur(name: str, score: float, text: str, expected: str) -> None:
    recurring = Recurring()
    recurring.learn(name, [Finding(0, len(name), "PERSON", score, "model")])
    recurring.learn(text, [])
    for finding in reversed(recurring.find(text, [])):
        text = text[: finding.start] + "X" + text[finding.end :]
    assert text == expected


def test_a_place_has_no_first_name() -> None:
    recurring = Recurring()
    recurring.learn("Great Yarmouth", [Finding(0, 14, "LOCATION", 0.9, "model")])
    assert recurring.find("Great news", []) == []


@pytest.mark.parametrize("entries", [(), (Entry(False, "", "Hoekstra"),)])
def test_what_recurs_in_a_text_that_stands_alone_is_hidden_unless_it_is_allowed(
    entries: tuple[Entry, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = load_settings("local", {"storage.root": str(tmp_path_factory.mktemp("root")), "redaction.nlp_engine": "none"})
    make_local_keys(settings)
    redactor = TextRedactor(settings, entries)
    text = "By Mr. Irma Hoekstra: signed. Then | Hoekstra | left."
    expected = "By <PERSON>: signed. Then | Hoekstra | left." if entries else "By <PERSON>: signed. Then | <PERSON> | left."
    assert redactor.redact(text).text == expected
    assert redactor.redact("Then | Hoekstra | left.").text == "Then | Hoekstra | left."


def test_nothing_recurs_in_what_stands_for_something_found(tmp_path: Path) -> None:
    settings = load_settings("local", {"storage.root": str(tmp_path)})
    make_local_keys(settings)
    redactor = TextRedactor(settings)
    assert redactor.redact("IBAN <IBAN_CODE>").text.endswith(" <IBAN_CODE>")
