"""What is found once in a family is hidden wherever in it it recurs."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakedocs.keys import make_local_keys
from lakedocs.records import Finding, Redacted
from lakedocs.redact.family import RECURRENCE, Family, Recurring
from lakedocs.redact.policy import TextRedactor
from lakedocs.settings import load_settings


def found(text: str, *values: tuple[str, str, float]) -> list[Finding]:
    return [Finding(text.index(value), text.index(value) + len(value), entity, score, "model") for value, entity, score in values]


def hidden(known: str, values: list[tuple[str, str, float]], text: str) -> str:
    """A text with X for what recurs in it, when `values` were found in `known`."""
    recurring = Recurring()
    recurring.learn(known, found(known, *values))
    recurring.learn(text, [])
    for finding in reversed(recurring.find(text, [])):
        text = text[: finding.start] + "X" + text[finding.end :]
    return text


@pytest.mark.parametrize(
    ("values", "text", "expected"),
    [
        ([("Irma Castellan", "PERSON", 0.9)], "asked IRMA CASTELLAN, Irma\nCastellan", "asked X, X"),
        ([("Irma Castellan", "PERSON", 0.9)], "Castellan said, I. Castellan signed", "X said, X signed"),
        ([("Irma Castellan", "PERSON", 0.3)], "Irma Castellan and Castellan", "X and Castellan"),
        ([("Irma Castellan", "PERSON", 0.9)], "Castellano and castellan", "Castellano and castellan"),
        ([("Mr. Castellan", "PERSON", 0.6)], "Castellan's letter", "X's letter"),
        ([("Income Tax", "PERSON", 0.9)], "Tax is due, and that tax is high", "Tax is due, and that tax is high"),
        ([("Rotterdam", "LOCATION", 0.8)], "in Rotterdam, ROTTERDAM | Rotterdam_2", "in X, X | X_2"),
        ([("Rotterdam", "LOCATION", 0.3)], "in Rotterdam", "in Rotterdam"),
        ([("High", "LOCATION", 0.9)], "High | Low | High | High | High", "High | Low | High | High | High"),
        ([("Rotterdam", "LOCATION", 0.9)], "Rotterdam | Low | Rotterdam | Rotterdam", "X | Low | X | X"),
        ([("Irma Castellan", "PERSON", 0.9)], "Castellan | " * 9, "X | " * 9),
        ([("Reading", "LOCATION", 0.9)], "Reading it is reading", "Reading it is reading"),
        ([("12345678", "US_BANK_NUMBER", 0.5)], "12345678 | 123456789 | (12345678)", "X | 123456789 | (X)"),
        ([("2019", "DATE_TIME", 0.9)], "in 2019", "in 2019"),
        ([("a.b@c.example", "EMAIL_ADDRESS", 1.0)], "A.B@C.EXAMPLE", "X"),
        ([], "nothing", "nothing"),
    ],
)
def test_what_recurs_is_hidden(values: list[tuple[str, str, float]], text: str, expected: str) -> None:
    assert hidden(" | ".join(value for value, _, _ in values), values, text) == expected


def test_a_finding_keeps_its_name_where_something_recurs_in_it() -> None:
    recurring = Recurring()
    recurring.learn("Irma Castellan", found("Irma Castellan", ("Irma Castellan", "PERSON", 0.9)))
    text = "To Castellan@firm.example"
    address = found(text, ("Castellan@firm.example", "EMAIL_ADDRESS", 0.6))
    assert recurring.find(text, address) == address


@given(st.text(alphabet="Ab c.1-_é\n", max_size=60), st.lists(st.sampled_from(["Abc Abé", "Ab", "A. Ab", "111-111", "Abcb"]), max_size=3))
def test_findings_are_in_order_apart_and_inside_of_the_text(text: str, values: list[str]) -> None:
    recurring = Recurring()
    for value in values:
        recurring.learn(value, [Finding(0, len(value), "PERSON", 0.9, "model")])
    spans = [(finding.start, finding.end) for finding in recurring.find(text, [])]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_a_surname_in_an_address_is_no_ordinary_word() -> None:
    recurring = Recurring()
    text = "Irma Castellan <castellan@firm.example>"
    recurring.learn(text, found(text, ("Irma Castellan", "PERSON", 0.9), ("castellan@firm.example", "EMAIL_ADDRESS", 1.0)))
    assert [(f.start, f.end) for f in recurring.find("Castellan agreed", [])] == [(0, 9)]


def test_a_family_is_redacted_as_one_and_in_its_order(tmp_path: Path) -> None:
    settings = load_settings("local", {"storage.root": str(tmp_path)})
    make_local_keys(settings)
    redactor = TextRedactor(settings)
    with Family[int](redactor) as family:
        family.add(0, "ref 5551234567 | x")
        family.add_hidden(1, "Irma Castellan", "PERSON", "Sheet1")
        family.add(2, "Mail: irma@firm.example", "")
        family.add(3, "IRMA CASTELLAN called (415) 555-2671, then 4155552671")
        rows: list[tuple[int, list[Redacted]]] = list(family.redacted())
    assert [row for row, _ in rows] == [0, 1, 2, 3]
    assert [redacted.text for redacted in rows[1][1]] == ["<PERSON>", "Sheet1"]
    assert rows[2][1][0].text == "Mail: <EMAIL_ADDRESS>"
    last = rows[3][1][0]
    assert "CASTELLAN" not in last.text
    for redaction in last.redactions:
        assert re.fullmatch(r"<[A-Z_]+>", last.text[redaction.start : redaction.end])


def test_a_family_larger_than_memory_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load_settings("local", {"storage.root": str(tmp_path)})
    make_local_keys(settings)
    redactor = TextRedactor(settings)

    def redacted() -> list[str]:
        with Family[int](redactor) as family:
            for number in range(50):
                family.add(number, f"case {number}: Mr. Castellan wrote to a{number}@firm.example")
            return [texts[0].text for _, texts in family.redacted()]

    whole = redacted()
    monkeypatch.setattr("lakedocs.redact.family._IN_MEMORY", 100)
    assert redacted() == whole
    assert RECURRENCE not in whole[0]
