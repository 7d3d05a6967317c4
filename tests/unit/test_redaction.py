"""What is found, what stands in its place, and what is written down about it."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from presidio_analyzer import EntityRecognizer
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.predefined_recognizers import InPanRecognizer, PhoneRecognizer
from tests.plain_presidio import PlainPresidio

from lakedocs.errors import MissingKeyError, SettingsError
from lakedocs.keys import make_local_keys
from lakedocs.records import Finding
from lakedocs.redact.findings import Analyzer
from lakedocs.redact.fingerprint import policy_fingerprint
from lakedocs.redact.gates import gated
from lakedocs.redact.ner.files import EMBEDDED
from lakedocs.redact.options import RedactionSettings
from lakedocs.redact.pan import ReorderedPanRecognizer
from lakedocs.redact.phone import CellwisePhoneRecognizer
from lakedocs.redact.policy import TextRedactor
from lakedocs.redact.recognizers import RecognizerData, load_recognizers
from lakedocs.redact.spans import joined, united
from lakedocs.settings import Settings, load_settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    loaded = load_settings("local", {"storage.root": str(tmp_path_factory.mktemp("root"))})
    make_local_keys(loaded)
    return loaded


@pytest.fixture(scope="module")
def redactor(settings: Settings) -> TextRedactor:
    return TextRedactor(settings)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("write to anna.kovacs@firm.example now", "write to <EMAIL_ADDRESS> now"),
        ("bob@intranet.local", "<EMAIL_ADDRESS>"),
        ("SSN 536-90-4399.", "SSN <US_SSN>."),
        ("card 4111 1111 1111 1111", "card <CREDIT_CARD>"),
        ("call +44 20 7946 0018 today", "call <PHONE_NUMBER> today"),
        ("NL91 ABNA 0417 1643 00", "<IBAN_CODE>"),
        ("memo_536-90-4399", "memo_<US_SSN>"),
        ("From: Peder Lund", "From: <PERSON>"),
        ("Dear Dr. Amina Farouk, thank you", "Dear <PERSON>, thank you"),
        ("server 192.168.17.4", "server <IP_ADDRESS>"),
        ("see image.png and www.acme.com.", "see <URL> and <URL>."),
        ("4111111111111111.0 | 4155551234.0", "<CREDIT_CARD>.0 | <PHONE_NUMBER>.0"),
        ("+49 30.1234567", "<PHONE_NUMBER>"),
        ("application (no. 18403/91) against", "application (no. <CASE_NUMBER>) against"),
        ("Signed by <HOEKSTRA>", "Signed by <<PERSON>>"),
        ("Mrs Edith Hoekstra | e.h@firm.example | 12", "<PERSON> | <EMAIL_ADDRESS> | 12"),
        # negatives
        (
            "<PERSON> met <US_SSN> of <ORGANIZATION_3f9a12b4c5d6> in <IBAN_CODE>",
            "<PERSON> met <US_SSN> of <ORGANIZATION_3f9a12b4c5d6> in <IBAN_CODE>",
        ),
        ("a margin of 120/80 and 3/22", "a margin of 120/80 and 3/22"),
        ("0.777540026888535 | 0,25 | 104.445", "0.777540026888535 | 0,25 | 104.445"),
        ("the public year 2019 had 365 days", "the public year 2019 had 365 days"),
        ("section 12.3 of the lease", "section 12.3 of the lease"),
        ("", ""),
        ("—  …", "—  …"),
    ],
)
def test_texts(redactor: TextRedactor, text: str, redacted: str) -> None:
    assert redactor.redact(text).text == redacted


def test_redacting_twice_equals_once(redactor: TextRedactor) -> None:
    once = redactor.redact("mail a@b.example, call +1 212 555 0147, card 4111 1111 1111 1111").text
    assert redactor.redact(once).text == once


def test_the_audit_points_at_the_replacements_and_holds_no_value(redactor: TextRedactor) -> None:
    redacted = redactor.redact("mail a.b@c.example or d.e@f.example")
    assert [redacted.text[r.start : r.end] for r in redacted.redactions] == ["<EMAIL_ADDRESS>"] * 2
    assert "a.b" not in repr(redacted)
    assert len({r.value_hash for r in redacted.redactions}) == 2
    same = redactor.redact("A.B@C.example").redactions[0].value_hash
    assert same == redacted.redactions[0].value_hash


def test_a_long_text_is_found_in_throughout(redactor: TextRedactor) -> None:
    text = " ".join(f"word{number} a{number}@b.example" for number in range(600))
    redacted = redactor.redact(text)
    assert redacted.text.count("<EMAIL_ADDRESS>") == 600
    assert "@" not in redacted.text


@pytest.mark.parametrize(("operator", "expected"), [("mask", "*" * 11), ("hash", "<US_SSN_"), ("replace", "<US_SSN>")])
def test_operators(settings: Settings, operator: str, expected: str) -> None:
    chosen = settings.model_copy(update={"redaction": settings.redaction.model_copy(update={"default_operator": operator})})
    first = TextRedactor(chosen).redact("SSN 536-90-4399").text
    assert expected in first
    assert TextRedactor(chosen).redact("SSN 536-90-4399").text == first


def test_thresholds_are_per_entity(settings: Settings) -> None:
    strict = settings.model_copy(
        update={"redaction": settings.redaction.model_copy(update={"thresholds": {"EMAIL_ADDRESS": 1.0, "PHONE_NUMBER": 0.9}})}
    )
    assert TextRedactor(strict).redact("call +44 20 7946 0018").text == "call +44 20 7946 0018"


def test_a_recogniser_is_added_without_code(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "recognizers.yml").write_text(
        "recognizers:\n  - {entity: PROJECT, words: [Bluebird]}\n  - {entity: DOSSIER, patterns: [{name: d, regex: 'D-\\d{4}', score: 0.9}]}\n"
    )
    alone = settings.redaction.model_copy(update={"nlp_engine": "none", "packs": ()})
    chosen = settings.model_copy(update={"conf_folder": str(tmp_path), "redaction": alone})
    assert TextRedactor(chosen).redact("Bluebird and D-1234 and bluebirds").text == "<PROJECT> and <DOSSIER> and bluebirds"
    assert policy_fingerprint(chosen) != policy_fingerprint(settings)


@pytest.mark.parametrize(
    "text", ["recognizers: [{predefined: NoSuch}]", "recognizers: [{entity: X}]", "recognizers: [{surprise: 1}]", "nothing: 1", "- ["]
)
def test_a_bad_file_of_recognisers_is_told(settings: Settings, tmp_path: Path, text: str) -> None:
    (tmp_path / "recognizers.yml").write_text(text)
    with pytest.raises(SettingsError):
        TextRedactor(settings.model_copy(update={"conf_folder": str(tmp_path)}))


def test_without_its_key_nothing_is_redacted(tmp_path: Path) -> None:
    with pytest.raises(MissingKeyError, match="redaction_key"):
        TextRedactor(load_settings("local", {"storage.root": str(tmp_path)}))


def test_overlaps_are_united_under_the_surest_name() -> None:
    found = [Finding(0, 10, "URL", 0.5, "u"), Finding(5, 14, "EMAIL_ADDRESS", 1.0, "e"), Finding(20, 22, "X", 0.5, "x")]
    assert united(found) == [Finding(0, 14, "EMAIL_ADDRESS", 1.0, "e"), Finding(20, 22, "X", 0.5, "x")]


@pytest.mark.parametrize(
    "text",
    [
        "+44 20 7946 0018",
        "call (415) 555-2671 x12 now",
        "a | 030 901820 | b | 5551234567",
        "tel. 06-12345678\n+31 10 275 4411",
        "2019 | 12 | 3.5",
        "nothing",
    ],
)
def test_phone_numbers_are_those_that_presidio_finds(text: str) -> None:
    regions = ["US", "GB", "DE", "NL"]
    plain, cellwise = PhoneRecognizer(supported_regions=regions), CellwisePhoneRecognizer(supported_regions=regions)
    expected = {(r.start, r.end) for r in plain.analyze(text, ["PHONE_NUMBER"])}
    assert {(r.start, r.end) for r in cellwise.analyze(text, ["PHONE_NUMBER"])} == expected


_PAN_PIECES = st.sampled_from(
    ["ABCPE1234F", "abcde1234f", "1234567890", "a#12345-~?", "AB_PE1234F", "abc", "12", "1234", "é", "-", "#", "@", " ", "\n"]
)


@given(st.lists(_PAN_PIECES, max_size=9).map("".join))
def test_indian_tax_numbers_are_those_that_presidio_finds(text: str) -> None:
    def found(recognizer: EntityRecognizer) -> list[tuple[int, int, float]]:
        return [(r.start, r.end, r.score) for r in recognizer.analyze(text, ["IN_PAN"], None)]

    assert found(gated(ReorderedPanRecognizer())) == found(InPanRecognizer())


def test_the_pattern_that_is_put_in_order_is_presidios() -> None:
    both = zip(ReorderedPanRecognizer.PATTERNS, InPanRecognizer.PATTERNS, strict=True)
    assert [theirs.name for ours, theirs in both if ours.regex != theirs.regex] == ["PAN (Low)"]


def test_the_shipped_recognisers_are_valid(settings: Settings) -> None:
    assert len(load_recognizers(settings).recognizers) > 15


@pytest.mark.parametrize(
    "text",
    [
        "passport number 912803456 and license D1234567",
        "account 12345678901, bank account 12345678901",
        "her social security number is 078-05-1120, phone 212 555 0147",
        "ABCDE1234F is a PAN, and so is tax id ABCPE1234F",
        "H12345678 | 12345678 | 943 476 5919 NHS number 943 476 5919",
        "driver license: 425700624, call 020 7946 0018; a@b.example Mr. Ola Nordmann",
    ],
)
def test_context_changes_nothing_but_what_it_can_lift(settings: Settings, text: str) -> None:
    analyzer = Analyzer(settings.redaction, load_recognizers(settings))
    ours = analyzer.find(text).findings
    analyzer._engine.context_aware_enhancer = LemmaContextAwareEnhancer(
        context_prefix_count=settings.redaction.context_words, context_suffix_count=0, context_matching_mode="whole_word"
    )
    assert analyzer.find(text).findings == ours


def test_a_pattern_names_what_the_model_saw_too() -> None:
    pattern, model = Finding(9, 29, "EMAIL_ADDRESS", 0.6, "EmailAnyDomain"), Finding(9, 20, "PERSON", 0.99, EMBEDDED)
    assert united([pattern, model]) == [Finding(9, 29, "EMAIL_ADDRESS", 0.6, "EmailAnyDomain")]


def chosen(settings: Settings, **changes: object) -> TextRedactor:
    return TextRedactor(settings.model_copy(update={"redaction": RedactionSettings.model_validate({**settings.redaction.model_dump(), **changes})}))


@pytest.mark.parametrize("text", ["12/03/1987", "2023-05-01", "EUR 12,500.00"])
def test_strict_hides_what_has_no_letters(settings: Settings, text: str) -> None:
    redacted = chosen(settings, preset="strict").redact(text).text
    assert not any(map(str.isdigit, redacted)), redacted


def test_a_sure_name_counts_whatever_patterns_must_reach(settings: Settings) -> None:
    redactor = chosen(settings, thresholds={"PERSON": 0.99})
    assert "Hoekstra" not in redactor.redact("Dear Mrs Margriet Hoekstra, thank you").text


def test_nothing_wanted_is_patterns_alone(settings: Settings) -> None:
    redactor = chosen(settings, names={"PERSON": 2, "LOCATION": 2, "ORGANIZATION": 2})
    assert redactor.redact("The letter was signed by Margriet Hoekstra.").redactions == ()


def test_the_policy_knows_what_the_model_looks_for(settings: Settings) -> None:
    def policy(**changes: object) -> str:
        redaction = RedactionSettings.model_validate({**settings.redaction.model_dump(), **changes})
        return policy_fingerprint(settings.model_copy(update={"redaction": redaction}))

    assert len({policy(), policy(preset="strict"), policy(names={"PERSON": 0.3}), policy(nlp_engine="none")}) == 4
    assert policy(nlp_engine="none", preset="strict") == policy(nlp_engine="none")


@pytest.fixture(scope="module")
def both(settings: Settings) -> tuple[PlainPresidio, Analyzer]:
    patterns = settings.model_copy(update={"redaction": settings.redaction.model_copy(update={"nlp_engine": "none"})})
    return PlainPresidio(patterns), Analyzer(patterns.redaction, load_recognizers(patterns))


_PIECES = st.sampled_from(
    ["SSN 536-90-4399", "BSN 111222333", "NL91 ABNA 0417 1643 00", "BE 0697.449.992", "call +44 20 7946 0018", "x@y.example",
     "4111 1111 1111 1111", "181 / 815 / 08155",
     "2 95 10 99 126 111 93", "fax 001-748-088-2851x818", "(294)820-8093", "+12 345 678", "Telefon 15/000 8063",
     "dial 25-62-29-72", "Mr Lund", "RSSMRA85T10A562S", "27AAPFU0939F1ZV", "www.example.com",
     "in 1684", "16 48", "10.0.0.1", "GB 980 7806 84", "ref no. AB/123", "3.50", "| 12 |", "and then", "\n", ";"]
)  # fmt: skip


def in_order(findings: list[Finding]) -> list[Finding]:
    """Presidio leaves the order of those at one place with one score to chance."""
    return sorted(findings, key=astuple)


@hypothesis.settings(deadline=None)  # the first patterns are compiled
@given(st.lists(st.one_of(_PIECES, st.text(max_size=6)), max_size=12))
def test_findings_are_those_of_presidio_as_it_comes(both: tuple[PlainPresidio, Analyzer], pieces: list[str]) -> None:
    plain, quick = both
    text = " ".join(pieces)
    assert in_order(quick.by_pattern(text)) == in_order(plain.find(text))


@pytest.mark.parametrize("entry", load_recognizers(load_settings("local")).recognizers, ids=lambda entry: entry.title)
def test_cases_are_found_by_presidio_as_it_comes(both: tuple[PlainPresidio, Analyzer], entry: RecognizerData) -> None:
    plain, quick = both
    for case in (*entry.cases.hides, *entry.cases.keeps):
        assert in_order(quick.by_pattern(case)) == in_order(plain.find(case))


@pytest.mark.parametrize(
    ("text", "parts", "whole"),
    [
        ("Mr Jan de Vries", [(0, 6, "PERSON"), (7, 15, "PERSON")], [(0, 15)]),
        ("Jan, Piet", [(0, 3, "PERSON"), (5, 9, "PERSON")], [(0, 3), (5, 9)]),
        ("Jan  Piet", [(0, 3, "PERSON"), (5, 9, "PERSON")], [(0, 3), (5, 9)]),
        ("Jan Breda", [(0, 3, "PERSON"), (4, 9, "LOCATION")], [(0, 3), (4, 9)]),
        ("a@b.nl c@d.nl", [(0, 6, "EMAIL_ADDRESS"), (7, 13, "EMAIL_ADDRESS")], [(0, 6), (7, 13)]),
        ("Anna Meier Peter Schmidt", [(0, 10, "PERSON"), (11, 24, "PERSON")], [(0, 10), (11, 24)]),
        ("Jan\u00a0Smith", [(0, 3, "PERSON"), (4, 9, "PERSON")], [(0, 9)]),
        ("Van der Berg", [(0, 3, "PERSON"), (4, 7, "PERSON"), (8, 12, "PERSON")], [(0, 12)]),
    ],
)
def test_parts_of_a_name_are_one(text: str, parts: list[tuple[int, int, str]], whole: list[tuple[int, int]]) -> None:
    findings = [Finding(start, end, entity, 0.5, "") for start, end, entity in parts]
    assert [(finding.start, finding.end) for finding in joined(text, findings)] == whole
