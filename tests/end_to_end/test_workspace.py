"""The jobs as a workspace runs them: the command lines of target dev, tables in a catalog, Azure AI Search on loopback, no runner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests import pipeline
from tests.fakes.azure_search import FakeAzureSearch

from lakedocs.cli import cli
from lakedocs.job.jobfile import dynamic_values, load_job, resolve, variables
from lakedocs.settings import bundle_folder
from lakedocs.tasks import TASKS

pytestmark = [pytest.mark.spark, pytest.mark.slow]

CATALOG = "spark_catalog"
RAW, DOCS = "dev_tester_raw", "dev_tester_docs"


@pytest.fixture(scope="module")
def schemas(spark: SparkSession) -> Iterator[None]:
    for schema in (RAW, DOCS):
        spark.sql(f"CREATE SCHEMA {CATALOG}.{schema}")
    yield
    for schema in (RAW, DOCS):
        spark.sql(f"DROP SCHEMA {CATALOG}.{schema} CASCADE")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stands for the work volume; the keys that a cluster gets as environment variables lie in it as files."""
    root = tmp_path_factory.mktemp("work")
    pipeline.with_converted_models(root)
    (root / "keys").mkdir()
    for name in ("document_id_key", "redaction_key", "search_api_key"):
        (root / "keys" / name).write_text("0123456789abcdef")
    return root


def command_lines(name: str, root: Path, source: Path, search: FakeAzureSearch, run_id: str) -> list[list[str]]:
    """The arguments of each task in graph order, resolved as the CLI and then the workspace do it."""
    bundle = bundle_folder()
    job = load_job(bundle, name)
    values = {
        **variables(bundle), "bundle.target": "dev", "var.catalog": CATALOG, "var.source": str(source), "var.search_endpoint": search.url,
        "resources.schemas.raw.name": RAW, "resources.schemas.docs.name": DOCS, "resources.volumes.work.name": "work",
        "resources.volumes.images.name": "images", "resources.experiments.pipeline.name": "lakedocs",
    }  # fmt: skip
    given = {
        "root": str(root), "images": str(root / "images"), "question": "When does the lease of the Rotterdam office end?",
        "overrides": f"slices.partitions=2; calls.workers=2; tracking.uri=sqlite:///{root}/mlflow.db; tracking.registry_uri=",
    }  # fmt: skip
    parameters = {p.name: given.get(p.name) or resolve(p.default, values, lambda reference: "") for p in job.parameters}
    lines = []
    for task in job.ordered():
        dynamic = dynamic_values(run_id, parameters, task.task_key)
        lines.append([resolve(argument, values, dynamic) for argument in task.python_wheel_task.parameters])
    return lines


def run(lines: list[list[str]], capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, int]]:
    """What each task says that it did."""
    capsys.readouterr()
    for line in lines:
        cli.main(line, standalone_mode=False)
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    return {figures["task"]: figures for figures in said}


def test_ten_tasks_fill_the_catalog_and_the_service(
    spark: SparkSession, schemas: None, root: Path, samples: Path, search: FakeAzureSearch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(command_lines("documents", root, samples, search, "1"), capsys)
    assert list(done) == list(TASKS)
    assert done["04_ingest_pdf_docs"]["done"] == 2
    passages = {row["passage_id"] for row in spark.table(f"{CATALOG}.{DOCS}.passages").select("passage_id").toLocalIterator()}
    (index,) = search.documents
    assert set(search.documents[index]) == passages
    answers = spark.table(f"{CATALOG}.{DOCS}.answers").collect()
    assert [row["found"] for row in answers] == [True]
    assert "30 September 2027" in answers[0]["answer"]
    assert {row["run_id"] for row in spark.table(f"{CATALOG}.{DOCS}.task_runs").collect()} == {"1"}
    assert not (root / "warehouse").exists()


def test_a_second_run_finds_nothing_to_do(
    spark: SparkSession, schemas: None, root: Path, samples: Path, search: FakeAzureSearch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = spark.table(f"{CATALOG}.{DOCS}.passages").count()
    done = run(command_lines("documents", root, samples, search, "2"), capsys)
    assert {key: figures["done"] for key, figures in done.items()} == {**dict.fromkeys(TASKS, 0), "10_agent_query": 1}
    assert spark.table(f"{CATALOG}.{DOCS}.passages").count() == before > 0
