"""fine_tune: a four-way head on a pretrained encoder, killed and resumed without losing more than an epoch.

Reads: docs.training_examples. Writes: checkpoints below the storage's root, an MLflow run with curves and model,
docs.predictions_fine_tuned.
"""

from __future__ import annotations

import json
import shutil
import time
import warnings
from functools import partial
from pathlib import Path

from lakedocs.classify.champion import Champion
from lakedocs.embed.packaged import packaged_folder
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.stage import Figures, TaskContext
from lakedocs.settings import fingerprint
from lakedocs.train.fit import FitJob, fit
from lakedocs.train.runs import PREDICTED_DDL, Texts, data_version, gathered, label_names, store_predictions, tracked

MODEL = "fine_tuned"


def run(context: TaskContext) -> Figures:
    """Train, and score validation and test."""
    import mlflow

    settings, chosen, labels = context.settings, context.settings.training, label_names(context.settings)
    base = chosen.base_model or str(packaged_folder())
    splits = {split: gathered(context, split) for split in ("train", "validation", "test")}
    folder = settings.storage.path / "training" / fingerprint(data_version(context), base, *labels, chosen)
    data = _written(splits, labels, folder)
    context.announce(chosen.epochs)
    on_epoch = partial(tick, settings.storage.progress_folder, context.task_key)
    with tracked(context, MODEL, {"base": Path(base).name, **chosen.model_dump(exclude={"examples", "base_model"})}):
        start = time.monotonic()
        fit(FitJob(base, str(data), str(folder), tuple(labels), chosen, on_epoch))
        mlflow.log_metric("seconds", time.monotonic() - start)
        _log_history(folder)
        _log_model(folder)
        classifier = Champion(folder / "best", 0.0)
        rows: list[tuple[str, dict[str, float]]] = []
        for split in ("validation", "test"):
            start = time.monotonic()
            found = classifier.classify(splits[split].texts)
            mlflow.log_metric(f"{split}.seconds_per_1000", (time.monotonic() - start) / max(len(found), 1) * 1000)
            rows += [(id_, score.scores) for id_, score in zip(splits[split].ids, found, strict=True)]
        frame = context.spark.createDataFrame(rows, PREDICTED_DDL)
        store_predictions(context, MODEL, frame)
    shutil.rmtree(folder, ignore_errors=True)  # the model is in MLflow now, and text is not to stay behind
    return Figures(stale=1, rows_out=len(rows))


def _written(splits: dict[str, Texts], labels: list[str], folder: Path) -> Path:
    """The folder with the training and validation texts, which are redacted."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    for split in ("train", "validation"):
        here = splits[split]
        content = {"texts": here.texts, "targets": [labels.index(label) for label in here.labels]}
        (data / f"{split}.json").write_text(json.dumps(content), encoding="utf-8")
    return data


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
