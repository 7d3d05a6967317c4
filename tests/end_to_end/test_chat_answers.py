"""Questions to the samples' index, answered by a chat model on loopback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from pyspark.sql import SparkSession
from tests import pipeline
from tests.fakes.azure_openai import FakeAzureOpenAI, grounded_reply
from tests.fakes.server import Fault, serving

from lakedocs.cli import cli
from lakedocs.lakehouse import tables

pytestmark = [pytest.mark.spark, pytest.mark.slow]
QUESTION = "When does the lease of the Rotterdam office end?"


@pytest.fixture
def service() -> Iterator[FakeAzureOpenAI]:
    with serving(FakeAzureOpenAI()) as running:
        assert isinstance(running, FakeAzureOpenAI)
        yield running


@pytest.fixture(scope="module")
def root(undisturbed: Path, tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> Path:
    copied = tmp_path_factory.mktemp("asking") / "lake"
    shutil.copytree(undisturbed, copied)
    for name in ("openai_api_key", "chat_api_key"):
        (copied / "keys" / name).write_text("key")
    return copied


def ask(root: Path, service: FakeAzureOpenAI, question: str = QUESTION, more: str = "", engine: str = "azure_openai") -> int:
    path = "" if engine == "azure_openai" else "/v1"
    overrides = f"chat.engine={engine}; chat.endpoint={service.url}{path}; chat.deployment=gpt; calls.total_seconds=3{more}"
    try:
        cli.main(["ask", question, "--root", str(root), "--json", "--overrides", overrides], standalone_mode=False)
    except SystemExit as error:
        return int(error.code or 0)
    return 0


@pytest.mark.parametrize("engine", ["azure_openai", "openai_compatible"])
def test_an_answer_is_borne_out_paid_for_and_traced(
    root: Path, service: FakeAzureOpenAI, spark: SparkSession, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    assert ask(root, service, engine=engine) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["found"]
    assert "30 September 2027" in answer["text"]
    assert answer["usage"]["tokens_in"] + answer["usage"]["tokens_out"] == service.tokens
    figures = pipeline.task_figures(spark, root)["10_agent_query"]
    assert (figures["tokens"], figures["cost"]) == (service.tokens, pytest.approx(answer["usage"]["cost"], abs=1e-6))
    assert figures["cost"] > 0
    trace = mlflow.search_traces(return_type="list", max_results=1)[0]
    assert trace.data.spans[0].attributes["model.tokens_in"] == answer["usage"]["tokens_in"]


def test_people_s_names_do_not_reach_the_model(root: Path, service: FakeAzureOpenAI) -> None:
    assert ask(root, service, "What did Margriet Hoekstra (margriet@firm.example) write about the lease of Rotterdam?") == 0
    sent = json.dumps(service.requests)
    assert "lease" in sent
    assert "Hoekstra" not in sent
    assert "margriet" not in sent


def test_an_answer_that_is_not_borne_out_goes_to_a_person(root: Path, service: FakeAzureOpenAI, spark: SparkSession) -> None:
    def inventing(messages: list[dict[str, str]]) -> str:
        draft = json.loads(grounded_reply(messages))
        draft["statements"].append({"text": "The lease of Rotterdam was sold in 1999.", "citations": [1], "quote": "sold in 1999"})
        return json.dumps(draft)

    service.chat = inventing
    assert ask(root, service) == 0
    last = max(pipeline.read(spark, root, tables.ANSWER_REVIEWS), key=lambda row: row["asked_at"])
    assert "no passage bears them out: 1." in last["reason"]
    assert "1999" not in last["answer"]


def test_what_was_answered_before_the_service_failed_is_kept(
    root: Path, service: FakeAzureOpenAI, spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text(f"{QUESTION}\n{QUESTION}\n")
    before = len(pipeline.read(spark, root, tables.ANSWERS))
    service.chaos = lambda: Fault(503) if service.times("/chat/") > 2 else None
    assert ask(root, service, more=f"; answer.questions_file={questions}") == 1
    assert len(pipeline.read(spark, root, tables.ANSWERS)) == before + 2


def test_no_question_is_asked_that_might_pass_the_budget(root: Path, service: FakeAzureOpenAI, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(root, service, more="; spending.budget=0.001") == 1
    assert service.requests == []
