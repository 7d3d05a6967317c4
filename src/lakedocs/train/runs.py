"""What the trainings share: their rows, their MLflow run, the predictions that the comparison reads."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs import __version__
from lakedocs.classify.champion import tracking_uri
from lakedocs.classify.labels import load_labels
from lakedocs.errors import LakeError, ModelError, SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.stage import TaskContext, materialised
from lakedocs.lakehouse.tracking import experiment_id
from lakedocs.settings import Settings, fingerprint
from lakedocs.train.results import DATA_TAG, MODEL_TAG, RUN_TAG

if TYPE_CHECKING:
    from mlflow.entities import Run

PREDICTED_DDL = "example_id string, scores map<string, double>"


@dataclass(frozen=True)
class Texts:
    """The examples of a split, on this machine."""

    ids: list[str]
    texts: list[str]
    labels: list[str]
    languages: list[str]


def label_names(settings: Settings) -> list[str]:
    """The labels in the order that numbers them."""
    return list(load_labels(settings.conf_file(settings.classification.labels)).labels)


def examples(context: TaskContext) -> DataFrame:
    """The prepared examples.

    Raises:
        SettingsError: when there are none.
    """
    rows = context.lake.read(tables.TRAINING_EXAMPLES)
    if rows.isEmpty():
        raise SettingsError("There are no training examples yet: run prepare_examples first.")
    return rows


def data_version(context: TaskContext) -> str:
    """16 hex digits that change with any example, label or split."""
    digest = context.lake.digest(examples(context), ("example_id", "label", "split"))
    return hashlib.sha256(digest.encode()).hexdigest()[:16]


def gathered(context: TaskContext, split: str) -> Texts:
    """A split's rows, in a fixed order, where this machine may hold them.

    Raises:
        LakeError: when there are more than `training.max_examples`, before any is fetched.
    """
    rows = examples(context).where(F.col("split") == split)
    number = rows.count()
    if number > context.settings.training.max_examples:
        raise LakeError(f"{number:,} examples of {split} are more than one machine is to hold; raise training.max_examples, or take a sample.")
    found = list(rows.orderBy("example_id").toLocalIterator())
    return Texts(*([row[name] for row in found] for name in ("example_id", "text", "label", "language")))


def numbered(rows: DataFrame, labels: list[str]) -> DataFrame:
    """The rows with `target`, the label's number, and `weight`, so that every label counts as much."""
    numbers = F.create_map(*(F.lit(part) for number, label in enumerate(labels) for part in (label, float(number))))
    counts = {row["label"]: row["count"] for row in rows.where(F.col("split") == "train").groupBy("label").count().toLocalIterator()}
    total = sum(counts.values())
    weights = F.create_map(*(F.lit(part) for label, count in counts.items() for part in (label, total / (len(counts) * count))))
    return rows.withColumn("target", numbers[F.col("label")]).withColumn("weight", F.coalesce(weights[F.col("label")], F.lit(1.0)))


def store_predictions(context: TaskContext, model: str, scored: DataFrame, seconds: float) -> None:
    """Put a model's scores in the place of its former ones.

    Args:
        scored: example_id, scores (label to probability) of validation and test, computed already.
        seconds: what the scoring took.
    """
    table = tables.predictions(model)
    context.lake.ensure(table)
    learnt = F.lit(data_version(context)).alias("data_version")
    speed = F.lit(seconds / max(scored.count(), 1) * 1000).alias("seconds_per_1000")
    model_name, run_id = F.lit(model).alias("model"), F.lit(context.run_id).alias("run_id")
    context.lake.overwrite(table, scored.select(model_name, "example_id", "scores", learnt, speed, run_id))


def timed(context: TaskContext, scored: DataFrame, name: str) -> tuple[DataFrame, float]:
    """The scores, computed, and the seconds that took."""
    start = time.monotonic()
    found = materialised(context, scored.select("example_id", "scores"), f"scored_{name}")
    return found, time.monotonic() - start


@contextmanager
def tracked(context: TaskContext, model: str, parameters: Mapping[str, object]) -> Iterator[str]:
    """An MLflow run of this thread for one training, tagged with what it learnt from; its id."""
    import mlflow

    settings = context.settings
    experiment = experiment_id(settings)
    logging.getLogger("mlflow").setLevel(logging.ERROR)  # it warns of model cards and of folders by their path
    mlflow.set_tracking_uri(tracking_uri(settings))
    if settings.tracking.registry_uri:
        mlflow.set_registry_uri(settings.tracking.registry_uri)
    tags = {
        RUN_TAG: context.run_id, MODEL_TAG: model, DATA_TAG: data_version(context), "lakedocs.version": __version__,
        "lakedocs.settings": fingerprint(settings.training, settings.classification),
    }  # fmt: skip
    with mlflow.start_run(experiment_id=experiment, run_name=f"{model}-{context.run_id}", tags=tags) as run:
        mlflow.log_params(dict(parameters))
        yield str(run.info.run_id)


def last_run(context: TaskContext, model: str) -> Run:
    """The last finished run of this kind of model that learnt from the present data.

    Raises:
        ModelError: when there is none.
    """
    from mlflow import MlflowClient

    wanted = f"tags.`{MODEL_TAG}` = '{model}' and tags.`{DATA_TAG}` = '{data_version(context)}' and attributes.status = 'FINISHED'"
    client = MlflowClient(tracking_uri(context.settings))
    runs = client.search_runs([experiment_id(context.settings)], wanted, order_by=["attributes.start_time DESC"], max_results=1)
    if not runs:
        raise ModelError(f"No finished run has a model of the kind {model} from the present examples: run its task again.")
    return runs[0]


def fetched_model(context: TaskContext, model: str, folder: Path) -> Path:
    """Where the files of that run's model lie now, below `folder`.

    Raises:
        ModelError: when there is none.
    """
    import mlflow
    from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR

    MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)  # it would write over the progress of the run
    run = last_run(context, model)
    folder.mkdir(parents=True, exist_ok=True)
    return Path(mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/model", dst_path=str(folder)))
