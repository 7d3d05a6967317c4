"""The training job on a part of the shipped examples, with a tiny encoder: prepared, trained, compared, promoted or not."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from pyspark.sql import SparkSession
from tests import pipeline
from tests.fakes.encoder import tiny_encoder

from lakedocs.cli import cli
from lakedocs.keys import make_local_keys
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.stage import TaskContext
from lakedocs.settings import Storage, bundle_folder, load_settings
from lakedocs.train import boosting
from lakedocs.train.examples import Example, read_examples

pytestmark = [pytest.mark.spark, pytest.mark.slow]

MAIL = "jane.roe@secretfirm.example"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("examples")
    shipped = (bundle_folder() / "conf" / "training_examples.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "part.jsonl").write_text("\n".join(shipped[::3]) + "\n", encoding="utf-8")
    rows = [
        f"problem,Write to {MAIL} about the rejected claim of 2019.",
        "problem,Write to someone about the rejected claim of 2021.",
        "mood,x",
        "year,",
    ]
    (folder / "own.csv").write_text("label,text\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return {"part": folder / "part.jsonl", "own": folder / "own.csv", "base": tiny_encoder(folder / "base")}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_its_key(tmp_path_factory.mktemp("trained"))


def with_its_key(root: Path) -> Path:
    """The key shuffles the groups into the splits: with any key, a split of so few might lack a label."""
    (root / "keys").mkdir()
    (root / "keys" / "redaction_key").write_text("0123456789abcdef")
    return root


def overrides(files: dict[str, Path]) -> str:
    return (
        f"training.examples=[{files['part']}, {files['own']}]; training.base_model={files['base']}; training.epochs=2; "
        "training.boosting_rounds=8; training.bootstrap_rounds=100; slices.partitions=2"
    )


def train(root: Path, files: dict[str, Path], *arguments: str) -> int:
    try:
        cli.main(["train", "--root", str(root), "--param", f"overrides={overrides(files)}", *arguments], standalone_mode=False)
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def rows(spark: SparkSession, root: Path, table: tables.Table) -> list[dict[str, Any]]:
    return pipeline.read(spark, root, table)


def test_examples_are_redacted_grouped_and_split(spark: SparkSession, root: Path, files: dict[str, Path]) -> None:
    assert train(root, files, "--only", "prepare_examples") == 0
    examples = rows(spark, root, tables.TRAINING_EXAMPLES)
    assert MAIL not in json.dumps(examples)
    own = [row for row in examples if row["source"] == "examples[1]"]
    assert {row["group_id"] for row in own} == {min(row["group_id"] for row in own)}, "sentences of one template share a group"
    sides: dict[str, set[str]] = {}
    for row in examples:
        sides.setdefault(row["group_id"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in sides.values())
    assert {row["split"] for row in examples} == {"train", "validation", "test"}
    refused = sorted((row["source"], row["line"], row["reason"]) for row in rows(spark, root, tables.TRAINING_REFUSED))
    assert refused == [("examples[1]", 4, "its label is none of problem, solution, topic, year"), ("examples[1]", 5, "no text")]
    before = pipeline.versions(root)
    assert train(root, files, "--only", "prepare_examples") == 0
    assert pipeline.versions(root) == before


def test_all_are_trained_and_compared_on_one_split(
    spark: SparkSession, root: Path, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(root, files) == 0
    shown = capsys.readouterr().out
    assert "champion" in shown
    predictions = [row for model in tables.CLASSIFIERS for row in rows(spark, root, tables.predictions(model))]
    by_model = {model: {row["example_id"] for row in predictions if row["model"] == model} for model in {row["model"] for row in predictions}}
    assert set(by_model) == {"zero_shot", "tfidf", "xgboost", "fine_tuned", "served"}
    wanted = {row["example_id"] for row in rows(spark, root, tables.TRAINING_EXAMPLES) if row["split"] != "train"}
    assert all(ids == wanted for ids in by_model.values())
    assert all(abs(sum(row["scores"].values()) - 1) < 1e-4 for row in predictions)
    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    runs = {run.data.tags["lakedocs.model"]: run for run in client.search_runs([client.get_experiment_by_name("lakedocs").experiment_id])}
    assert set(runs) == {"tfidf", "xgboost", "fine_tuned", "served", "comparison"}
    assert len({run.data.tags["lakedocs.data_version"] for run in runs.values()}) == 1
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert {artifact.path for artifact in client.list_artifacts(runs["tfidf"].info.run_id)} >= {"coefficients.json", "terms.png"}
    page = (root / "training.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 5
    assert 'src="http' not in page


def test_every_checkpoint_and_every_variant_is_in_mlflow(root: Path) -> None:
    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    runs = {run.data.tags["lakedocs.model"]: run for run in client.search_runs([client.get_experiment_by_name("lakedocs").experiment_id])}
    checkpoints = client.list_artifacts(runs["fine_tuned"].info.run_id, "checkpoints")
    assert len(checkpoints) == 2, "one an epoch"
    table = json.loads(Path(client.download_artifacts(runs["served"].info.run_id, "variants.json")).read_text())
    rows = {row["variant"]: row for row in (dict(zip(table["columns"], values, strict=True)) for values in table["data"])}
    assert set(rows) == {"fp32", "dynamic_int8", "static_int8", "qat_int8"}
    assert rows["fp32"]["agreement"] == 1
    assert all(row["passages_per_second"] > 0 and row["milliseconds"] > 0 for row in rows.values())
    assert all(rows[name]["agreement"] > 0.5 for name in rows)
    assert runs["served"].data.tags["lakedocs.served_as"] in rows


def test_two_processes_of_torch_distributor_train_one_model(spark: SparkSession, files: dict[str, Path], tmp_path: Path) -> None:
    from lakedocs.train import finetune, prepare

    chosen = dict(part.strip().split("=", 1) for part in overrides(files).split(";"))
    settings = load_settings(
        "local", {**chosen, "storage.root": str(with_its_key(tmp_path)), "training.processes": 2, "training.processes_on": "driver"}
    )
    make_local_keys(settings)
    context = TaskContext(spark, Lake(spark, settings.storage), settings, "fine_tune", "distributed")
    prepare.run(context)
    assert finetune.run(context).rows_out == len([row for row in rows(spark, tmp_path, tables.TRAINING_EXAMPLES) if row["split"] != "train"])


def test_the_words_of_a_label_speak_for_it(root: Path) -> None:
    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("lakedocs").experiment_id], "tags.`lakedocs.model` = 'tfidf'")
    table = json.loads(Path(client.download_artifacts(runs[0].info.run_id, "coefficients.json")).read_text())
    rows = [dict(zip(table["columns"], values, strict=True)) for values in table["data"]]
    assert {row["label"] for row in rows} == {"problem", "solution", "topic", "year"}
    shared = [row for row in rows if row["shares_feature_with"]]
    assert shared, "a thousand features are too few for all words"
    weights = {(row["term"], row["label"]): row["weight"] for row in rows}
    assert all(weights[other, row["label"]] == row["weight"] for row in shared for other in row["shares_feature_with"].split(" "))


def test_one_worker_and_two_learn_as_well(spark: SparkSession, root: Path, files: dict[str, Path]) -> None:
    found = {}
    labels = {row["example_id"]: row["label"] for row in rows(spark, root, tables.TRAINING_EXAMPLES)}
    for workers in (1, 2):
        chosen = dict(part.strip().split("=", 1) for part in overrides(files).split(";"))
        settings = load_settings("local", {**chosen, "storage.root": str(root), "training.boosting_workers": workers, "training.boosting_rounds": 30})
        boosting.run(TaskContext(spark, Lake(spark, Storage(root=str(root))), settings, "train_xgboost", f"workers{workers}"))
        scored = rows(spark, root, tables.predictions("xgboost"))
        found[workers] = sum(max(row["scores"], key=row["scores"].get) == labels[row["example_id"]] for row in scored) / len(scored)
    assert abs(found[1] - found[2]) < 0.15
    assert min(found.values()) > 0.3


def test_what_is_worth_a_label_can_be_labelled_and_learnt_from(undisturbed: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(undisturbed, lake)
    cli.main(["train", "sample", "--root", str(lake), "--number", "7", str(tmp_path / "to_label.csv")], standalone_mode=False)
    with open(tmp_path / "to_label.csv", encoding="utf-8", newline="") as file:
        chosen = list(csv.DictReader(file))
    assert len({row["text"] for row in chosen}) == 7
    assert {row["label"] for row in chosen} == {""}
    with open(tmp_path / "labelled.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(chosen[0]))
        writer.writeheader()
        writer.writerows({**row, "label": "topic"} for row in chosen)
    found = list(read_examples(tmp_path / "labelled.csv", ("problem", "solution", "topic", "year")))
    assert [type(example) for example in found] == [Example] * 7


def test_examples_that_lack_a_label_are_refused_before_anything_is_trained(spark: SparkSession, files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("label,text\nyear,In 2019.\n", encoding="utf-8")
    assert train(tmp_path / "lake", {**files, "part": tmp_path / "few.csv"}, "--only", "prepare_examples") == 1
    row = pipeline.task_figures(spark, tmp_path / "lake")["prepare_examples"]
    assert "add examples of more groups" in row["error"]
