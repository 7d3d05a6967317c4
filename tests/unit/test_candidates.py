"""What a person is shown: the value, and redacted text around it; and what a person says counts above all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakedocs.records import Finding, Redacted, TableRow
from lakedocs.redact.candidates import candidates
from lakedocs.redact.family import Family
from lakedocs.redact.lists import Entry
from lakedocs.redact.operators import Redactor
from lakedocs.redact.options import RedactionSettings
from lakedocs.redact.policy import TextRedactor
from lakedocs.redact.spans import apart_from, united

CALL = "Mail ann@firm.example or call 06-12345678, licence A1234567, today."


def redacted(redactor: TextRedactor, text: str, *decided: Entry) -> Redacted:
    with Family[str](redactor, decided=decided) as family:
        family.add("row", text)
        ((_, (found,)),) = family.redacted()
    return found


def test_unsure_findings_and_near_ones_are_candidates_with_redacted_text_around(redactor: TextRedactor) -> None:
    found = redacted(redactor, CALL)
    assert found.text == "Mail <EMAIL_ADDRESS> or call <PHONE_NUMBER>, licence A1234567, today."
    assert [(c.entity, c.is_hidden, c.value, c.before, c.after) for c in found.candidates] == [
        ("PHONE_NUMBER", True, "06-12345678", "Mail <EMAIL_ADDRESS> or call ", ", licence A1234567, today."),
        ("US_DRIVER_LICENSE", False, "A1234567", "Mail <EMAIL_ADDRESS> or call <PHONE_NUMBER>, licence ", ", today."),
    ]
    assert "06-12345678" not in repr(found.candidates)


@pytest.mark.parametrize(
    ("decided", "text", "left"),
    [
        ([Entry(False, "", "06-12345678")], "Mail <EMAIL_ADDRESS> or call 06-12345678, licence A1234567, today.", ["A1234567"]),
        ([Entry(True, "CODE", "A1234567")], "Mail <EMAIL_ADDRESS> or call <PHONE_NUMBER>, licence <CODE>, today.", ["06-12345678"]),
        ([Entry(False, "", "A1234567")], "Mail <EMAIL_ADDRESS> or call <PHONE_NUMBER>, licence A1234567, today.", ["06-12345678"]),
        ([Entry(True, "CUSTOM", "today")], "Mail <EMAIL_ADDRESS> or call <PHONE_NUMBER>, licence A1234567, <CUSTOM>.", ["06-12345678", "A1234567"]),
        (
            [Entry(False, "", "ann@firm.example"), Entry(False, "", "elsewhere")],
            "Mail ann@firm.example or call <PHONE_NUMBER>, licence A1234567, today.",
            ["06-12345678", "A1234567"],
        ),
    ],
)
def test_what_people_decided_is_done_and_not_asked_again(redactor: TextRedactor, decided: list[Entry], text: str, left: list[str]) -> None:
    found = redacted(redactor, CALL, *decided)
    assert (found.text, [candidate.value for candidate in found.candidates]) == (text, left)


def test_what_is_kept_is_kept_in_a_column_of_personal_data_and_where_it_recurs(redactor: TextRedactor) -> None:
    def cells(*decided: Entry) -> list[str]:
        with Family[int](redactor, decided=decided) as family:
            for number, cell in enumerate(["E-mail", "ann@firm.example", "bob@firm.example", "x 0000000"]):
                family.add_cells(number, cell, TableRow(("t",), number + 1, f"A{number + 1}"))
            family.add(9, "see x 0000000, ann@firm.example")
            return [found[0].text for _, found in family.redacted()]

    assert cells()[3:] == ["<EMAIL_ADDRESS>", "see <EMAIL_ADDRESS>, <EMAIL_ADDRESS>"]
    assert cells(Entry(False, "", "x 0000000"))[3:] == ["x 0000000", "see x 0000000, <EMAIL_ADDRESS>"]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6), st.booleans()), max_size=6))
def test_a_candidate_stands_between_its_surroundings(spans: list[tuple[int, int, bool]]) -> None:
    text = "".join(chr(ord("a") + n % 26) for n in range(40))
    findings = united([Finding(start, start + length, "X", 0.1, "") for start, length, is_found in spans if is_found])
    near = apart_from(findings, united([Finding(start, start + length, "Y", 0.1, "") for start, length, is_found in spans if not is_found]))
    whole = Redactor(RedactionSettings(), b"key").apply(text, findings)
    for candidate in candidates(text, findings, near, whole, 0.5, lambda entity, value: entity + value):
        stands = "<X>" if candidate.is_hidden else candidate.value
        assert candidate.before + stands + candidate.after in whole.text
    assert [finding for finding in near for other in findings if finding.start < other.end and other.start < finding.end] == []
