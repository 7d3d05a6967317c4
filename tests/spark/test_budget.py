"""An estimate and the bill after it agree; a budget is never passed, and what was paid for is not paid for again."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests import pipeline
from tests.fakes.azure_openai import FakeAzureOpenAI
from tests.fakes.server import serving

from lakedocs.job.estimate import measure
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.settings import Storage, load_settings

pytestmark = [pytest.mark.spark, pytest.mark.slow]

_FIRST = ("--only", "01_ingest_word_docs", "--only", "05_ingest_msg_csv", "--only", "06_redact_pii", "--only", "08_embeddings")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    for number in range(60):
        (folder / f"note{number}.csv").write_text(
            f"topic,remark\nlease {number},Margriet Hoekstra wrote that the rent of building {number} is due on the first of May and no later\n"
            f"deposit {number},half a year of rent is kept as security until the keys of house {number} have come back\n",
            encoding="utf-8",
        )
    return folder


def bill(lake: Lake) -> tuple[int, float]:
    """Tokens and US dollars of all runs so far."""
    rows = lake.read(tables.TASK_RUNS).collect()
    return sum(row["tokens"] for row in rows), sum(row["cost"] for row in rows)


def test_estimate_and_bill_agree_and_a_budget_holds(spark: SparkSession, source: Path, tmp_path: Path) -> None:
    root = tmp_path / "lake"
    (root / "keys").mkdir(parents=True)
    (root / "keys" / "openai_api_key").write_text("key")
    lake = Lake(spark, Storage(root=str(root)))
    with serving(FakeAzureOpenAI(1536)) as openai:
        chosen = {"embedding.engine": "azure_openai", "embedding.model": "text-embedding-3-small", "embedding.endpoint": openai.url,
                  "embedding.deployment": "emb"}  # fmt: skip
        settings = load_settings("local", {**chosen, "source.path": str(source)})
        estimated = measure(settings, 100)
        price = 0.02 / 1e6
        budget = estimated.distinct_tokens * price / 2
        overrides = "overrides=" + "; ".join(f"{name}={value}" for name, value in chosen.items())

        assert pipeline.run(source, root, *_FIRST, "--param", overrides, "--param", f"budget={budget:.9f}") == 1
        (stopped,) = (row for row in lake.read(tables.TASK_RUNS).collect() if row["state"] == "failed")
        assert "BudgetError" in stopped["error"]
        assert "Run again to go on from there" in stopped["error"]
        tokens, cost = bill(lake)
        assert 0.3 * budget < cost <= budget
        kept = lake.read(tables.EMBEDDINGS).count()
        assert 0 < kept < estimated.distinct_passages

        assert pipeline.run(source, root, *_FIRST, "--param", overrides, "--param", "budget=1") == 0
        tokens, cost = bill(lake)
        assert lake.read(tables.EMBEDDINGS).count() == lake.read(tables.PASSAGES).select("text_hash").distinct().count() > kept
        assert tokens == pytest.approx(estimated.distinct_tokens, rel=0.1)
        assert cost == pytest.approx(tokens * price, abs=2e-6)
        assert tokens == openai.tokens, "what was paid for is not paid for again"
