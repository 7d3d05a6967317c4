"""quantise: the fine-tuned classifier as ONNX, whole and in eight bits by three methods; the chosen one is what gets served.

Reads: docs.training_examples, the fine-tuned model in MLflow. Writes: an MLflow run with a table of size, speed, agreement and
accuracy, and the pyfunc that `compare_and_promote` may make the champion; docs.predictions_served.
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lakedocs.embed.export import quantise_dynamic
from lakedocs.errors import ModelError
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.stage import Figures, TaskContext
from lakedocs.serving.log import log_text_model
from lakedocs.serving.text_model import TextModel
from lakedocs.settings import Settings
from lakedocs.train import finetune
from lakedocs.train.evaluate import Scored, temperature
from lakedocs.train.fit import FitJob, fit, probabilities, write_examples
from lakedocs.train.onnx_models import export, quantise_static, write_served
from lakedocs.train.options import WHOLE, Variant
from lakedocs.train.runs import PREDICTED_DDL, Texts, fetched_model, gathered, label_names, store_predictions, tracked

MODEL = "served"
_LATENCY_TEXTS = 50
_LEAST_AGREEMENT = 0.99
_QUANTISED: tuple[Variant, ...] = ("dynamic_int8", "static_int8", "qat_int8")


@dataclass(frozen=True)
class VariantFigures:
    """A variant of the model on one core: size, passages per second in batches, milliseconds for one (median), and how well it does.

    Attributes:
        agreement: share of the validation and test passages with the label that the trained network gives.
    """

    variant: str
    megabytes: float
    passages_per_second: float
    milliseconds: float
    agreement: float
    validation_accuracy: float
    test_accuracy: float


def run(context: TaskContext) -> Figures:
    """Make the variants, measure them, log the one that conf or the figures choose."""
    import mlflow

    settings, chosen, labels = context.settings, context.settings.training, label_names(context.settings)
    splits = {split: gathered(context, split) for split in ("train", "validation", "test")}
    context.announce(1 + len(_QUANTISED))
    described = {"serve_as": chosen.serve_as, "calibration_passages": chosen.calibration_passages, "qat_epochs": chosen.qat_epochs}
    with _work_folder(settings.storage.path / "training" / "variants") as work, tracked(context, MODEL, described):
        model_folder = _fetched(context, work)
        trained = {split: np.asarray(probabilities(model_folder, splits[split].texts)).argmax(axis=1) for split in ("validation", "test")}
        folders = _variants(context, model_folder, splits, labels, work)
        models = {variant: _opened(folder) for variant, folder in folders.items()}
        scores, figures = {}, []
        for variant, model in models.items():
            start = time.perf_counter()
            scores[variant] = {split: model.outputs(splits[split].texts) for split in ("validation", "test")}
            seconds = time.perf_counter() - start
            figures.append(_measured(variant, model, folders[variant], scores[variant], seconds, trained, splits, labels))
        if figures[0].agreement < _LEAST_AGREEMENT:
            raise ModelError("The exported model does not answer as the trained one does: it can't be served; name another training.base_model.")
        served = served_variant(figures, chosen.serve_as, chosen.serve_tolerance)
        mlflow.log_table(pd.DataFrame([asdict(found) for found in figures]), "variants.json")
        mlflow.set_tag("lakedocs.served_as", served)
        log_text_model(folders[served])
        rows = [
            (id_, dict(zip(labels, map(float, row), strict=True)))
            for split in ("validation", "test")
            for id_, row in zip(splits[split].ids, scores[served][split], strict=True)
        ]
        speed = next(found.passages_per_second for found in figures if found.variant == served)
        store_predictions(context, MODEL, context.spark.createDataFrame(rows, PREDICTED_DDL), len(rows) / speed)
    return Figures(stale=len(figures), rows_out=len(rows))


@contextmanager
def _work_folder(path: Path) -> Iterator[Path]:
    """An empty folder that goes in the end, whatever happens: it holds texts, and models of gigabytes."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def served_variant(figures: Sequence[VariantFigures], wanted: str, tolerance: float) -> Variant:
    """The variant that conf names, or with `auto` the fastest one that loses no more than `tolerance` of validation accuracy."""
    by_name: dict[str, VariantFigures] = {found.variant: found for found in figures}
    if wanted != "auto":
        return by_name[wanted].variant  # type: ignore[return-value]  # pydantic has checked the name
    bar = by_name[WHOLE].validation_accuracy - tolerance
    good = [found for found in figures if found.validation_accuracy >= bar]
    return max(good, key=lambda found: found.passages_per_second).variant  # type: ignore[return-value]  # the names are ours


def _fetched(context: TaskContext, work: Path) -> Path:
    """The fine-tuned model and its tokenizer in one folder; MLflow keeps them in two."""
    fetched = fetched_model(context, finetune.MODEL, work / "fetched")
    shutil.copytree(fetched / "components" / "tokenizer", fetched / "model", dirs_exist_ok=True)
    return fetched / "model"


def _variants(context: TaskContext, model_folder: Path, splits: dict[str, Texts], labels: list[str], work: Path) -> dict[Variant, Path]:
    """A folder to serve from for each variant."""
    from transformers import AutoTokenizer

    chosen = context.settings.training
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    files: dict[Variant, Path] = {name: work / f"{name}.onnx" for name in (WHOLE, *_QUANTISED)}
    calm = _temperature(model_folder, splits["validation"], labels, tokenizer, work)
    export(model_folder, files[WHOLE], calm)
    _tick(context)
    quantise_dynamic(files[WHOLE], files["dynamic_int8"])
    _tick(context)
    quantise_static(files[WHOLE], files["static_int8"], tokenizer, splits["train"].texts[: chosen.calibration_passages])
    _tick(context)
    aware = work / "aware.onnx"
    export(_trained_aware(context.settings, model_folder, splits, labels, work), aware, calm)
    quantise_dynamic(aware, files["qat_int8"])
    _tick(context)
    for name, file in files.items():
        write_served(work / name, file, tokenizer, labels)
    return {name: work / name for name in files}


def _tick(context: TaskContext) -> None:
    tick(context.settings.storage.progress_folder, context.task_key)


def _temperature(model_folder: Path, validation: Texts, labels: list[str], tokenizer: Any, work: Path) -> float:
    """What the logits are divided by, so that a confidence means what it says."""
    raw = work / "raw.onnx"
    export(model_folder, raw)
    write_served(work / "raw", raw, tokenizer, labels)
    targets = np.asarray([labels.index(label) for label in validation.labels])
    return temperature(Scored(targets, _opened(work / "raw").outputs(validation.texts), validation.ids, validation.languages))


def _trained_aware(settings: Settings, model_folder: Path, splits: dict[str, Texts], labels: list[str], work: Path) -> Path:
    """The network after a few more epochs in which it felt the rounding of its weights and activations."""
    chosen = settings.training
    data = write_examples(work / "aware" / "data", {split: splits[split] for split in ("train", "validation")}, labels)
    gently = chosen.model_copy(update={"epochs": chosen.qat_epochs, "learning_rate": chosen.learning_rate / 5, "freeze_encoder": False})
    fit(FitJob(str(model_folder), str(data), str(work / "aware"), tuple(labels), gently, is_quantisation_aware=True))
    return work / "aware" / "best" / "model"


def _opened(folder: Path) -> TextModel:
    model = TextModel()
    model.load(folder, threads=1)
    return model


def _measured(
    variant: Variant,
    model: TextModel,
    folder: Path,
    scores: dict[str, Any],
    seconds: float,
    trained: dict[str, Any],
    splits: dict[str, Texts],
    labels: list[str],
) -> VariantFigures:
    texts = [*splits["validation"].texts, *splits["test"].texts]
    single = []
    for text in texts[:_LATENCY_TEXTS]:
        start = time.perf_counter()
        model.outputs([text])
        single.append(time.perf_counter() - start)
    found = {split: scores[split].argmax(axis=1) for split in ("validation", "test")}
    hits = {split: np.asarray([labels[n] for n in found[split]]) == np.asarray(splits[split].labels) for split in found}
    return VariantFigures(
        variant, (folder / "model.onnx").stat().st_size / 1e6, len(texts) / max(seconds, 1e-9), statistics.median(single) * 1000,
        float(np.mean(np.concatenate([found[split] == trained[split] for split in found]))),
        float(hits["validation"].mean()), float(hits["test"].mean()),
    )  # fmt: skip
