"""What stands where personal data stood."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakedocs.errors import LakeError, MissingKeyError
from lakedocs.keys import make_local_keys
from lakedocs.records import Finding
from lakedocs.redact.dates import days_of, shifted
from lakedocs.redact.fingerprint import policy_fingerprint
from lakedocs.redact.operators import Redactor
from lakedocs.redact.options import RedactionSettings
from lakedocs.redact.policy import TextRedactor
from lakedocs.redact.pseudonyms import one_form
from lakedocs.redact.vault import Vault, open_vault
from lakedocs.settings import load_settings

KEY = b"k" * 32


def replaced(operator: str, entity: str, value: str, *, key: bytes = KEY, document: str = "d") -> str:
    settings = RedactionSettings.model_validate({"operators": {entity: operator}})
    return Redactor(settings, key, Vault(b"v" * 32)).apply(value, [Finding(0, len(value), entity, 1.0, "r")], document).text


@pytest.mark.parametrize(
    ("entity", "one", "other", "same"),
    [
        ("PERSON", "Irma Castellan", "CASTELLAN, Irma", True),
        ("PERSON", "Dr. José Müller", "jose muller", True),
        ("PERSON", "Castellan's", "Castellan", True),
        ("PERSON", "Irma Castellan", "Irma Castellano", False),
        ("PERSON", "Dr", "Prof", False),
        ("PERSON", "राम", "रीमा", False),
        ("PERSON", "O'Neill, Seán", "sean o’neill", True),
        ("US_SSN", "536-90-4399", "536 90 4399", True),
        ("US_SSN", "536-90-4399", "536-90-4398", False),
        ("IBAN_CODE", "NL91 ABNA 0417 1643 00", "nl91abna0417164300", True),
        ("EMAIL_ADDRESS", "A.B1234@c.example", "a.b1234@c.example", True),
        ("EMAIL_ADDRESS", "a.b1234@c.example", "ab1234@c.example", False),
    ],
)
def test_one_person_has_one_pseudonym(entity: str, one: str, other: str, same: bool) -> None:
    assert (replaced("pseudonym", entity, one) == replaced("pseudonym", entity, other)) is same
    assert (one_form(entity, one) == one_form(entity, other)) is same


def test_another_key_gives_other_pseudonyms() -> None:
    one = replaced("pseudonym", "PERSON", "Irma Castellan")
    assert one == replaced("hash", "PERSON", "Irma Castellan") != replaced("pseudonym", "PERSON", "Irma Castellan", key=b"x" * 32)
    assert one.startswith("<PERSON_")


@pytest.mark.parametrize(
    ("value", "moved"),
    [
        ("2019-02-27", "2019-03-01"),
        ("27.02.2019", "01.03.2019"),
        ("February 27, 2019", "March 01, 2019"),
        ("27 Feb 2019", "01 Mar 2019"),
        ("12/31/2019", "01/02/2020"),
        ("03/04/2019", None),  # of March or of April
        ("04-04-2019", "06-04-2019"),
        ("last week", None),
        ("2019", None),
        ("9999-12-31", None),
    ],
)
def test_dates_move_in_their_own_form(value: str, moved: str | None) -> None:
    assert shifted(value, 2) == moved


@given(st.text(), st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_dates_of_a_document_move_together_and_always_move(document: str, day: date) -> None:
    days = days_of(KEY, document)
    assert 1 <= abs(days) <= 365
    assert shifted(day.isoformat(), days) == (day + timedelta(days=days)).isoformat()


def test_a_date_without_a_document_or_a_form_is_replaced_by_its_type() -> None:
    assert replaced("shift_date", "DATE_TIME", "2019-02-27", document="") == "<DATE_TIME>"
    assert replaced("shift_date", "DATE_TIME", "some day") == "<DATE_TIME>"
    assert replaced("shift_date", "DATE_TIME", "2019-02-27", document="a") != replaced("shift_date", "DATE_TIME", "2019-02-27", document="b")


@given(st.text(min_size=1))
def test_what_is_sealed_comes_back_and_is_the_same_each_time(value: str) -> None:
    vault = Vault(KEY)
    sealed = vault.seal("PERSON", value)
    assert sealed == vault.seal("PERSON", value)
    assert vault.open("PERSON", sealed, vault.version) == value
    assert Vault(b"new" * 12, KEY).open("PERSON", sealed, vault.version) == value


def test_without_the_key_or_for_another_type_nothing_opens() -> None:
    vault = Vault(KEY)
    sealed = vault.seal("PERSON", "Irma")
    with pytest.raises(MissingKeyError, match="previous vault key"):
        Vault(b"x" * 32).open("PERSON", sealed, vault.version)
    for entity, ciphertext in (("US_SSN", sealed), ("PERSON", "no Base64"), ("PERSON", "")):
        with pytest.raises(LakeError, match="changed"):
            vault.open(entity, ciphertext, vault.version)


def test_a_token_stands_for_the_very_value_and_the_vault_holds_it_once() -> None:
    text = "Irma met Irma and IRMA"
    found = [Finding(at, at + 4, "PERSON", 1.0, "r") for at in (0, 9, 18)]
    redacted = Redactor(RedactionSettings(default_operator="reversible"), KEY, Vault(KEY)).apply(text, found)
    assert {Vault(KEY).open(s.entity, s.ciphertext, s.key_version) for s in redacted.sealed} == {"Irma", "IRMA"}
    for sealed in redacted.sealed:
        text = text.replace(Vault(KEY).open("PERSON", sealed.ciphertext, sealed.key_version), sealed.token)
    assert redacted.text == text


def test_a_missing_or_short_vault_key_is_told_before_anything_is_written(tmp_path: Path) -> None:
    settings = load_settings("local", {"storage.root": str(tmp_path), "redaction.default_operator": "reversible"})
    make_local_keys(settings.model_copy(update={"redaction": RedactionSettings()}))
    with pytest.raises(MissingKeyError, match="LAKEDOCS_VAULT_KEY"):
        policy_fingerprint(settings)
    (tmp_path / "keys" / "vault_key").write_text("short", encoding="utf-8")
    with pytest.raises(MissingKeyError, match="openssl rand"):
        open_vault(settings)


def test_redacting_again_leaves_pseudonyms_as_they_are(tmp_path: Path) -> None:
    settings = load_settings("local", {"storage.root": str(tmp_path), "redaction.default_operator": "pseudonym"})
    make_local_keys(settings)
    redactor = TextRedactor(settings)
    once = redactor.redact("mail a@b.example, call +1 212 555 0147, card 4111 1111 1111 1111, From: Peder Lund").text
    assert redactor.redact(once).text == once
    assert redactor.redact("who is PEDER LUND").text.removeprefix("who is ") in once  # a question meets its documents
