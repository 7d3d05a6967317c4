"""fine_tune: a four-way head on a pretrained encoder, killed and resumed without losing more than an epoch.

Reads: docs.training_examples. Writes: checkpoints below the storage's root, an MLflow run with curves and model,
docs.predictions_fine_tuned.
"""

from __future__ import annotations

import json
import shutil
import time
import warnings
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lakedocs.classify.champion import tracking_uri
from lakedocs.embed.packaged import packaged_folder
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.stage import Figures, TaskContext
from lakedocs.settings import fingerprint
from lakedocs.train.fit import FitJob, fit, probabilities, write_examples
from lakedocs.train.runs import PREDICTED_DDL, data_version, gathered, label_names, store_predictions, tracked

MODEL = "fine_tuned"


def run(context: TaskContext) -> Figures:
    """Train, and score validation and test."""
    import mlflow

    settings, chosen, labels = context.settings, context.settings.training, label_names(context.settings)
    base = chosen.base_model or str(packaged_folder())
    splits = {split: gathered(context, split) for split in ("train", "validation", "test")}
    folder = settings.storage.path / "training" / fingerprint(data_version(context), base, *labels, chosen)
    data = write_examples(folder / "data", {split: splits[split] for split in ("train", "validation")}, labels)
    context.announce(chosen.epochs)
    on_epoch = partial(tick, settings.storage.progress_folder, context.task_key)
    with tracked(context, MODEL, {"base": Path(base).name, **chosen.model_dump(exclude={"examples", "base_model"})}) as mlflow_id:
        start = time.monotonic()
        log_checkpoint = LogCheckpoint(tracking_uri(settings), mlflow_id)
        _fit(context, FitJob(base, str(data), str(folder), tuple(labels), chosen, on_epoch=on_epoch, on_checkpoint=log_checkpoint))
        mlflow.log_metric("seconds", time.monotonic() - start)
        _log_history(folder)
        _log_model(folder)
        ids = [*splits["validation"].ids, *splits["test"].ids]
        start = time.monotonic()
        found = probabilities(folder / "best" / "model", [*splits["validation"].texts, *splits["test"].texts])
        seconds = time.monotonic() - start
        rows = [(id_, dict(zip(labels, row, strict=True))) for id_, row in zip(ids, found, strict=True)]
        store_predictions(context, MODEL, context.spark.createDataFrame(rows, PREDICTED_DDL), seconds)
    shutil.rmtree(folder, ignore_errors=True)  # the model is in MLflow now, and text is not to stay behind
    return Figures(stale=1, rows_out=len(rows))


@dataclass(frozen=True)
class LogCheckpoint:
    """Puts a checkpoint's weights and state into the run, where they outlive this machine."""

    tracking_uri: str
    mlflow_id: str

    def __call__(self, folder: Path) -> None:
        from mlflow import MlflowClient

        client = MlflowClient(self.tracking_uri)
        for name in ("model.safetensors", "config.json", "trainer_state.json"):
            if (folder / name).is_file():
                client.log_artifact(self.mlflow_id, str(folder / name), f"checkpoints/{folder.name}")


def _fit(context: TaskContext, job: FitJob) -> None:
    """Here, or in as many processes as conf says; those log no checkpoints, for only the driver may be known to MLflow."""
    chosen = context.settings.training
    if chosen.processes == 1:
        fit(job)
        return
    import torch
    from pyspark.ml.torch.distributor import TorchDistributor

    distributor = TorchDistributor(chosen.processes, local_mode=chosen.processes_on == "driver", use_gpu=torch.cuda.is_available())
    distributor.run(fit, replace(job, on_checkpoint=_leave))
    for checkpoint in sorted((Path(job.folder) / "checkpoints").glob("checkpoint-*")):
        job.on_checkpoint(checkpoint)


def _leave(folder: Path) -> None:
    """Nothing: the driver logs what is left of it."""
    del folder


def _log_history(folder: Path) -> None:
    import mlflow

    for entry in json.loads((folder / "history.json").read_text(encoding="utf-8")):
        figures = {name: value for name, value in entry.items() if isinstance(value, int | float) and name not in ("epoch", "step")}
        mlflow.log_metrics(figures, step=int(entry["step"]))


def _log_model(folder: Path) -> None:
    import mlflow
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    best = folder / "best" / "model"
    parts = {"model": AutoModelForSequenceClassification.from_pretrained(best), "tokenizer": AutoTokenizer.from_pretrained(best)}
    signature = mlflow.models.infer_signature(["a text"], [{"label": "problem", "score": 0.9}])
    with warnings.catch_warnings(action="ignore"):
        mlflow.transformers.log_model(
            parts, name="model", task="text-classification", signature=signature, pip_requirements=["transformers", "torch"]
        )
