"""A number of which the model saw a part is hidden whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakedocs.redact.ner.recognizer import loaded
from lakedocs.redact.ner.tagger import _NUMBER, Name, _with_numbers

STRICT = {"QUANTITY": 0.2, "DATE_TIME": 0.2}


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        ("EUR 12,500.00 paid", ",500", "12,500.00"),
        ("EUR 12,500.00 paid", "EUR 12", "EUR 12,500.00"),
        ("1.5 of 2.5 m", "5 of 2", "1.5 of 2.5"),
        ("12,500.00 paid by Ann", "Ann", "Ann"),
        ("12,500.00Ann", "Ann", "Ann"),
        ("in 2019, 12 came", "2019", "2019"),
    ],
)
def test_a_number_is_hidden_to_its_ends(text: str, part: str, whole: str) -> None:
    start = text.index(part)
    name = _with_numbers(Name(start, start + len(part), "QUANTITY", 0.5), [number.span() for number in _NUMBER.finditer(text)])
    assert text[name.start : name.end] == whole


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="1,. a", max_size=40))
def test_no_name_ends_within_a_number(text: str) -> None:
    numbers = [number.span() for number in _NUMBER.finditer(text)]
    for name in loaded().names(text, STRICT)[0]:
        assert all(end <= name.start or name.end <= start or (name.start <= start and end <= name.end) for start, end in numbers)


def test_amounts_are_hidden_whole() -> None:
    text = "The fee was EUR 12,500.00."
    found = loaded().names(text, STRICT)[0]
    assert not any(letter.isdigit() and not any(name.start <= place < name.end for name in found) for place, letter in enumerate(text))
