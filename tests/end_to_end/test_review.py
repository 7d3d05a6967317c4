"""People decide on what 06 was not sure of: the next run follows, in the families that a decision is about and no others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyspark.sql import SparkSession
from tests import pipeline

from lakedocs.cli import cli
from lakedocs.errors import SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.maintenance import purge_raw
from lakedocs.lakehouse.review import Verdict, decide, forget_decisions, note_missed, open_candidates
from lakedocs.records import Kind
from lakedocs.settings import Storage, load_settings

ONLY = ("--only", "05_ingest_msg_csv", "--only", "06_redact_pii")


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    root = tmp_path_factory.mktemp("review")
    (root / "source").mkdir()
    for name in ("one", "two"):
        (root / "source" / f"{name}.csv").write_text(f"note\ncall 06-12345678 of {name}\nlicence A1234567 of the turbine\n", encoding="utf-8")
    return Lake(spark, Storage(root=str(root / "lake")))


def run(lake: Lake, *more: str) -> dict[str, tuple[str, list[str]]]:
    """Each document by its title: who redacted it last, and its lines."""
    assert pipeline.run(Path(lake.storage.root).parent / "source", Path(lake.storage.root), *ONLY, *more) == 0
    rows = lake.read(tables.ELEMENTS).join(lake.read(tables.DOCUMENTS).select("doc_id", "title"), "doc_id").orderBy("ordinal").collect()
    titles = {row["title"] for row in rows}
    return {t: (max(r["run_id"] for r in rows if r["title"] == t), [r["text"] for r in rows if r["title"] == t][1:]) for t in titles}


def test_decisions_are_followed_by_the_next_run_in_their_families_alone(lake: Lake) -> None:
    before = run(lake)
    assert before["one.csv"][1] == ["call <PHONE_NUMBER> of one", "licence A1234567 of the turbine"]
    found = open_candidates(lake, "", 10)
    assert [(row["value"], row["is_hidden"]) for row in found] == [("A1234567", False)] * 2 + [("06-12345678", True)] * 2
    of_one = {row["doc_id"]: row for row in lake.read(tables.DOCUMENTS).collect() if row["title"] == "one.csv"}
    (doc_id,) = of_one
    licence, phone = open_candidates(lake, doc_id, 10)

    decide(lake, [licence["candidate_id"]], Verdict.HIDE, "ann")
    decide(lake, [phone["candidate_id"]], Verdict.KEEP, "ann")
    note_missed(lake, doc_id, "turbine", "PROJECT", "ann")
    with pytest.raises(SettingsError):
        decide(lake, [phone["candidate_id"], "unknown"], Verdict.HIDE, "ann")
    with pytest.raises(SettingsError):
        note_missed(lake, "unknown", "turbine", "PROJECT", "ann")
    assert open_candidates(lake, doc_id, 10) == []

    after = run(lake)
    assert after["one.csv"][1] == ["call 06-12345678 of one", "licence <US_DRIVER_LICENSE> of the <PROJECT>"]
    assert after["two.csv"] == before["two.csv"]
    assert after["one.csv"][0] != before["one.csv"][0]
    assert run(lake) == after

    decide(lake, [open_candidates(lake, "", 10)[0]["candidate_id"]], Verdict.KEEP, "ann")  # of two: nothing changes but what is asked
    assert run(lake)["two.csv"][1] == before["two.csv"][1]
    assert [row["value"] for row in open_candidates(lake, "", 10)] == ["06-12345678"]


def test_commands_list_and_note(lake: Lake) -> None:
    (left,) = open_candidates(lake, "", 10)
    shown = CliRunner().invoke(cli, ["review", "list", "--root", lake.storage.root])
    assert shown.exit_code == 0, shown.output
    assert left["candidate_id"] in shown.output
    noted = CliRunner().invoke(cli, ["review", "hide", left["candidate_id"], "--root", lake.storage.root])
    assert (noted.exit_code, noted.output) == (0, "1 noted; the next run follows.\n")
    missed = CliRunner().invoke(cli, ["review", "missed", left["doc_id"], "of two", "--root", lake.storage.root])
    assert missed.exit_code == 0, missed.output
    assert run(lake)["two.csv"][1][0] == "call <PHONE_NUMBER> <CUSTOM>"
    decided = CliRunner().invoke(cli, ["review", "list", "--decided", "--root", lake.storage.root])
    assert left["candidate_id"] in decided.output
    back = CliRunner().invoke(cli, ["review", "keep", left["candidate_id"], "--root", lake.storage.root])
    assert back.exit_code == 0, back.output
    assert run(lake)["two.csv"][1][0] == "call 06-12345678 <CUSTOM>"
    refused = CliRunner().invoke(cli, ["review", "missed", left["doc_id"], "x y", "--entity", "a b", "--root", lake.storage.root])
    assert refused.exit_code == 2


def test_rows_by_sql_are_followed_and_what_can_not_be_read_hides(spark: SparkSession, lake: Lake) -> None:
    (two,) = (row for row in lake.read(tables.DOCUMENTS).collect() if row["title"] == "two.csv")
    for verdict, value in (("KEEP ", "a1234567"), ("hidden?", "licence"), (None, "THE"), ("hide", None), ("hide", " ")):
        row = (two["root_id"], verdict, None, value, None, "ann", datetime.now(UTC))
        lake.append(tables.REDACTION_DECISIONS, spark.createDataFrame([row], tables.REDACTION_DECISIONS.ddl))
    assert run(lake)["two.csv"][1][1] == "<CUSTOM> A1234567 of <CUSTOM> turbine"


def test_decisions_go_with_their_documents(lake: Lake) -> None:
    one = Path(lake.storage.root).parent / "source" / "one.csv"
    held = lake.read(tables.REDACTION_DECISIONS).count()
    assert forget_decisions(lake) == 0
    content = one.read_text(encoding="utf-8")
    one.unlink()
    run(lake)
    assert 0 < forget_decisions(lake) < held
    one.write_text(content, encoding="utf-8")


def test_retention_takes_candidates_with_the_text_and_a_later_decision_waits_for_it(spark: SparkSession, lake: Lake) -> None:
    before = run(lake)
    spark.sql(f"UPDATE {lake.reference(tables.files(Kind.MSG_CSV))} SET read_us = 0")
    settings = load_settings("local", {"storage.root": lake.storage.root, "maintenance.raw_retention_days": 1})
    assert len(list(purge_raw(lake, settings))) == 1
    assert lake.read(tables.REDACTION_CANDIDATES).isEmpty()
    document = lake.read(tables.DOCUMENTS).first()
    assert document
    with pytest.raises(SettingsError, match="deny"):
        note_missed(lake, document["doc_id"], "note", "CUSTOM", "ann")
    row = (document["root_id"], "hide", "CUSTOM", "note", "", "ann", datetime.now(UTC))
    lake.append(tables.REDACTION_DECISIONS, spark.createDataFrame([row], tables.REDACTION_DECISIONS.ddl))
    assert run(lake) == before
