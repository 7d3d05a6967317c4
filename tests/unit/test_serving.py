"""Endpoints of a workspace as the SDK asks for them, the variant that gets served, and a base model that is published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from databricks.sdk import WorkspaceClient
from mlflow import MlflowClient
from tests.fakes.encoder import tiny_sentence_model
from tests.fakes.mlflow_server import mlflow_server
from tests.fakes.server import Fault, serving
from tests.fakes.workspace import FakeWorkspace

from lakedocs.cli import cli
from lakedocs.embed.endpoint import EndpointEmbedder
from lakedocs.errors import ModelError, ServiceError, SettingsError
from lakedocs.services.invocations import Endpoint
from lakedocs.services.options import CallSettings, EmbeddingSettings, ServingSettings
from lakedocs.serving.endpoints import put_endpoint, served_version
from lakedocs.serving.log import copy_served
from lakedocs.settings import load_settings
from lakedocs.train.publish import publish_base
from lakedocs.train.quantise import VariantFigures, served_variant

NAME = "finetuned_model_inference"
MODEL = "main.docs.lakedocs_classifier"
READY = timedelta(seconds=30)


@pytest.fixture
def workspace() -> Iterator[FakeWorkspace]:
    with serving(FakeWorkspace()) as running:
        assert isinstance(running, FakeWorkspace)
        yield running


def put(workspace: FakeWorkspace, version: str, *faults: Fault, **settings: object) -> str:
    client = WorkspaceClient(host=workspace.url, token="token", auth_type="pat")
    workspace.faults.extend(faults)
    return put_endpoint(client, NAME, MODEL, version, ServingSettings.model_validate(settings), READY)


def test_an_endpoint_is_created_then_updated_then_left_alone(workspace: FakeWorkspace) -> None:
    assert put(workspace, "1", workload_size="Medium") == "created"
    (entity,) = workspace.endpoints[NAME]
    assert {**entity, "scale_to_zero_enabled": True} == entity
    assert (entity["entity_name"], entity["entity_version"], entity["workload_size"]) == (MODEL, "1", "Medium")
    assert put(workspace, "2") == "updated"
    assert workspace.endpoints[NAME][0]["entity_version"] == "2"
    changes = sum(method in ("PUT", "POST") for method, _, _ in workspace.requests)
    assert put(workspace, "2") == "as it was"
    assert sum(method in ("PUT", "POST") for method, _, _ in workspace.requests) == changes


def test_what_an_endpoint_serves_is_known_and_may_be_left_alone(workspace: FakeWorkspace) -> None:
    put(workspace, "1")
    client = WorkspaceClient(host=workspace.url, token="token", auth_type="pat")
    assert served_version(client, NAME, MODEL) == "1"
    assert served_version(client, NAME, "main.docs.another") == ""
    with pytest.raises(ServiceError, match="RESOURCE_DOES_NOT_EXIST"):
        served_version(client, "no_such", MODEL)
    assert put_endpoint(client, NAME, MODEL, "1", ServingSettings(), READY, may_change=False) == "as it was"
    with pytest.raises(ServiceError, match="would mix"):
        put_endpoint(client, NAME, MODEL, "2", ServingSettings(), READY, may_change=False)


def test_a_failed_update_is_made_again(workspace: FakeWorkspace) -> None:
    put(workspace, "1")
    workspace.failed.add(NAME)
    assert put(workspace, "1") == "updated"
    assert put(workspace, "1", workload_size="Large") == "updated"
    assert workspace.endpoints[NAME][0]["workload_size"] == "Large"


def test_an_endpoint_gets_the_variables_that_its_model_needs(workspace: FakeWorkspace) -> None:
    client = WorkspaceClient(host=workspace.url, token="token", auth_type="pat")
    for key, outcome in (("{{secrets/s/a}}", "created"), ("{{secrets/s/a}}", "as it was"), ("{{secrets/s/b}}", "updated")):
        assert put_endpoint(client, NAME, MODEL, "1", ServingSettings(), READY, environment={"KEY": key}) == outcome
        assert workspace.endpoints[NAME][0]["environment_vars"] == {"KEY": key}
    workspace.endpoints[NAME][0]["environment_vars"]["OF_THE_WORKSPACE"] = "1"
    assert put_endpoint(client, NAME, MODEL, "1", ServingSettings(), READY, environment={"KEY": key}) == "as it was"


def test_an_update_under_way_is_waited_for(workspace: FakeWorkspace) -> None:
    put(workspace, "1")
    workspace.busy[NAME] = 2
    assert put(workspace, "2") == "updated"
    assert workspace.endpoints[NAME][0]["entity_version"] == "2"


@pytest.mark.parametrize(("status", "code"), [(403, "PERMISSION_DENIED"), (400, "INVALID_PARAMETER_VALUE")])
def test_a_refusal_says_who_must_act(workspace: FakeWorkspace, status: int, code: str) -> None:
    with pytest.raises(ServiceError, match=code):
        put(workspace, "1", Fault(status, {}, {"error_code": code, "message": "no"}))


def figures(variant: str, speed: float, accuracy: float) -> VariantFigures:
    return VariantFigures(variant, 20.0, speed, 5.0, 1.0, accuracy, accuracy)


@pytest.mark.parametrize(
    ("wanted", "tolerance", "served"),
    [
        pytest.param("auto", 0.01, "dynamic_int8", id="the fastest that is as accurate"),
        pytest.param("auto", 0.1, "static_int8", id="a fast one that loses what conf allows"),
        pytest.param("auto", 0.0, "fp32", id="nothing given away"),
        pytest.param("qat_int8", 0.0, "qat_int8", id="what conf names"),
    ],
)
def test_the_served_variant(wanted: str, tolerance: float, served: str) -> None:
    found = [figures("fp32", 100, 0.90), figures("dynamic_int8", 200, 0.895), figures("static_int8", 300, 0.85), figures("qat_int8", 150, 0.897)]
    assert served_variant(found, wanted, tolerance) == served


def test_a_published_model_lies_in_the_volume_and_serves_its_own_vectors(tmp_path: Path) -> None:
    source = tiny_sentence_model(tmp_path / "tiny-e5")
    settings = load_settings("local", {"storage.root": str(tmp_path / "lake")})
    (tmp_path / "lake").mkdir()
    assert publish_base(str(source), tmp_path / "volume" / "e5", "tiny_e5", settings) == "1"
    with pytest.raises(SettingsError, match="never changed in place"):
        publish_base(str(source), tmp_path / "volume" / "e5", "", settings)
    uri = f"sqlite:///{tmp_path / 'lake' / 'mlflow.db'}"
    assert MlflowClient(uri).get_model_version_by_alias("tiny_e5", "current").version in (1, "1")
    from sentence_transformers import SentenceTransformer

    copied = SentenceTransformer(str(tmp_path / "volume" / "e5"), device="cpu")
    texts = ["the lease ends.", "a penalty"]
    model = mlflow.pyfunc.load_model("models:/tiny_e5@current")
    logged = Path(mlflow.artifacts.download_artifacts("models:/tiny_e5@current", dst_path=str(tmp_path / "logged")))
    copy_served(logged, tmp_path / "plain")
    assert {file.name for file in (tmp_path / "plain").iterdir()} == {"model.onnx", "tokenizer.json", "serving.json"}
    with pytest.raises(SettingsError, match="already"):
        copy_served(logged, tmp_path / "plain")
    for kind in ("passage", "query"):
        found = model.predict(pd.DataFrame({"text": texts}), params={"kind": kind})
        own = copied.encode([f"{kind}: {text}" for text in texts], prompt="", normalize_embeddings=True)
        assert np.allclose(found, own, atol=1e-4)
    with mlflow_server("models:/tiny_e5@current", uri, tmp_path / "server.log") as url:
        chosen = EmbeddingSettings(engine="serving", model="tiny_e5", endpoint=url, dimensions=32)
        served = EndpointEmbedder(chosen, ServingSettings(batch_texts=1), CallSettings(), "")
        own = copied.encode([f"passage: {text}" for text in texts], prompt="", normalize_embeddings=True)
        assert np.allclose(served.embed_passages(texts), own, atol=1e-4)
        with pytest.raises(ServiceError, match="400"):
            Endpoint(url, "", ServingSettings(), CallSettings()).ask([" "])


def test_another_kind_of_model_is_not_copied_as_a_served_one(tmp_path: Path) -> None:
    code = tmp_path / "other.py"
    code.write_text("import mlflow\nmlflow.models.set_model(mlflow.pyfunc.PythonModel())\n")
    mlflow.pyfunc.save_model(str(tmp_path / "other"), python_model=str(code))
    with pytest.raises(ModelError, match="--version"):
        copy_served(tmp_path / "other", tmp_path / "plain")


def test_serving_needs_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    import click

    with pytest.raises(click.UsageError, match="--name"):
        cli.main(["models", "publish", "x", "--serve"], standalone_mode=False)
