"""What is spelled letter by letter is a word to its reader, and so it is to redaction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakedocs.records import Finding
from lakedocs.redact.family import Recurring
from lakedocs.redact.looks import spelled
from lakedocs.redact.policy import TextRedactor
from lakedocs.redact.pseudonyms import one_form

HARD_SPACE = "\u00a0"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("by J o h n  S m i t h today", "by John  Smith today"),
        ("J o h n S m i t h", "John Smith"),
        ("J.o.h.n S-m.i_t A*n*n*a", "John S-m.i_t Anna"),  # the sign must be one
        ("R e n é e  D u p r é", "Renée  Dupré"),
        ("A m y  L e e", "Amy  Lee"),
        ("T E R M S  O F  U S E", "TERMS  OF  USE"),
        ("N L 9 1 A B N A 0 4 1 7", "NL91ABNA0417"),
    ],
)
def test_words_are_read(text: str, words: str) -> None:
    read = spelled(text)
    assert read is not None
    assert read.plain.text == words


@pytest.mark.parametrize(
    "text",
    [
        "The U.S.A. and the E.U., e.g. at 5 p.m.",
        "J. R. R. Tolkien",
        "1 2 3 4 5 6 7 8 9",
        "S M T W T F S",
        "Y N N Y Y N",
        "X X X X X",
        "C D E F G",
        "a | b | c | d | e",
        "A, B, C and D",
        "1.2.3.4 and 10.0.0.1",
        "a+b+c+d, x = y",
        "Plan B or C d",
        "",
    ],
)
def test_what_spells_no_word_stays(text: str) -> None:
    assert spelled(text) is None


@given(st.text(st.sampled_from(list("abCé1  ..-\n")), max_size=40))
def test_every_letter_is_found_where_it_stands(text: str) -> None:
    read = spelled(text)
    if read is None:
        return
    words = read.plain.text
    for place, letter in enumerate(words):
        (own,) = read.plain.own([Finding(place, place + 1, "X", 1.0, "")])
        assert own.end == own.start + 1
        assert text[own.start] == letter or letter == " "
    assert [letter for letter in words if letter.isalnum()] == [letter for letter in text if letter.isalnum()]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("The letter was signed by M a r g r i e t  H o e k s t r a.", "The letter was signed by <PERSON>."),
        ("The letter was signed by M.a.r.g.r.i.e.t H.o.e.k.s.t.r.a in March.", "The letter was signed by <PERSON> in March."),
        (f"Signed by M a r g r i e t{HARD_SPACE} H o e k s t r a in March.", "Signed by <PERSON> in March."),
        ("M A R G R I E T  H O E K S T R A", "<PERSON>"),
        ("pay to N L 9 1 A B N A 0 4 1 7 1 6 4 3 0 0 now", "pay to <IBAN_CODE> now"),
        ("T E R M S  A N D  C O N D I T I O N S", "T E R M S  A N D  C O N D I T I O N S"),
        ("B A L A N C E  S H E E T", "B A L A N C E  S H E E T"),
        ("T H E  P U R C H A S E R", "T H E  P U R C H A S E R"),
        ("Total a b c d e", "Total a b c d e"),
    ],
)
def test_spelling_hides_nothing_and_makes_no_names(default_redactor: TextRedactor, text: str, redacted: str) -> None:
    once = default_redactor.redact(text).text
    assert once == redacted
    assert default_redactor.redact(once).text == once


def test_a_name_is_the_same_however_it_is_spelled() -> None:
    assert one_form("PERSON", "M a r g r i e t  H o e k s t r a") == one_form("PERSON", "Margriet Hoekstra")
    recurring = Recurring()
    recurring.learn("by I r m a  C a s t e l l a n.", [Finding(3, 29, "PERSON", 0.9, "model")])
    assert recurring.find("Irma Castellan", []) == [Finding(0, 14, "PERSON", 0.9, "Recurrence")]
    assert recurring.find("n n, a a", []) == []
