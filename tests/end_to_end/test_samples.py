"""The job file on the samples: the first run, then everything that may change between two runs. The tests go on from each other."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests import pipeline

from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.records import Kind
from lakedocs.settings import Storage
from lakedocs.tasks import TASKS

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Path:
    copied = tmp_path_factory.mktemp("source") / "documents"
    shutil.copytree(samples, copied)
    return copied


@pytest.fixture(scope="module")
def root(undisturbed: Path, tmp_path_factory: pytest.TempPathFactory, spark: SparkSession, samples: Path, folder: Path) -> Path:
    """A copy of the lake that the tests here change, and that knows `folder` by the name of the samples."""
    copied = tmp_path_factory.mktemp("changing") / "lake"
    shutil.copytree(undisturbed, copied)
    return copied


def run(folder: Path, root: Path, *arguments: str) -> int:
    overrides = [number for number, argument in enumerate(arguments) if argument.startswith("overrides=")]
    given = list(arguments)
    name = f"source.name={Path(__file__).parents[2] / 'samples'}"
    if overrides:
        given[overrides[0]] += f"; {name}"
    else:
        given += ["--param", f"overrides={name}"]
    return pipeline.run(folder, root, *given)


def ran(spark: SparkSession, root: Path) -> dict[str, int]:
    return {key: row["units_stale"] for key, row in pipeline.task_figures(spark, root).items()}


def test_all_ten_tasks_succeed_and_every_file_has_a_status(spark: SparkSession, root: Path, folder: Path) -> None:
    figures = pipeline.task_figures(spark, root)
    assert sorted(figures) == sorted(TASKS)
    assert {row["state"] for row in figures.values()} == {"succeeded"}
    files = [row for kind in Kind for row in pipeline.read(spark, root, tables.files(kind))]
    assert sum(row["parent_id"] is None for row in files) == sum(path.is_file() for path in folder.rglob("*"))
    assert {row["name"]: row["status"] for row in files if row["status"] != "ok"} == {"Damaged scan.pdf": "corrupt"}
    assert "timeline.csv" in {row["name"] for row in files if row["parent_id"]}


def test_the_answer_cites_the_lease(spark: SparkSession, root: Path) -> None:
    answer = json.loads(pipeline.read(spark, root, tables.ANSWERS)[0]["answer_json"])
    assert "30 September 2027" in answer["text"]
    assert answer["citations"][0]["title"] == "<ORGANIZATION> <LOCATION> office.docx"
    assert set(answer["milliseconds"]) == {"redact", "embed", "search", "compose"}


def test_the_report_stands_alone(root: Path) -> None:
    page = (root / "report.html").read_text(encoding="utf-8")
    assert "30 September 2027" in page
    assert page.count("<svg") == 5
    assert not re.search(r"""(src|href)=["'](?!#)""", page.replace('xlink:href="#', ""))
    assert all(key in page for key in TASKS)


def test_passages_know_their_place(spark: SparkSession, root: Path) -> None:
    places = {row["place"] for row in pipeline.read(spark, root, tables.PASSAGES)}
    assert {"page 1", "page 2", "slide 2"} <= places
    assert any(place.startswith("sheet VAT rates") for place in places)


def test_images_are_stored_once_by_hash(spark: SparkSession, root: Path) -> None:
    rows = pipeline.read(spark, root, tables.images(Kind.WORD)) + pipeline.read(spark, root, tables.images(Kind.PPTX))
    assert {row["media_type"] for row in rows} == {"image/png"}
    assert all(row["width_px"] == 220 for row in rows)
    assert all(list((root / "images").rglob(f"{row['sha256']}.png")) for row in rows)


def test_mlflow_has_the_run_with_settings_and_figures(root: Path) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{root / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("lakedocs").experiment_id])
    assert runs[0].info.status == "FINISHED"
    assert runs[0].data.params["redaction.default_threshold"] == "0.5"
    assert runs[0].data.metrics["06_redact_pii.stale"] > 0
    assert not [name for name in runs[0].data.params if name.startswith(("source", "storage", "keys"))]


def test_a_second_run_commits_nothing(spark: SparkSession, root: Path, folder: Path) -> None:
    before = pipeline.versions(root)
    assert run(folder, root) == 0
    assert pipeline.versions(root) == before
    assert not any(ran(spark, root).values())
    assert len(pipeline.read(spark, root, tables.ANSWERS)) == 1


def as_if_killed(spark: SparkSession, root: Path, doc_id: str) -> None:
    """06 and 09 had written what came of a document, and were killed before their ledgers told of it."""
    sent = [(row["passage_id"],) for row in pipeline.read(spark, root, tables.PASSAGES) if row["doc_id"] == doc_id]
    spark.createDataFrame(sent, "passage_id string").write.parquet(str(root / "work" / "sent"))
    lake = Lake(spark, Storage(root=str(root)))
    for ledger in (tables.REDACTION_LEDGER, tables.INDEX_LEDGER):
        lake.remove(ledger, lake.keys(spark.createDataFrame([(doc_id,)], "unit_id string")))
    lake.remove(tables.INDEX_STATE, lake.keys(spark.createDataFrame([(doc_id,)], "doc_id string")))
    for key in ("06_redact_pii", "09_push_to_ai_search"):
        (root / "work" / "unfinished" / key).touch()


def test_only_what_changed_is_done_again_and_what_was_deleted_is_gone_everywhere(spark: SparkSession, root: Path, folder: Path) -> None:
    """One file touched, one changed, two deleted, of which one was half done: each costs what it must and no more."""
    os.utime(folder / "Lease Rotterdam office.docx", (1_700_000_000, 1_700_000_000))
    with open(folder / "Expenses 2023.csv", "a", encoding="utf-8") as file:
        file.write("2023-12-01;Ms. Noor Haddad;noor.haddad@heide-tax.example;parking in Utrecht;12.50\n")
    deleted = [row for row in pipeline.read(spark, root, tables.files(Kind.MSG_CSV)) if row["path"].startswith("letters/Late filing")]
    gone = {row["doc_id"] for row in deleted}
    assert len(gone) == 2  # the mail and its attachment
    (half_done,) = (row["doc_id"] for row in pipeline.read(spark, root, tables.files(Kind.XLSX)))
    before = pipeline.content(spark, root)
    assert half_done in json.dumps(pipeline.index_rows(root))
    as_if_killed(spark, root, half_done)
    (folder / "letters" / "Late filing penalty.eml").unlink()
    (folder / "Client register.xlsx").unlink()
    gone.add(half_done)
    assert run(folder, root) == 0

    stale = ran(spark, root)
    assert [stale[key] for key in TASKS[:5]] == [0, 0, 0, 0, 1]
    assert [stale[key] for key in TASKS[5:9]] == [1, 1, 1, 1]
    after = pipeline.content(spark, root)
    assert after["raw.elements_word"] == before["raw.elements_word"]
    assert any("parking in <LOCATION>" in row for row in after["docs.passages"])
    assert any("parking in <LOCATION>" in row for name, rows in after.items() if name.startswith("index.") for row in rows)
    rest = json.dumps(after)
    assert not [doc_id for doc_id in gone if doc_id in rest]
    assert "portal was out of order" not in rest
    texts = {row["text_hash"] for row in pipeline.read(spark, root, tables.PASSAGES)}
    for table in (tables.EMBEDDINGS, tables.LABEL_VECTORS):
        assert {row["text_hash"] for row in pipeline.read(spark, root, table)} == texts


def test_a_changed_threshold_redoes_only_what_follows_from_it(spark: SparkSession, root: Path, folder: Path) -> None:
    assert run(folder, root, "--param", "overrides=classification.threshold=0.9") == 0
    stale = ran(spark, root)
    assert [stale[key] for key in TASKS[:6]] == [0] * 6
    assert stale["07_local_e5_model_classification"] > 5
    assert stale["08_embeddings"] == 0
    assert {row["label"] for row in pipeline.read(spark, root, tables.LABELS)} == {"none"}
    assert {row["label"] for rows in pipeline.index_rows(root).values() for row in rows} == {"none"}


def test_a_redaction_setting_changes_text_and_what_comes_of_it(spark: SparkSession, root: Path, folder: Path) -> None:
    assert run(folder, root, "--from", "06_redact_pii", "--param", "overrides=redaction.operators={EMAIL_ADDRESS: mask}") == 0
    texts = " ".join(row["text"] for row in pipeline.read(spark, root, tables.PASSAGES))
    assert "<EMAIL_ADDRESS>" not in texts
    assert "****" in texts
    labels = {row["label"] for row in pipeline.read(spark, root, tables.LABELS)}
    assert len(labels) > 2, "the old threshold is back, and with it the old labels"


def test_an_empty_or_missing_source_deletes_nothing(spark: SparkSession, root: Path, tmp_path: Path) -> None:
    folder_of_source = tmp_path / "source"
    lake = tmp_path / "lake"
    folder_of_source.mkdir()
    for number in range(3):
        (folder_of_source / f"{number}.csv").write_text(f"a,b\n{number},2\n")
    assert pipeline.run(folder_of_source, lake, "--only", "05_ingest_msg_csv") == 0
    before = pipeline.versions(lake)
    for path in folder_of_source.iterdir():
        path.unlink()
    assert pipeline.run(folder_of_source, lake, "--only", "05_ingest_msg_csv") == 1
    assert pipeline.versions(lake) == before
    assert "nothing was removed" in pipeline.task_figures(spark, lake)["05_ingest_msg_csv"]["error"]
    assert pipeline.run(folder_of_source, lake, "--only", "05_ingest_msg_csv", "--param", "allow_removal=true") == 0
    assert pipeline.read(spark, lake, tables.files(Kind.MSG_CSV)) == []


def test_another_source_in_the_same_lake_removes_nothing_of_the_first(spark: SparkSession, root: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("x,y\n1,2\n")
    before = len(pipeline.read(spark, root, tables.files(Kind.MSG_CSV)))
    assert pipeline.run(tmp_path, root, "--only", "05_ingest_msg_csv") == 0
    assert len(pipeline.read(spark, root, tables.files(Kind.MSG_CSV))) == before + 1


def test_a_failed_task_is_told_and_what_depends_on_it_is_skipped(
    spark: SparkSession, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    override = "overrides=redaction.nlp_engine=spacy; redaction.nlp_model=no_such_model"
    assert pipeline.run(folder, tmp_path, "--only", "05_ingest_msg_csv") == 0
    assert pipeline.run(folder, tmp_path, "--from", "06_redact_pii", "--param", override) == 1
    shown = capsys.readouterr().out
    assert "06_redact_pii: failed" in shown
    assert "10_agent_query: skipped" in shown


def test_an_index_that_was_deleted_by_hand_is_filled_again(spark: SparkSession, root: Path, folder: Path) -> None:
    before = pipeline.index_rows(root)
    shutil.rmtree(root / "index")
    assert run(folder, root, "--only", "09_push_to_ai_search") == 0
    assert {name: len(rows) for name, rows in pipeline.index_rows(root).items()} == {name: len(rows) for name, rows in before.items()}
