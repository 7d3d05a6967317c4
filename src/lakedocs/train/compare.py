"""compare_and_promote: all classifiers on one test split that no training saw; the alias goes to what is shown to be better.

Reads: docs.training_examples, docs.predictions_*, the registry's champion. Writes: an MLflow run with table and figures,
training.html below the storage's root, the alias `champion`. Zero-shot is the champion while the registry names none.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pyspark.sql import functions as F

from lakedocs.classify.champion import Champion, fetch_champion, present_champion
from lakedocs.classify.labels import load_labels
from lakedocs.classify.zero_shot import ZeroShot
from lakedocs.embed.open import open_embedder
from lakedocs.errors import ModelError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.stage import Figures, TaskContext
from lakedocs.train import boosting, finetune, quantise, tfidf
from lakedocs.train.evaluate import Comparison, Evaluation, Scored, compare, evaluate, tempered
from lakedocs.train.figures import quality_figure
from lakedocs.train.registry import promote
from lakedocs.train.report import TrainingReport, write_report
from lakedocs.train.results import COMPARISON, REPORT, VERDICT_TAG
from lakedocs.train.runs import PREDICTED_DDL, Texts, data_version, examples, gathered, label_names, store_predictions, tracked

ZERO_SHOT = "zero_shot"
CHAMPION = "champion"
_ZERO_SHOT_TEMPERATURE = 0.05
SERVED = quantise.MODEL
"""The kind of model that 07 loads: the fine-tuned one as `quantise` made it small."""


@dataclass(frozen=True)
class _Splits:
    validation: Scored
    test: Scored
    seconds_per_1000: float


def run(context: TaskContext) -> Figures:
    """Compare, report, and promote the fine-tuned model, as it would be served, if it is better than the champion."""
    import mlflow

    settings, chosen, labels = context.settings, context.settings.training, label_names(context.settings)
    texts = [gathered(context, split) for split in ("validation", "test")]
    with tracked(context, COMPARISON, {"bootstrap_rounds": chosen.bootstrap_rounds, "significance": chosen.significance}):
        _score_zero_shot(context, texts, labels)
        incumbent = _score_champion(context, texts, labels)
        models = [ZERO_SHOT, *([incumbent] if incumbent else []), tfidf.MODEL, boosting.MODEL, finetune.MODEL, quantise.MODEL]
        scored = _scored(context, models, labels)
        evaluations = {
            model: evaluate(model, labels, splits.validation, splits.test, splits.seconds_per_1000, chosen.bootstrap_rounds, chosen.seed)
            for model, splits in scored.items()
        }
        figures = {model: quality_figure(model, labels, splits.test, evaluations[model].temperature) for model, splits in scored.items()}
        for model, found in evaluations.items():
            _log(found, figures[model], chosen.price_per_hour)
        against = incumbent or ZERO_SHOT
        comparison = compare(scored[SERVED].test, scored[against].test, chosen.bootstrap_rounds, chosen.seed) if SERVED in scored else None
        is_better = comparison is not None and comparison.is_better(chosen.significance)
        verdict = _verdict(evaluations, comparison, against, is_better=is_better)
        mlflow.set_tag(VERDICT_TAG, verdict)
        path = settings.storage.path / REPORT
        write_report(path, TrainingReport(tuple(evaluations.values()), verdict, comparison, against, figures, chosen.price_per_hour))
        mlflow.log_artifact(str(path))
        if is_better:
            mlflow.set_tag("lakedocs.champion_version", promote(context, SERVED))  # last: what fails before it can be done again
    return Figures(stale=len(evaluations), rows_out=len(evaluations))


def _verdict(evaluations: Mapping[str, Evaluation], comparison: Comparison | None, against: str, *, is_better: bool) -> str:
    if comparison is None:
        return "No served model was scored: nothing to promote."
    told = (
        f"accuracy {evaluations[SERVED].accuracy.value:.3f} against {evaluations[against].accuracy.value:.3f} of {against.replace('_', '-')}, "
        f"difference {comparison.difference}, McNemar p {comparison.mcnemar_p:.4f}, bootstrap p {comparison.bootstrap_p:.4f}"
    )
    if not is_better:
        return f"The fine-tuned model is not shown to be better: {told}. The champion stays."
    best = max(evaluations.values(), key=lambda found: found.accuracy.value)
    more = (
        "" if best.model in (SERVED, finetune.MODEL) else f" {best.model} did better still ({best.accuracy.value:.3f}), but 07 loads this kind only."
    )
    return f"The fine-tuned model is the new champion: {told}.{more}"


def _score_zero_shot(context: TaskContext, texts: Sequence[Texts], labels: list[str]) -> None:
    """Cosines as probabilities: their temperature, like all that is calibrated, comes from the validation split."""
    settings = context.settings
    embedder = open_embedder(settings.classification.model, settings)
    classifier = ZeroShot(load_labels(settings.conf_file(settings.classification.labels)), -1.0, embedder)
    start, rows = time.monotonic(), []
    for here in texts:
        for id_, found in zip(here.ids, classifier.classify(embedder.embed_passages(here.texts)), strict=True):
            likely = tempered(np.exp(np.asarray([[found.scores[label] for label in labels]])), _ZERO_SHOT_TEMPERATURE)[0]
            rows.append((id_, dict(zip(labels, map(float, likely), strict=True))))
    _store(context, ZERO_SHOT, rows, start)


def _score_champion(context: TaskContext, texts: Sequence[Texts], labels: list[str]) -> str:
    """`champion` where the registry names one that can be scored; else empty."""
    import mlflow

    version = present_champion(context.settings)
    if not version:
        return ""
    start = time.monotonic()
    try:
        classifier = Champion(fetch_champion(context.settings, version), 0.0)
        rows = [
            (id_, {label: found.scores.get(label, 0.0) for label in labels})
            for here in texts
            for id_, found in zip(here.ids, classifier.classify(here.texts), strict=True)
        ]
    except ModelError as error:  # one of another kind can't hold the place of a model that works
        mlflow.set_tag("lakedocs.champion_not_scored", str(error))
        return ""
    _store(context, CHAMPION, rows, start)
    return CHAMPION


def _store(context: TaskContext, model: str, rows: list[tuple[str, dict[str, float]]], start: float) -> None:
    seconds = time.monotonic() - start
    store_predictions(context, model, context.spark.createDataFrame(rows, PREDICTED_DDL), seconds)


def _scored(context: TaskContext, models: list[str], labels: list[str]) -> dict[str, _Splits]:
    """Every model's scores on the present examples; a model that learnt from other ones is left out."""
    wanted = examples(context).where(F.col("split") != "train").select("example_id", "group_id", "split", "label", "language")
    everything = context.lake.read_all([tables.predictions(model) for model in models])
    held = everything.where(F.col("data_version") == data_version(context)).join(wanted, "example_id")
    rows = list(held.orderBy("model", "split", "example_id").toLocalIterator())
    total = wanted.count()
    found = {}
    for model in models:
        own = [row for row in rows if row["model"] == model]
        if len(own) == total:
            parts = []
            for split in ("validation", "test"):
                here = [row for row in own if row["split"] == split]
                parts.append(
                    Scored(
                        np.asarray([labels.index(row["label"]) for row in here]),
                        np.asarray([[row["scores"][label] for label in labels] for row in here]),
                        [row["group_id"] for row in here],
                        [row["language"] for row in here],
                    )
                )
            found[model] = _Splits(parts[0], parts[1], float(own[0]["seconds_per_1000"]))
    return found


def _log(found: Evaluation, figure: object, price_per_hour: float) -> None:
    import mlflow

    figures = {
        "accuracy": found.accuracy.value, "accuracy_low": found.accuracy.low, "accuracy_high": found.accuracy.high,
        "macro_f1": found.macro_f1.value, "macro_f1_low": found.macro_f1.low, "macro_f1_high": found.macro_f1.high,
        "seconds_per_1000": found.seconds_per_1000, "cost_per_million": found.cost_per_million(price_per_hour),
        "temperature": found.temperature, "calibration_error": found.calibration_error[1],
        **{f"coverage_{at}": share for at, (share, _) in found.coverage.items()},
        **{f"accuracy_{language or 'unknown'}": accuracy for language, (_, accuracy) in found.languages.items()},
        **{f"precision_{label.label}": label.precision for label in found.labels},
        **{f"recall_{label.label}": label.recall for label in found.labels},
    }  # fmt: skip
    mlflow.log_metrics({f"{found.model}.{name}": value for name, value in figures.items()})
    mlflow.log_figure(figure, f"{found.model}.png")
