"""A customer's own lists: always hidden, never hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakedocs.errors import SettingsError
from lakedocs.keys import make_local_keys
from lakedocs.redact.fingerprint import policy_fingerprint
from lakedocs.redact.lists import Entry, Lists
from lakedocs.redact.policy import TextRedactor
from lakedocs.settings import Settings, load_settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    loaded = load_settings("local", {"storage.root": str(tmp_path_factory.mktemp("root")), "redaction.nlp_engine": "none"})
    make_local_keys(loaded)
    return loaded


@pytest.mark.parametrize(
    ("entries", "text", "redacted"),
    [
        ([Entry(True, "PROJECT", "Blue Bird")], "BLUE bird, bluebird, Blue Birds", "<PROJECT>, bluebird, Blue Birds"),
        ([Entry(True, "PROJECT", "Straße 9")], "in STRASSE 9 and Straße 9", "in STRASSE 9 and <PROJECT>"),
        ([Entry(True, "CASE_NUMBER", r"K-\d{4}", True)], "k-1234 and K-12", "<CASE_NUMBER> and K-12"),
        ([Entry(True, "CASE_NUMBER", "x*", True)], "nothing", "nothing"),  # matches of nothing hide nothing
        ([Entry(False, "", "info@firm.example")], "INFO@firm.example, ann@firm.example", "INFO@firm.example, <EMAIL_ADDRESS>"),
        ([Entry(False, "US_SSN", "info@firm.example")], "info@firm.example", "<EMAIL_ADDRESS>"),
        ([Entry(False, "", r".*@firm\.example", True)], "ann@firm.example, ann@home.example", "ann@firm.example, <EMAIL_ADDRESS>"),
        ([Entry(False, "", "a@b.example"), Entry(True, "SECRET", "a@b.example")], "a@b.example", "<SECRET>"),
        ([], "a@b.example", "<EMAIL_ADDRESS>"),
        ([Entry(True, "X", "+49 (30) 12")], "at +49 (30) 12, 49  (30) 12 and 49 (30) 12a", "at <X>, <X> and 49 (30) 12a"),
        ([Entry(True, "X", "$ecret")], "a $ecret, secret and ecret", "a <X>, secret and <X>"),
        ([Entry(True, "X", "Jane Doe")], "Jane \u00a0Doe, memo_jane doe_1, Jane Doeling", "<X>, memo_<X>_1, Jane Doeling"),
        ([Entry(True, "X", "M\u00fcl\u00adler 7")], "m\u00fcller 7", "<X>"),
        ([Entry(True, "X", "536904399")], "SSN 536-90-4399", "SSN <X>"),  # what is found counts in any way of writing
        ([Entry(False, "", "536904399")], "SSN 536-90-4399", "SSN 536-90-4399"),
        ([Entry(False, "", r"\d{3}-\d\d-\d{4}", True)], "SSN 536\u201190\u20114399", "SSN 536\u201190\u20114399"),
        ([Entry(False, "", "ask ann@firm.example")], "ask ann@firm.example, ann@firm.example", "ask ann@firm.example, <EMAIL_ADDRESS>"),
    ],
)
def test_lists_decide(settings: Settings, entries: list[Entry], text: str, redacted: str) -> None:
    assert TextRedactor(settings, tuple(entries)).redact(text).text == redacted


def test_a_wrong_pattern_is_told_without_its_text() -> None:
    with pytest.raises(SettingsError) as error:
        Lists([Entry(True, "X", "Castellan(", True)])
    assert "Castellan" not in str(error.value)
    assert "Castellan" not in repr(Entry(True, "X", "Castellan"))


def test_lists_change_the_policy_in_whatever_order_they_were_made(settings: Settings, tmp_path: Path) -> None:
    one, two = Entry(True, "X", "one"), Entry(False, "X", "two")
    policies = {policy_fingerprint(settings, Lists(entries).entries) for entries in ([one, two], [two, one], [one, two, one])}
    assert len(policies) == 1
    assert policy_fingerprint(settings, Lists([one]).entries) not in policies
    assert policy_fingerprint(settings, ()) == policy_fingerprint(settings)
