"""Recognisers by country: the cases they carry, packs by conf, and numbers that their checksum speaks against."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakedocs.errors import SettingsError
from lakedocs.keys import make_local_keys
from lakedocs.redact.evaluate.cases import failures
from lakedocs.redact.fingerprint import policy_fingerprint
from lakedocs.redact.options import RedactionSettings
from lakedocs.redact.packs import recognizer_files
from lakedocs.redact.policy import TextRedactor
from lakedocs.redact.recognizers import RecognizerData, load_recognizers
from lakedocs.settings import Settings, load_settings

_ENTRIES = [entry for entry in load_recognizers(load_settings("local")).recognizers if entry.patterns]


def _settings(root: Path, **changes: object) -> Settings:
    settings = load_settings("local", {"storage.root": str(root), **{f"redaction.{name}": value for name, value in changes.items()}})
    make_local_keys(settings)
    return settings


@pytest.mark.parametrize("entry", [entry for entry in _ENTRIES if entry.cases.hides], ids=lambda entry: entry.title)
def test_each_finds_what_its_cases_mark_and_leaves_the_rest(entry: RecognizerData) -> None:
    assert failures(load_settings("local").redaction, entry) == []


def test_every_identifier_of_a_country_has_cases_for_and_against() -> None:
    assert [entry.title for entry in _ENTRIES if entry.checksum and not (entry.cases.hides and entry.cases.keeps)] == []
    assert len([entry for entry in _ENTRIES if entry.checksum]) > 30


def test_a_case_that_comes_out_otherwise_is_told() -> None:
    entry = RecognizerData.model_validate(
        {
            "entity": "BADGE",
            "patterns": [{"name": "b", "regex": r"B-\d{4}", "score": 0.6}],
            "cases": {"hides": ["[B-1234] and B-9999"], "keeps": ["B-1"]},
        }
    )
    assert [failure.found for failure in failures(RedactionSettings(), entry)] == [("B-1234", "B-9999")]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("BSN 111222333", "BSN <NL_BSN>"),
        ("BSN 111222334", "BSN <NL_BSN>"),  # mistyped, and still about a person
        ("84 of 111222334", "84 of 111222334"),
        ("NISS 85.07.30-033.28", "NISS <BE_NATIONAL_NUMBER>"),
    ],
)
def test_a_wrong_checksum_counts_beside_a_context_word_alone(tmp_path: Path, text: str, redacted: str) -> None:
    assert TextRedactor(_settings(tmp_path, nlp_engine="none")).redact(text).text == redacted


def test_packs_are_on_and_off_by_conf(tmp_path: Path) -> None:
    few = _settings(tmp_path, packs="[us, uk]", nlp_engine="none")
    assert [path.name for path in recognizer_files(few)] == ["recognizers.yml", "us.yml", "uk.yml"]
    assert TextRedactor(few).redact("[85073003328] SSN 536-90-4399").text == "[85073003328] SSN <US_SSN>"
    with pytest.raises(SettingsError, match="atlantis; there are at, be"):
        recognizer_files(_settings(tmp_path, packs="[us, atlantis]"))


def test_an_unknown_checksum_is_an_error_that_names_it(tmp_path: Path) -> None:
    entry = RecognizerData.model_validate(
        {"entity": "X", "checksum": "xx.none", "patterns": [{"name": "x", "regex": r"\d+", "score": 0.5}], "cases": {"keeps": ["1"]}}
    )
    with pytest.raises(SettingsError, match=r"no checksum xx\.none"):
        failures(RedactionSettings(), entry)


def test_packs_and_patterns_change_the_policy_and_cases_do_not(tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    (conf / "packs").mkdir(parents=True)
    for name in ("pipeline.yml", "recognizers.yml", "packs/nl.yml"):
        (conf / name).write_text((Path("conf") / name).read_text(encoding="utf-8"), encoding="utf-8")
    (conf / "packs" / "none.yml").write_text("recognizers: []", encoding="utf-8")

    def fingerprint(packs: str = "all") -> str:
        settings = load_settings("local", {"storage.root": str(tmp_path), "redaction.packs": packs}, str(conf))
        make_local_keys(settings)
        return policy_fingerprint(settings)

    before = fingerprint()
    assert fingerprint("[nl, none]") == before  # what they come to
    assert fingerprint("[none]") != before
    pack = conf / "packs" / "nl.yml"
    pack.write_text(pack.read_text(encoding="utf-8").replace("bestelling 111222333", "bestelling 444555666") + "# a remark\n", encoding="utf-8")
    assert fingerprint() == before
    pack.write_text(pack.read_text(encoding="utf-8").replace("nl.bsn", "nl.onderwijsnummer"), encoding="utf-8")
    assert fingerprint() != before
