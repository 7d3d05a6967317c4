"""07 with the registry's champion: a tiny classifier that is certain of itself, logged as training logs it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
import requests
import torch
from mlflow import MlflowClient
from pyspark.sql import SparkSession
from tests import pipeline
from tests.fakes.mlflow_server import mlflow_server
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from lakedocs.lakehouse import tables
from lakedocs.serving.log import log_text_model
from lakedocs.train.onnx_models import export, write_served

pytestmark = [pytest.mark.spark, pytest.mark.slow]

NAME = "lakedocs_classifier"
LABELS = {0: "problem", 1: "solution", 2: "topic", 3: "year"}
TASK = "07_local_e5_model_classification"


def classifier(certain_label: int, folder: Path) -> Path:
    """A folder to serve from: a network of one layer that is sure of `certain_label`, with probability .99."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "rejected"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    config = BertConfig(
        vocab_size=len(words), hidden_size=4, num_hidden_layers=1, intermediate_size=4, num_attention_heads=1, id2label=LABELS,
        label2id={label: number for number, label in LABELS.items()}, num_labels=4,
    )  # fmt: skip
    network = BertForSequenceClassification(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.classifier.bias[certain_label] = 6.0
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", model_max_length=64)
    network.save_pretrained(folder / "network")
    export(folder / "network", folder / "network.onnx")
    write_served(folder / "served", folder / "network.onnx", fast, list(LABELS.values()))
    return folder / "served"


def promote(root: Path, certain_label: int) -> str:
    uri = f"sqlite:///{root / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("lakedocs")
    assert experiment is not None
    folder = root / f"classifier{certain_label}"
    folder.mkdir()
    with mlflow.start_run(experiment_id=experiment.experiment_id):
        info = log_text_model(classifier(certain_label, folder), registered_model_name=NAME)
    client.set_registered_model_alias(NAME, "champion", info.registered_model_version)
    return str(info.registered_model_version)


@pytest.fixture(scope="module")
def root(undisturbed: Path, tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> Path:
    copied = tmp_path_factory.mktemp("champion") / "lake"
    shutil.copytree(undisturbed, copied)
    return copied


def label(samples: Path, root: Path, more: str = "") -> int:
    return pipeline.run(samples, root, "--only", TASK, "--param", f"overrides=classification.method=champion; {more}")


def test_without_a_champion_the_task_says_what_to_do(spark: SparkSession, root: Path, samples: Path) -> None:
    before = pipeline.read(spark, root, tables.LABELS)
    assert label(samples, root) == 1
    assert "under the alias champion" in pipeline.task_figures(spark, root)[TASK]["error"]
    assert pipeline.read(spark, root, tables.LABELS) == before


def test_conf_switches_to_the_champion(spark: SparkSession, root: Path, samples: Path) -> None:
    version = promote(root, certain_label=1)
    assert label(samples, root) == 0
    rows = pipeline.read(spark, root, tables.LABELS)
    assert {(row["label"], row["method"], row["model"]) for row in rows} == {("solution", "champion", f"{NAME}:{version}")}
    assert {round(row["confidence"], 2) for row in rows} == {0.99}
    assert all(set(row["scores"]) == set(LABELS.values()) and abs(sum(row["scores"].values()) - 1) < 1e-4 for row in rows)


def test_a_new_champion_relabels_and_the_same_one_does_not(spark: SparkSession, root: Path, samples: Path) -> None:
    assert label(samples, root) == 0
    assert pipeline.task_figures(spark, root)[TASK]["units_stale"] == 0
    promote(root, certain_label=3)
    assert label(samples, root) == 0
    assert {row["label"] for row in pipeline.read(spark, root, tables.LABELS)} == {"year"}


def test_below_its_threshold_there_is_no_label(spark: SparkSession, root: Path, samples: Path) -> None:
    assert label(samples, root, "classification.champion_threshold=0.995") == 0
    assert {row["label"] for row in pipeline.read(spark, root, tables.LABELS)} == {"none"}


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[str]:
    """The champion as a workspace's endpoint runs it."""
    with mlflow_server(f"models:/{NAME}@champion", f"sqlite:///{root / 'mlflow.db'}", root / "server.log") as url:
        yield url


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param({"dataframe_split": {"columns": ["words"], "data": [["a"]]}}, "text", id="another column"),
        pytest.param({"dataframe_split": {"columns": ["text"], "data": [[" "]]}}, "row 0 is not a text", id="empty"),
        pytest.param({"dataframe_split": {"columns": ["text"], "data": [["ok"], ["x" * 100_001]]}}, "row 1 has 100001 characters", id="too long"),
        pytest.param({"dataframe_split": {"columns": ["text"], "data": [["a"]] * 2049}}, "more than the 2048", id="too many"),
        pytest.param({"dataframe_split": {"columns": ["text"], "data": [[7]]}}, "", id="a number"),
        pytest.param({"texts": ["a"]}, "", id="no known field"),
        pytest.param("not JSON", "", id="not JSON"),
    ],
)
def test_bad_input_is_answered_clearly(served: str, body: object, said: str) -> None:
    data = body if isinstance(body, str) else json.dumps(body)
    answer = requests.post(served, data=data, headers={"Content-Type": "application/json"}, timeout=30)
    assert answer.status_code == 400
    assert said in answer.text
    assert "x" * 50 not in answer.text


def test_07_asks_the_endpoint_instead(served: str, spark: SparkSession, root: Path, samples: Path) -> None:
    local = {row["passage_id"]: row["scores"] for row in pipeline.read(spark, root, tables.LABELS)}
    (root / "keys" / "serving_token").write_text("token")
    assert label(samples, root, f"classification.champion_threshold=0.1; classification.endpoint={served}; serving.batch_texts=5") == 0
    rows = pipeline.read(spark, root, tables.LABELS)
    assert {row["label"] for row in rows} == {"year"}
    assert {row["passage_id"]: row["scores"] for row in rows} == local
