"""What is bought is kept: refused texts go their own way, a service that goes down or a run that is killed costs nothing twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests import pipeline
from tests.fakes.azure_openai import FakeAzureOpenAI
from tests.fakes.server import serving

from lakedocs.lakehouse import paid, tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.stage import TaskContext
from lakedocs.services.prices import Price
from lakedocs.settings import Storage

pytestmark = [pytest.mark.spark, pytest.mark.slow]

_NOTES = 30
_READ = ("--only", "05_ingest_msg_csv", "--only", "06_redact_pii", "--only", "07_local_e5_model_classification")
_EMBED = ("--only", "08_embeddings")
_PUSH = ("--only", "09_push_to_ai_search")


@pytest.fixture
def openai() -> Iterator[FakeAzureOpenAI]:
    with serving(FakeAzureOpenAI()) as running:
        assert isinstance(running, FakeAzureOpenAI)
        yield running


@pytest.fixture(scope="module")
def read(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A source and a lake in which it has been read, redacted and labelled."""
    folder = tmp_path_factory.mktemp("source")
    for number in range(_NOTES):
        (folder / f"note{number}.csv").write_text(f"topic,remark\nlease {number},the rent of house{number} is due in May\n")
    root = tmp_path_factory.mktemp("lake")
    (root / "keys").mkdir()
    (root / "keys" / "openai_api_key").write_text("key")
    assert pipeline.run(folder, root, *_READ) == 0
    return folder, root


def chosen(openai: FakeAzureOpenAI, model: str) -> tuple[str, str]:
    """Overrides that embed with a model of the service: a new name is a model that has no vectors yet."""
    overrides = (
        f"overrides=embedding.engine=azure_openai; embedding.model={model}; embedding.dimensions=64; embedding.endpoint={openai.url}; "
        "embedding.deployment=emb; embedding.batch_tokens=80; calls.total_seconds=2; calls.workers=2"
    )
    return "--param", overrides


def lake_of(spark: SparkSession, root: Path) -> Lake:
    return Lake(spark, Storage(root=str(root)))


def test_a_refused_text_keeps_its_document_back_and_no_other(spark: SparkSession, read: tuple[Path, Path], openai: FakeAzureOpenAI) -> None:
    source, root = read
    lake = lake_of(spark, root)
    openai.refused = {"house7"}
    assert pipeline.run(source, root, *_EMBED, *_PUSH, *chosen(openai, "refusing")) == 0
    assert lake.read(tables.EMBEDDINGS).where("model LIKE 'refusing%'").count() == _NOTES - 1
    (failure,) = lake.read(tables.FAILURES).collect()
    assert (failure["task_key"], "400" in failure["reason"]) == ("08_embeddings", True)
    assert lake.read(tables.INDEX_LEDGER).count() == _NOTES - 1
    refused = lake.read(tables.TASK_RUNS).where("task_key = '08_embeddings'").collect()[0]["units_refused"]
    assert refused == 1

    openai.refused = set()
    before = openai.embedded.total()
    assert pipeline.run(source, root, *_EMBED, *_PUSH, *chosen(openai, "refusing")) == 0
    assert openai.embedded.total() == before + 1
    assert lake.read(tables.INDEX_LEDGER).count() == _NOTES


def test_where_every_text_is_refused_the_settings_are_at_fault_and_the_index_in_use_stays(
    spark: SparkSession, read: tuple[Path, Path], openai: FakeAzureOpenAI
) -> None:
    source, root = read
    lake = lake_of(spark, root)
    before = pipeline.index_rows(root)
    openai.refused = {"lease"}
    assert pipeline.run(source, root, *_EMBED, *_PUSH, *chosen(openai, "wrong")) == 1
    errors = [row["error"] for row in lake.read(tables.TASK_RUNS).where("state = 'failed'").collect()]
    assert any("All 30 texts were refused" in error and "Check the settings" in error for error in errors)
    openai.refused = {"house3"}
    assert pipeline.run(source, root, *_EMBED, *_PUSH, *chosen(openai, "half")) == 1
    errors = [row["error"] for row in lake.read(tables.TASK_RUNS).where("task_key = '09_push_to_ai_search' AND state = 'failed'").collect()]
    assert any("1 document(s) have passages without label or vector" in error for error in errors)
    assert before.items() <= pipeline.index_rows(root).items(), "the index in use stays until another one is complete"
    openai.refused = set()
    assert pipeline.run(source, root, *_EMBED, *_PUSH, *chosen(openai, "half")) == 0
    assert len(pipeline.index_rows(root)) == 1


def test_a_service_that_goes_down_ends_the_task_in_time_and_the_next_run_goes_on(
    spark: SparkSession, read: tuple[Path, Path], openai: FakeAzureOpenAI
) -> None:
    source, root = read
    lake = lake_of(spark, root)
    openai.down_after = 12
    assert pipeline.run(source, root, *_EMBED, *chosen(openai, "going_down")) == 1
    failed = lake.read(tables.TASK_RUNS).where("state = 'failed'").collect()
    assert any(
        re.fullmatch(r"ServiceError: Azure OpenAI at 127\.0\.0\.1:\d+ answered 503; finished work is kept\. Run again later\.", row["error"])
        for row in failed
    )
    kept = lake.read(tables.EMBEDDINGS).where("model LIKE 'going_down%'").count()
    assert kept == len(openai.embedded) >= 12

    openai.down_after = None
    assert pipeline.run(source, root, *_EMBED, *chosen(openai, "going_down")) == 0
    assert len(openai.embedded) == _NOTES
    assert set(openai.embedded.values()) == {1}, "what was paid for is not paid for again"
    bills = lake.read(tables.TASK_RUNS).where("task_key = '08_embeddings'").collect()
    assert sum(row["tokens"] for row in bills) >= openai.tokens


def test_a_run_that_is_killed_leaves_receipts_that_the_next_one_settles(
    spark: SparkSession, read: tuple[Path, Path], openai: FakeAzureOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, root = read
    lake = lake_of(spark, root)

    def killed(context: TaskContext, table: tables.Table, price: Price | None, apart: str = "") -> None:
        if openai.embedded:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(paid, "settle", killed)
        assert pipeline.run(source, root, *_EMBED, *chosen(openai, "killed")) == 1
    assert lake.read(tables.EMBEDDINGS).where("model LIKE 'killed%'").count() == 0
    assert len(openai.embedded) == _NOTES
    assert pipeline.run(source, root, *_EMBED, *chosen(openai, "killed")) == 0
    assert lake.read(tables.EMBEDDINGS).where("model LIKE 'killed%'").count() == _NOTES
    assert set(openai.embedded.values()) == {1}, "what was paid for is not paid for again"
    assert not list((root / "paid").rglob("*.parquet"))


def test_labels_by_a_chat_model_are_paid_for_once_and_those_it_can_not_give_are_told(
    spark: SparkSession, read: tuple[Path, Path], openai: FakeAzureOpenAI
) -> None:
    source, root = read
    lake = lake_of(spark, root)
    overrides = f"overrides=classification.method=llm; chat.engine=azure_openai; chat.endpoint={openai.url}; chat.deployment=gpt; calls.workers=2"
    label = ("--only", "07_local_e5_model_classification", "--param", overrides)

    def unsure(messages: list[dict[str, str]]) -> str:
        passages = json.loads(messages[-1]["content"])
        results = [{"number": p["number"], "label": "unsure" if "house9 " in p["text"] else "year", "confidence": 0.7} for p in passages]
        return json.dumps({"results": results})

    openai.chat = unsure
    assert pipeline.run(source, root, *label) == 0
    assert lake.read(tables.LABELS).where("method = 'llm' AND label = 'year'").count() == _NOTES - 1
    (failure,) = lake.read(tables.FAILURES).where("task_key = '07_local_e5_model_classification'").collect()
    assert "asked twice" in failure["reason"]
    assert pipeline.task_figures(spark, root)["07_local_e5_model_classification"]["units_refused"] == 1

    asked = openai.times("/chat/")
    openai.chat = lambda messages: unsure(messages).replace("unsure", "topic")
    assert pipeline.run(source, root, *label) == 0
    assert openai.times("/chat/") == asked + 1
    assert lake.read(tables.LABELS).where("method = 'llm'").count() == _NOTES
    bills = lake.read(tables.TASK_RUNS).where("task_key = '07_local_e5_model_classification'").collect()
    assert sum(row["tokens"] for row in bills) == openai.tokens
    assert sum(row["cost"] for row in bills) > 0
    assert pipeline.run(source, root, *label) == 0
    assert openai.times("/chat/") == asked + 1


def test_documents_are_summarised_by_map_and_reduce_and_parts_are_paid_for_once(
    spark: SparkSession, read: tuple[Path, Path], openai: FakeAzureOpenAI
) -> None:
    source, root = read
    lake = lake_of(spark, root)
    long = source / "long.csv"
    long.write_text("topic,remark\n" + "".join(f"part {n},the rent of tower{n} was raised by the landlord again\n" for n in range(300)))
    openai.chat = lambda messages: json.dumps({"summary": "summary of " + " ".join(messages[1]["content"].split()[:12])})
    common = "summaries.enabled=true; summaries.chunk_tokens=600"
    chat = f"; chat.engine=azure_openai; chat.endpoint={openai.url}; chat.deployment=gpt; calls.workers=2"
    seven = (*_READ, "--param")
    assert pipeline.run(source, root, *seven, f"overrides={common}{chat}") == 0
    summaries = {row["doc_id"]: row["text"] for row in lake.read(tables.SUMMARIES).collect()}
    assert len(summaries) == _NOTES + 1
    assert all(text.startswith("summary of") for text in summaries.values())
    assert sum(text.startswith("summary of summary of") for text in summaries.values()) == 1
    asked = openai.times("/chat/")
    assert asked == lake.read(tables.SUMMARY_PARTS).count() > _NOTES + 5
    bills = lake.read(tables.TASK_RUNS).where("task_key LIKE '07%'").agg({"tokens": "sum"}).collect()[0][0]
    assert bills >= openai.tokens

    with long.open("a") as file:
        file.write("the end,and one remark more about the garden of the house\n")
    assert pipeline.run(source, root, *seven, f"overrides={common}{chat}") == 0
    assert asked < openai.times("/chat/") <= asked + 3, "the last part, and what is above it"
    assert lake.read(tables.SUMMARY_PARTS).count() == lake.read(tables.SUMMARY_CHUNKS).select("text_hash").distinct().count()

    long.unlink()
    assert pipeline.run(source, root, *seven, f"overrides={common}") == 0
    extracts = lake.read(tables.SUMMARIES).where("method = 'extractive'").collect()
    assert len(extracts) == _NOTES
    assert lake.read(tables.SUMMARY_PARTS).count() == 0
    assert pipeline.run(source, root, *_READ) == 0
    assert lake.read(tables.SUMMARIES).count() == 0, "switched off, nothing is left that would grow old"


def test_what_a_waiting_document_no_longer_says_leaves_the_index(spark: SparkSession, read: tuple[Path, Path], openai: FakeAzureOpenAI) -> None:
    source, root = read
    note = source / "note5.csv"
    old = note.read_text()
    note.write_text(old.replace("house5", "house5 with parking"))
    all_of_it = (*_READ, *_EMBED, *_PUSH, *chosen(openai, "half"))
    assert pipeline.run(source, root, *all_of_it) == 0
    assert "parking" in str(pipeline.index_rows(root))
    note.write_text(old.replace("house5", "hut5"))
    openai.refused = {"hut5"}
    assert pipeline.run(source, root, *all_of_it) == 0
    assert "parking" not in str(pipeline.index_rows(root)), "what was redacted or taken out must not wait for a service"
