"""The whole job against Azure's services on loopback, with their faults; then upkeep of what it left."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from pyspark.sql import SparkSession
from tests import pipeline
from tests.fakes.azure_openai import FakeAzureOpenAI
from tests.fakes.azure_search import FakeAzureSearch
from tests.fakes.server import Fault

from lakedocs.cli import cli
from lakedocs.job.local import Host
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.maintenance import purge_raw
from lakedocs.records import Kind
from lakedocs.settings import Storage, load_settings
from lakedocs.tasks import TASKS

pytestmark = [pytest.mark.spark, pytest.mark.slow]


_CSV = tuple(part for key in TASKS[4:] for part in ("--only", key))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    for number in range(4):
        (folder / f"note{number}.csv").write_text(f"topic,remark\nlease {number},the rent of building {number} is due in May\n")
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    (root / "keys").mkdir()
    for name in ("search_api_key", "openai_api_key"):
        (root / "keys" / name).write_text("key")
    return root


def overrides(search: FakeAzureSearch, openai: FakeAzureOpenAI) -> str:
    return (
        f"overrides=search.engine=azure_ai_search; search.endpoint={search.url}; calls.total_seconds=5; embedding.engine=azure_openai; "
        f"embedding.model=m; embedding.dimensions=64; embedding.endpoint={openai.url}; embedding.deployment=emb"
    )


def test_a_refused_passage_fails_the_task_and_is_tried_again_alone(
    spark: SparkSession, source: Path, root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI
) -> None:
    chosen = ("--param", overrides(search, openai))
    openai.faults.append(Fault(429, {"retry-after-ms": "20"}))
    before_push = [part for key in TASKS[4:8] for part in ("--only", key)]
    assert pipeline.run(source, root, *chosen, *before_push) == 0
    passages = sorted(row["passage_id"] for row in pipeline.read(spark, root, tables.PASSAGES))
    assert len(passages) == 4
    search.item_faults = {passages[2]: [400]}
    assert pipeline.run(source, root, *chosen, "--only", "09_push_to_ai_search") == 1
    (index,) = search.documents
    assert sorted(search.documents[index]) == [key for key in passages if key != passages[2]]
    (failure,) = pipeline.read(spark, root, tables.FAILURES)
    assert (failure["task_key"], failure["item"], failure["reason"]) == ("09_push_to_ai_search", passages[2], "status 400")
    before = len(search.batch_sizes)
    assert pipeline.run(source, root, *chosen, "--only", "09_push_to_ai_search") == 0
    assert sorted(search.documents[index]) == passages
    assert search.batch_sizes[before:] == [1]


def test_nothing_new_sends_nothing(spark: SparkSession, source: Path, root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI) -> None:
    batches, embedded = len(search.batch_sizes), openai.times("/embeddings")
    assert pipeline.run(source, root, "--param", overrides(search, openai)) == 0
    assert (len(search.batch_sizes), openai.times("/embeddings")) == (batches, embedded)


def test_a_deleted_file_leaves_the_service_and_a_question_is_answered_from_the_rest(
    spark: SparkSession, source: Path, root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI
) -> None:
    (source / "note3.csv").unlink()
    chosen = f"{overrides(search, openai)}; answer.min_similarity=0; answer.min_keyword_share=0"
    assert pipeline.run(source, root, *_CSV, "--param", chosen, "--param", "question=When is the rent of building 1 due?") == 0
    (index,) = search.documents
    assert len(search.documents[index]) == 3
    assert pipeline.read(spark, root, tables.ANSWERS)[0]["found"]


def test_another_model_gets_an_index_beside_the_present_one_until_it_is_complete(
    spark: SparkSession, source: Path, root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI
) -> None:
    (present,) = search.documents
    assert search.aliases == {"lakedocs": present}
    chosen = overrides(search, openai).replace("embedding.model=m;", "embedding.model=n;")
    (passage, *_) = sorted(row["passage_id"] for row in pipeline.read(spark, root, tables.PASSAGES))
    search.item_faults = {passage: [400]}
    assert pipeline.run(source, root, *_CSV, "--param", chosen, "--param", "question=Anything?") == 1
    assert len(search.documents) == 2
    assert search.aliases == {"lakedocs": present}, "nobody who asks the alias sees what is half built"
    assert pipeline.run(source, root, *_CSV, "--param", chosen, "--param", "question=Anything?") == 0
    (other,) = search.documents
    assert other != present
    assert search.aliases == {"lakedocs": other}


def test_groups_are_those_of_the_longest_prefix_of_the_path(
    spark: SparkSession, source: Path, root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI
) -> None:
    chosen = overrides(search, openai).replace("embedding.model=m;", "embedding.model=n;")
    folder = source / "clients" / "acme"
    folder.mkdir(parents=True)
    (folder / "terms.csv").write_text("topic,remark\nterms,the terms of the client are secret to all but its team\n")
    groups = (
        '; search.groups={"": [all], clients: [partners], clients/acme: [acme-team, partners]}; answer.min_similarity=0; answer.min_keyword_share=0'
    )
    assert pipeline.run(source, root, *_CSV, "--param", chosen + groups) == 0
    (index,) = search.documents
    held = sorted(tuple(document["groups"]) for document in search.documents[index].values())
    assert held == [("acme-team", "partners"), ("all",), ("all",), ("all",)]
    question = ("--only", "10_agent_query", "--param", "ask=true", "--param", "question=What is secret to the team?")
    assert "acme" not in str(mlflow.search_runs(search_all_experiments=True, output_format="list")), "groups are names of clients"
    assert pipeline.run(source, root, "--param", f"{chosen}{groups}; answer.groups=[strangers]", *question) == 1
    for group, sees in (("acme-team", True), ("all", False)):
        asked = f"{chosen}{groups}; answer.groups=[{group}]; answer.min_similarity=0; answer.min_keyword_share=0"
        assert pipeline.run(source, root, "--param", asked, *question) == 0
        last = max(pipeline.read(spark, root, tables.ANSWERS), key=lambda row: row["asked_at"])
        assert ("terms.csv" in last["answer_json"]) == sees
    (folder / "terms.csv").unlink()
    assert pipeline.run(source, root, *_CSV, "--param", overrides(search, openai)) == 0


def test_upkeep_removes_raw_text_and_old_versions_and_the_next_run_reads_nothing_again(
    spark: SparkSession, source: Path, root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI
) -> None:
    settings = overrides(search, openai).removeprefix("overrides=")
    before = pipeline.content(spark, root)["docs.passages"]
    spark.sql(f"UPDATE delta.`{root}/warehouse/raw/files_msg_csv` SET read_us = 0")
    lake = Lake(spark, Storage(root=str(root)))
    changed = {"storage.root": str(root), "maintenance.raw_retention_days": 1, "redaction.default_operator": "hash"}
    assert list(purge_raw(lake, load_settings("local", changed))) == [], "06 has yet to redact it in the changed way, and needs its text"
    cli.main(
        ["maintain", f"--root={root}", f"--overrides={settings}; maintenance.raw_retention_days=1; maintenance.history_hours=0"],
        standalone_mode=False, obj=Host(spark),
    )  # fmt: skip
    assert pipeline.read(spark, root, tables.elements(Kind.MSG_CSV)) == []
    assert len(list((root / "warehouse" / "docs" / "passages").glob("*.parquet"))) == 1
    assert pipeline.run(source, root, *_CSV, "--param", overrides(search, openai)) == 0
    assert {row["units_stale"] for row in pipeline.task_figures(spark, root).values()} == {0}
    assert pipeline.content(spark, root)["docs.passages"] == before
    stricter = f"{overrides(search, openai)}; redaction.default_operator=mask"
    assert pipeline.run(source, root, "--param", stricter, "--only", "05_ingest_msg_csv") == 0
    assert len(pipeline.read(spark, root, tables.elements(Kind.MSG_CSV))) > 0, "another policy needs the text, which is read again"
