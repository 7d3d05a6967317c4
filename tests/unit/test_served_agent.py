"""The agent as MLflow serves it: logged without a key, loaded without Spark, asked through services on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from tests.fakes.azure_openai import FakeAzureOpenAI
from tests.fakes.azure_search import FakeAzureSearch
from tests.fakes.server import Fault, serving
from tests.fakes.workspace import FakeWorkspace

from lakedocs.agent.log import check_servable, endpoint_environment, log_agent
from lakedocs.cli import cli
from lakedocs.embed.open import model_key, open_embedder
from lakedocs.errors import SettingsError
from lakedocs.lakehouse.tracking import registered
from lakedocs.records import IndexEntry
from lakedocs.search.open import open_index
from lakedocs.settings import Settings, load_settings

QUESTION = "When does the lease of the Rotterdam office end?"
PASSAGES = (
    ("The lease of the Rotterdam office ends on 30 September 2027.", "solution", "acme-team"),
    ("The rent of the Rotterdam office is 4,000 euros a month.", "topic", "all"),
    ("The board met in May and approved the accounts.", "topic", "all"),
    ("Another team rents the Rotterdam office from 2028.", "topic", "other-team"),
)
KEYS = {"LAKEDOCS_REDACTION_KEY": "the-redaction-key-of-a-test", "LAKEDOCS_SEARCH_API_KEY": "search", "LAKEDOCS_OPENAI_API_KEY": "openai"}
GROUPS = '{"": [all], clients/acme: [acme-team, partners], clients/other: [other-team]}'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)
    yield tmp_path_factory.mktemp("lake")
    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.unset()


def overrides(root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI) -> dict[str, Any]:
    return {
        "storage.root": str(root),
        "search.engine": "azure_ai_search", "search.endpoint": search.url,
        "embedding.engine": "azure_openai", "embedding.model": "m", "embedding.dimensions": 64,
        "embedding.endpoint": openai.url, "embedding.deployment": "emb",
        "chat.engine": "azure_openai", "chat.endpoint": openai.url, "chat.deployment": "gpt",
        "calls.total_seconds": 3, "answer.min_similarity": 0,
        "search.groups": GROUPS, "answer.groups": "[acme-team, all]",
        "serving.secret_scope": "lakedocs-test",
    }  # fmt: skip


@pytest.fixture(scope="module")
def settings(root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI) -> Settings:
    return load_settings("local", overrides(root, search, openai))


@pytest.fixture(scope="module")
def logged(settings: Settings) -> str:
    """The model's address; there is no key in the environment while it is logged."""
    return f"models:/agent/{registered(settings, 'agent', lambda **options: log_agent(settings, **options))}"


@pytest.fixture
def model(logged: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    embedder, index = open_embedder(settings.embedding, settings), open_index(settings, model_key(settings.embedding))
    index.ensure(64)
    vectors = embedder.embed_passages([text for text, _, _ in PASSAGES])
    index.upsert(
        [
            IndexEntry(f"p{n}", f"d{n}", "word", f"Memo {n}", "", f"page {n}", text, "", label, "en", (group,), tuple(map(float, vector)))
            for n, ((text, label, group), vector) in enumerate(zip(PASSAGES, vectors, strict=True))
        ]
    )
    return mlflow.pyfunc.load_model(logged)


def request(question: str = QUESTION, **custom_inputs: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": question}], **({"custom_inputs": custom_inputs} if custom_inputs else {})}


def test_an_answer_comes_with_its_citations_and_its_parts(model: Any, openai: FakeAzureOpenAI) -> None:
    openai.tokens = 0
    answer = model.predict(request())
    (item,) = answer["output"]
    (content,) = item["content"]
    assert content["text"] == "The lease of the Rotterdam office ends on 30 September 2027. [1]\n\n[1] Memo 0, page 0"
    assert content["annotations"] == [{"type": "file_citation", "file_id": "d0", "index": 1, "filename": "Memo 0"}]
    parts = answer["custom_outputs"]
    assert (parts["found"], parts["text"]) == (True, PASSAGES[0][0] + " [1]")
    assert [(one["doc_id"], one["place"], one["quote"]) for one in parts["citations"]] == [("d0", "page 0", PASSAGES[0][0])]
    assert 0 < parts["usage"]["tokens_in"] + parts["usage"]["tokens_out"] < openai.tokens, "the others are the embeddings'"
    assert parts["usage"]["cost"] > 0
    assert {"redact", "embed", "search", "compose"} == set(parts["milliseconds"])
    assert parts["confidence"] == 0.9
    assert len(parts["follow_ups"]) == 1


def test_the_question_is_the_user_s_last_message(model: Any, openai: FakeAzureOpenAI) -> None:
    talk = [
        {"role": "user", "content": "What is the rent of the Rotterdam office?"},
        {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": "4,000 euros a month."}]},
        {"role": "user", "content": [{"type": "input_text", "text": "And when does the lease of the Rotterdam office end?"}]},
    ]
    assert "2027" in model.predict({"input": talk})["custom_outputs"]["text"]


def two_statements(messages: list[dict[str, str]]) -> str:
    texts = [(one["number"], one["text"]) for one in json.loads(messages[1]["content"])["passages"] if "Rotterdam" in one["text"]]
    return json.dumps({"statements": [{"text": t, "citations": [n], "quote": t} for n, t in texts], "confidence": 1, "follow_ups": []})


def test_the_pieces_of_a_stream_add_up_to_the_answer(model: Any, openai: FakeAzureOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "chat", two_statements)
    *pieces, last = model.predict_stream(request())
    assert [piece["type"] for piece in pieces] == ["response.output_text.delta"] * 3, "two statements, then where they stand"
    assert last["type"] == "response.output_item.done"
    assert "".join(piece["delta"] for piece in pieces) == last["item"]["content"][0]["text"]
    assert {piece["item_id"] for piece in pieces} == {last["item"]["id"]}
    assert [citation["doc_id"] for citation in last["custom_outputs"]["citations"]] == ["d0", "d1"]


def test_a_stream_that_ends_otherwise_says_so(model: Any, openai: FakeAzureOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking_off(messages: list[dict[str, str]]) -> str:
        return two_statements(messages).replace('"confidence"', '"sureness"')

    monkeypatch.setattr(openai, "chat", breaking_off)
    *pieces, last = model.predict_stream(request())
    assert not last["custom_outputs"]["found"]
    assert pieces[0]["delta"] == "The lease of the Rotterdam office ends on 30 September 2027. [1]"
    assert pieces[-1]["delta"].strip() == last["item"]["content"][0]["text"]


@pytest.mark.parametrize(
    ("wanted", "sees"),
    [
        ({}, {"p0", "p1", "p2"}),
        ({"groups": ["all"]}, {"p1", "p2"}),
        ({"labels": ["topic"]}, {"p1", "p2"}),
        ({"labels": ["solution"], "groups": ["all", "acme-team"]}, {"p0"}),
        ({"labels": None}, {"p0", "p1", "p2"}),
    ],
    ids=["what the agent may read", "one group", "a label", "both", "nothing said"],
)
def test_a_request_sees_what_it_is_narrowed_to(model: Any, openai: FakeAzureOpenAI, wanted: dict[str, Any], sees: set[str]) -> None:
    openai.requests.clear()
    model.predict(request(**wanted))
    (asked,) = [body for _, path, body in openai.requests if "/chat/" in path]
    shown = {one["title"] for one in json.loads(asked["messages"][1]["content"])["passages"]}
    assert shown == {f"Memo {key[1:]}" for key in sees}


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"groups": ["other-team"]}, "custom_inputs.groups must be among those"),
        ({"groups": []}, "one name or more"),
        ({"groups": "all"}, "one name or more"),
        ({"labels": ["Hoekstra"]}, "custom_inputs.labels must be among"),
        ({"Hoekstra": ["all"]}, "takes `labels` and `groups`"),
    ],
    ids=["a group that the agent does not read for", "a user without groups", "no list", "an unknown label", "an unknown name"],
)
def test_a_request_that_can_t_be_followed_is_refused_and_not_quoted(model: Any, search: FakeAzureSearch, wanted: dict[str, Any], says: str) -> None:
    search.requests.clear()
    with pytest.raises(MlflowException, match=says) as caught:
        model.predict(request(**wanted))
    assert caught.value.get_http_status_code() == 400
    assert "Hoekstra" not in str(caught.value)
    assert "other-team" not in str(caught.value)
    assert search.requests == []


def test_what_is_no_question_is_said_so(model: Any, search: FakeAzureSearch) -> None:
    search.requests.clear()
    assert model.predict(request(" "))["output"][0]["content"][0]["text"] == "Ask a question about the indexed documents."
    with pytest.raises(MlflowException, match="10001 characters"):
        model.predict(request("x" * 10_001))
    with pytest.raises(MlflowException, match="text alone"):
        model.predict({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]})
    assert search.requests == []


def test_a_service_that_is_away_is_named(model: Any, search: FakeAzureSearch) -> None:
    search.faults.append(Fault(403))
    with pytest.raises(MlflowException, match="Azure AI Search") as caught:
        model.predict(request())
    assert caught.value.get_http_status_code() == 503


def test_a_missing_key_is_named_by_the_first_question(logged: str) -> None:
    without = mlflow.pyfunc.load_model(logged)
    with pytest.raises(MlflowException, match=r"LAKEDOCS_[A-Z_]+_KEY"):
        without.predict(request())


def test_traces_hold_the_steps_and_no_name(model: Any, settings: Settings, openai: FakeAzureOpenAI) -> None:
    named = "What did Margriet Hoekstra (margriet@firm.example) write about the lease of the Rotterdam office?"
    model.predict(request(named, groups=["acme-team"]))
    list(model.predict_stream(request(named)))
    mlflow.flush_trace_async_logging()
    traces = mlflow.search_traces(return_type="list")
    assert len(traces) >= 2
    assert [span.name for span in traces[0].data.spans] == ["answer", "redact_question", "embed_question", "search", "compose"]
    assert "write about the lease" in traces[0].data.spans[0].inputs["question"]
    told = "".join(trace.to_json() for trace in traces)
    assert [name for name in ("Hoekstra", "Margriet", "margriet", "acme-team") if name in told] == []


def test_no_key_no_group_s_path_and_no_place_of_this_machine_go_with_the_model(logged: str, root: Path, tmp_path: Path) -> None:
    folder = Path(mlflow.artifacts.download_artifacts(logged, dst_path=str(tmp_path)))
    files = [file for file in folder.rglob("*") if file.is_file()]
    names = {str(file.relative_to(folder)) for file in files}
    assert {"artifacts/conf/prices.yml", "artifacts/conf/recognizers.yml", "artifacts/conf/packs/nl.yml", "code/lakedocs/settings.py"} <= names
    assert [name for name in names if "_bundle" in name or "labels.yml" in name or "training_examples" in name or "/lakehouse/" in name] == []
    told = b"".join(file.read_bytes() for file in files if "code" not in file.relative_to(folder).parts)
    assert b"acme-team" in told, "what the agent may read for"
    assert [secret for secret in (KEYS["LAKEDOCS_REDACTION_KEY"], "clients/acme", "other-team") if secret.encode() in told] == []
    config = Model.load(str(folder)).flavors["python_function"]["config"]
    assert str(root) not in str(config), "MLflow itself notes where its store is"


_ALONE = """
import sys
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions, requires
from packaging.requirements import Requirement

folder, request = {folder!r}, {request!r}
known, waiting = set(), [line.strip() for line in open(folder + "/requirements.txt") if line.strip()]
while waiting:
    wanted = Requirement(waiting.pop())
    name = wanted.name.lower().replace("_", "-")
    if name not in known and (wanted.marker is None or wanted.marker.evaluate({{"extra": ""}})):
        known.add(name)
        waiting += requires(name) or []
absent = {{module for module, owners in packages_distributions().items() if not known & {{owner.lower().replace("_", "-") for owner in owners}}}}
assert {{"pyspark", "delta", "lancedb", "torch", "sentence_transformers", "openvino"}} <= absent

class Container(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in absent - {{"lakedocs"}} else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Container
import mlflow
print(mlflow.pyfunc.load_model(folder).predict(request)["custom_outputs"]["text"])
import lakedocs
assert lakedocs.__file__.startswith(folder), lakedocs.__file__
"""


def test_it_answers_where_only_its_requirements_are_installed_and_no_spark(model: Any, logged: str, tmp_path: Path) -> None:
    folder = mlflow.artifacts.download_artifacts(logged, dst_path=str(tmp_path)).rstrip("/")
    script = _ALONE.format(folder=folder, request=request())
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **KEYS})
    assert done.returncode == 0, done.stderr[-3000:]
    assert "2027" in done.stdout


def test_it_is_registered_and_put_on_its_endpoint(
    root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = overrides(root, search, openai) | {"chat.second_endpoint": openai.url, "serving.environment": "[ENABLE_MLFLOW_TRACING=true]"}
    given = "; ".join(f"{name}={value}" for name, value in chosen.items())
    with serving(FakeWorkspace()) as workspace:
        assert isinstance(workspace, FakeWorkspace)
        monkeypatch.setenv("DATABRICKS_HOST", workspace.url)
        monkeypatch.setenv("DATABRICKS_TOKEN", "token")
        cli.main(["models", "agent", "--name", "served_agent", "--serve", "--overrides", given], standalone_mode=False)
        assert capsys.readouterr().out.splitlines() == ["served_agent version 1 in the registry", "Endpoint lakedocs_agent: created"]
        ((entity,),) = workspace.endpoints.values()
    assert (entity["entity_name"], entity["entity_version"]) == ("served_agent", "1")
    scope = "{{secrets/lakedocs-test/%s}}"
    assert entity["environment_vars"] == {
        "LAKEDOCS_REDACTION_KEY": scope % "redaction-key",
        "LAKEDOCS_SEARCH_API_KEY": scope % "search-api-key",
        "LAKEDOCS_OPENAI_API_KEY": scope % "openai-api-key",
        "LAKEDOCS_OPENAI_API_SECOND_KEY": scope % "openai-api-second-key",
        "ENABLE_MLFLOW_TRACING": "true",
    }


@pytest.mark.parametrize(
    ("changed", "keys"),
    [
        ({"chat.engine": "none"}, {"REDACTION_KEY", "SEARCH_API_KEY", "OPENAI_API_KEY"}),
        ({"embedding.engine": "packaged", "chat.engine": "none", "search.credential": "entra"}, {"REDACTION_KEY"}),
        ({"embedding.engine": "serving", "chat.engine": "openai_compatible"}, {"REDACTION_KEY", "SEARCH_API_KEY", "SERVING_TOKEN", "CHAT_API_KEY"}),
        (
            {"redaction.default_operator": "reversible", "embedding.credential": "entra", "chat.credential": "entra"},
            {"REDACTION_KEY", "SEARCH_API_KEY", "VAULT_KEY"},
        ),
    ],
    ids=["without a chat model", "without services", "others' services", "by identity"],
)
def test_an_endpoint_gets_the_keys_that_it_needs_and_no_other(
    root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI, changed: dict[str, str], keys: set[str]
) -> None:
    found = endpoint_environment(load_settings("local", overrides(root, search, openai) | changed))
    assert set(found) == {f"LAKEDOCS_{key}" for key in keys}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"search.engine": "lancedb"}, "search.engine"),
        ({"search.endpoint": ""}, "search.endpoint"),
        ({"embedding.engine": "sentence_transformers", "embedding.model": "/Volumes/main/raw/work/e5"}, "embedding.engine to serving"),
        ({"redaction.nlp_engine": "spacy", "redaction.nlp_model": "en_core_web_lg"}, "redaction.nlp_engine"),
        ({"serving.secret_scope": ""}, "serving.secret_scope"),
    ],
)
def test_what_an_endpoint_can_t_reach_is_refused_before_anything_is_logged(
    root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI, changed: dict[str, str], says: str
) -> None:
    chosen = overrides(root, search, openai) | changed
    with pytest.raises(SettingsError, match=says):
        check_servable(load_settings("local", chosen))
    given = "; ".join(f"{name}={value}" for name, value in chosen.items())
    with pytest.raises(SettingsError, match=says):
        cli.main(["models", "agent", "--name", "x", "--serve", "--overrides", given], standalone_mode=False)


def test_with_groups_it_must_be_said_whose_documents_the_agent_reads(root: Path, search: FakeAzureSearch, openai: FakeAzureOpenAI) -> None:
    with pytest.raises(SettingsError, match=r"answer\.groups"):
        log_agent(load_settings("local", overrides(root, search, openai) | {"answer.groups": "[]"}))
    with pytest.raises(SettingsError, match="no group strangers"):
        log_agent(load_settings("local", overrides(root, search, openai) | {"answer.groups": "[strangers]"}))
