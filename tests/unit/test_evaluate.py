"""Labelled files in their forms, and the scores of findings against them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lakedocs.cli import cli
from lakedocs.errors import RedactionQualityError, SettingsError
from lakedocs.keys import make_local_keys
from lakedocs.records import Finding
from lakedocs.redact.evaluate.gate import check_quality
from lakedocs.redact.evaluate.labelled import Labelled, Mark, read_labelled
from lakedocs.redact.evaluate.scores import score
from lakedocs.settings import load_settings

TEXT = "Ann Lee met Bo in Oslo"


def finding(start: int, end: int, entity: str = "PERSON") -> Finding:
    return Finding(start, end, entity, 1.0, "r")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.jsonl", json.dumps({"text": TEXT, "spans": [{"start": 0, "end": 7, "entity": "PERSON"}, {"start": 18, "end": 22, "entity": "GPE"}]})),
        (
            "presidio.json",
            json.dumps([{"full_text": TEXT, "spans": [{"entity_type": "PERSON", "start_position": 0, "end_position": 7},
                                                      {"entity_type": "STREET_ADDRESS", "start_position": 18, "end_position": 22}]}]),
        ),
        (
            "tab.jsonl",
            json.dumps({"text": TEXT, "entities": [{"entity_type": "LOC", "start_offset": 18, "end_offset": 22},
                                                   {"entity_type": "PERSON", "start_offset": 0, "end_offset": 7}]}),
        ),
        (
            "published.jsonl",
            json.dumps({"text": TEXT, "annotations": {"annotator1": {"entity_mentions": [
                {"entity_type": "PERSON", "start_offset": 0, "end_offset": 7}, {"entity_type": "LOC", "start_offset": 18, "end_offset": 22}]}}}),
        ),
        ("columns.conll", "Ann\tB-person\nLee\tI-person\nmet\tO\nBo\tO\nin\tO\nOslo\tB-location\n\t\n\n"),
    ],
)  # fmt: skip
def test_every_form_is_read(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_labelled(tmp_path / name) == [Labelled(TEXT, (Mark(0, 7, "PERSON"), Mark(18, 22, "LOCATION")))]


@pytest.mark.parametrize(
    "content", ["", "{", '{"text": 3, "spans": []}', '{"text": "a", "span": []}', "[3]", '[{"full_text": "x", "spans": [{"from": 1}]}]']
)
def test_what_is_no_labelled_text_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.json").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"bad\.json"):
        read_labelled(tmp_path / "bad.json")


def test_scores_by_span_and_by_word() -> None:
    labelled = Labelled(TEXT, (Mark(0, 7, "PERSON"), Mark(12, 14, "PERSON"), Mark(18, 22, "LOCATION")))
    scores = score([labelled], [[finding(0, 7), finding(12, 22)]])
    assert (scores.spans["PERSON"].precision, scores.spans["PERSON"].recall) == (0.5, 0.5)
    assert (scores.words["PERSON"].precision, scores.words["PERSON"].recall) == (pytest.approx(3 / 5), 1)
    assert (scores.words["any"].precision, scores.words["any"].recall) == (pytest.approx(4 / 5), 1)
    assert scores.words["LOCATION"].recall == 0
    assert scores.words["any"].f2 == pytest.approx(5 * 0.8 / (4 * 0.8 + 1))
    assert scores.misses == ()


def test_an_entity_is_hidden_only_if_all_its_mentions_are() -> None:
    marks = (
        Mark(0, 7, "PERSON", "DIRECT", "1"),
        Mark(12, 14, "PERSON", "DIRECT", "1"),
        Mark(18, 22, "LOCATION", "QUASI", "2"),
        Mark(8, 11, "MISC", "NO_MASK"),
    )
    scores = score([Labelled(TEXT, marks)], [[finding(0, 7), finding(18, 22)]])
    assert (scores.entities["DIRECT"].recall, scores.entities["QUASI"].recall) == (0, 1)
    assert scores.masked is not None
    assert (scores.masked.precision, scores.masked.recall) == (1, pytest.approx(3 / 4))
    assert [miss.value for miss in scores.misses] == ["Bo"]
    assert "Bo" not in repr(scores)


def test_false_alarms_are_counted_where_nothing_is_marked() -> None:
    scores = score([Labelled("nothing of note here", ()), Labelled(TEXT, (Mark(0, 7, "PERSON"),))], [[finding(0, 7)], [finding(0, 22)]])
    assert scores.false_per_1000 == 250


def test_the_command_shows_a_table_and_misses(tmp_path: Path) -> None:
    rows = [
        {"text": "Write to ann.lee@firm.example", "spans": [{"start": 9, "end": 29, "entity": "EMAIL_ADDRESS"}]},
        {"text": "The colour is [red]blue[/b]", "spans": [{"start": 14, "end": 27, "entity": "EYE_COLOUR"}]},
    ]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    shown = CliRunner().invoke(cli, ["evaluate", "redaction", "--data", str(tmp_path / "own.jsonl")], env={"COLUMNS": "160"})
    assert shown.exit_code == 0, shown.output
    assert "EMAIL_ADDRESS" in shown.output
    assert "[red]blue[/b]" in shown.output


def test_a_line_of_blanks_ends_a_text_in_columns(tmp_path: Path) -> None:
    (tmp_path / "two.conll").write_text("Ann\tB-person\n\t\nOslo\tB-location\n", encoding="utf-8")
    assert [labelled.text for labelled in read_labelled(tmp_path / "two.conll")] == ["Ann", "Oslo"]


@pytest.mark.parametrize(
    ("marked", "least", "error"),
    [
        ((5, 19), 1.0, None),
        ((20, 25), 0.5, RedactionQualityError),
        ((20, 25), 0.0, None),
        (None, 0.5, SettingsError),
    ],
)
def test_the_gate_opens_when_enough_of_the_sample_is_hidden(
    tmp_path: Path, marked: tuple[int, int] | None, least: float, error: type[Exception] | None
) -> None:
    text = "mail a.b@cc.example today"
    spans = [{"start": marked[0], "end": marked[1], "entity": "X"}] if marked else []
    (tmp_path / "sample.jsonl").write_text(json.dumps({"text": text, "spans": spans}), encoding="utf-8")
    changes = {"storage.root": str(tmp_path), "redaction.sample": str(tmp_path / "sample.jsonl"), "redaction.min_recall": least}
    settings = load_settings("local", changes)
    make_local_keys(settings)
    if error is None:
        assert check_quality(settings) is not None
    else:
        with pytest.raises(error, match="mark"):
            check_quality(settings)


def test_without_a_sample_there_is_no_gate(tmp_path: Path) -> None:
    assert check_quality(load_settings("local", {"storage.root": str(tmp_path)})) is None
