"""What looks like a name or a number is one, however it is encoded; and no text, however hostile, takes forever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakedocs.records import Finding
from lakedocs.redact.family import Recurring
from lakedocs.redact.lists import Entry, Lists
from lakedocs.redact.looks import plain
from lakedocs.redact.policy import TextRedactor
from lakedocs.redact.pseudonyms import one_form

ZERO_WIDTH, SOFT_HYPHEN, HARD_SPACE, HARD_HYPHEN = "\u200b", "\u00ad", "\u00a0", "\u2011"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        (f"536{HARD_HYPHEN}90\u20134399\u2212x", "536-90-4399-x"),
        (f"a{HARD_SPACE}b\u2009c\u3000d", "a b c d"),
        (f"{ZERO_WIDTH}Mar{SOFT_HYPHEN}{ZERO_WIDTH}griet\ufeff", "Margriet"),
        ("\uff21\uff20\uff11 \U0001d40c\U0001d41a \u0665", "A@1 Ma 5"),
        ("\u041c\u0430rgriet", "Margriet"),
        ("\u041c\u043e\u0441\u043a\u0432\u0430", "\u041c\u043e\u0441\u043a\u0432\u0430"),  # a word of one script stays
        ("a\uff5cb\nc\td", "a\uff5cb\nc\td"),  # what parts cells is not made
        ("\ufb01ne \u00bd caf\u00e9 e\u0301", "\ufb01ne \u00bd caf\u00e9 e\u0301"),
        ("", ""),
    ],
)
def test_a_text_is_read_as_it_is_seen(text: str, seen: str) -> None:
    assert plain(text).text == seen


@given(st.text(st.sampled_from(list("ab" + ZERO_WIDTH + SOFT_HYPHEN + HARD_SPACE)), max_size=20), st.data())
def test_findings_come_back_to_their_characters(text: str, data: st.DataObject) -> None:
    seen = plain(text)
    if not seen.text:
        return
    start = data.draw(st.integers(0, len(seen.text) - 1))
    end = data.draw(st.integers(start + 1, len(seen.text)))
    (own,) = seen.own([Finding(start, end, "X", 1.0, "")])
    assert plain(text[own.start : own.end]).text == seen.text[start:end]
    assert plain(text[: own.start]).text == seen.text[:start]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"The letter was signed by M{ZERO_WIDTH}argriet H{ZERO_WIDTH}oekstra.", "The letter was signed by <PERSON>."),
        ("Signed by \u041c\u0430rgriet H\u043eekstr\u0430 in March.", "Signed by <PERSON> in March."),
        (f"mail a{ZERO_WIDTH}nn@firm.exam{ZERO_WIDTH}ple now", "mail <EMAIL_ADDRESS> now"),
        (f"SSN 536{HARD_HYPHEN}90{HARD_HYPHEN}4399", "SSN <US_SSN>"),
        ("SSN 536\u201390\u20134399", "SSN <US_SSN>"),
        (f"SSN 536{ZERO_WIDTH}-90{ZERO_WIDTH}-4399.", "SSN <US_SSN>."),
        (f"IBAN NL91{HARD_SPACE}ABNA{HARD_SPACE}0417{HARD_SPACE}1643{HARD_SPACE}00", "<IBAN_CODE>"),
        ("card \uff14\uff11\uff11\uff11 \uff11\uff11\uff11\uff11 \uff11\uff11\uff11\uff11 \uff11\uff11\uff11\uff11", "card <CREDIT_CARD>"),
        (f"BSN 111{ZERO_WIDTH}222{ZERO_WIDTH}333", "BSN <NL_BSN>"),
        ("\u202eMargriet Hoekstra\u202c signed it", "\u202e<PERSON>\u202c signed it"),
        ("Signed by Margrie\u0301t Hoekstra.", "Signed by <PERSON>."),
        (f"no{ZERO_WIDTH}body {HARD_SPACE}\u2013 nothing", f"no{ZERO_WIDTH}body {HARD_SPACE}\u2013 nothing"),
    ],
)
def test_disguise_hides_nothing_from_redaction(default_redactor: TextRedactor, text: str, redacted: str) -> None:
    assert default_redactor.redact(text).text == redacted


def test_what_recurs_and_what_is_listed_is_found_in_disguise() -> None:
    listed = Lists([Entry(True, "PROJECT", f"Blue{HARD_SPACE}Bird"), Entry(False, "", "Ann Lee")])
    assert listed.applied(f"b{ZERO_WIDTH}lue bird", []) == [Finding(0, 10, "PROJECT", 1.0, "DenyList")]
    assert listed.applied(f"Ann{HARD_SPACE}Lee", [Finding(0, 7, "PERSON", 1.0, "")]) == []
    assert one_form("PERSON", f"Ann{HARD_SPACE}L{ZERO_WIDTH}ee") == one_form("PERSON", "Ann Lee")


def test_a_name_recurs_in_disguise() -> None:
    recurring = Recurring()
    recurring.learn(f"by Margriet{HARD_SPACE}Hoekstra.", [Finding(3, 20, "PERSON", 0.9, "model")])
    assert recurring.find(f"12 H{ZERO_WIDTH}OEKSTRA", []) == [Finding(3, 12, "PERSON", 0.9, "Recurrence")]


def test_a_long_link_is_hidden_to_its_end(default_redactor: TextRedactor) -> None:
    link = "https://eur03.safelinks.protection.outlook.com/?url=" + "a%2Fb" * 90 + "&sdata=Zk9Q&user=jdoe-secret"
    text = "Please see the file. " * 100
    assert default_redactor.redact(f"{text}{link} for details.").text == f"{text}<URL> for details."


@pytest.mark.parametrize("unit", ["a", "1", "a@", "a.", "-1", ":a", "(", "e\u0301", "word ", "\u05e9\u05dc ", "1.1.", "x\u200b"])
def test_a_text_without_end_is_read_to_its_end(default_redactor: TextRedactor, unit: str) -> None:
    text = unit * (500_000 // len(unit)) + " BSN 111222333"
    assert default_redactor.redact(text).text.endswith("<NL_BSN>")
