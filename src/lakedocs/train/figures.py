"""The pictures of a training: what was learnt, and how well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay, confusion_matrix

from lakedocs.train.evaluate import Scored, tempered


def term_figure(terms: pd.DataFrame, labels: Sequence[str], shown: int) -> Figure:
    """The terms that speak loudest for and against each label; a star marks a term that shares its feature."""
    figure = Figure(figsize=(4 * len(labels), 5))
    for axes, label in zip(figure.subplots(1, len(labels), squeeze=False)[0], labels, strict=True):
        own = terms[terms["label"] == label].sort_values("weight")
        extreme = pd.concat([own.head(shown), own.tail(shown)]).drop_duplicates("term")
        names = [f"{term} *" if shared else term for term, shared in zip(extreme["term"], extreme["shares_feature_with"], strict=True)]
        axes.barh(range(len(names)), extreme["weight"], color=np.where(extreme["weight"] > 0, "#2e9e6b", "#c8453c"))
        axes.set_yticks(range(len(names)), names, fontsize=7)
        axes.set_title(label, fontsize=10)
    figure.tight_layout()
    return figure


def importance_figure(gains: Mapping[str, float]) -> Figure:
    """The features that the trees gained most by."""
    best = sorted(gains.items(), key=lambda item: item[1])[-20:]
    figure = Figure(figsize=(6, 5))
    axes = figure.subplots()
    axes.barh([name for name, _ in best], [gain for _, gain in best], color="#5b6ee1")
    axes.set_xlabel("mean gain of a split", fontsize=8)
    axes.tick_params(labelsize=7)
    figure.tight_layout()
    return figure


def quality_figure(model: str, labels: Sequence[str], test: Scored, temperature: float) -> Figure:
    """ROC and precision-recall curves of each label, the confusion matrix, and reliability before and after the temperature."""
    figure = Figure(figsize=(15, 3.8))
    roc, precision, confusion, reliability = figure.subplots(1, 4)
    for number, label in enumerate(labels):
        is_label = test.targets == number
        RocCurveDisplay.from_predictions(is_label, test.probabilities[:, number], ax=roc, name=label)
        PrecisionRecallDisplay.from_predictions(is_label, test.probabilities[:, number], ax=precision, name=label)
    matrix = confusion_matrix(test.targets, test.found, labels=range(len(labels)))
    confusion.imshow(matrix, cmap="Blues")
    for row, column in np.ndindex(matrix.shape):
        confusion.text(column, row, str(matrix[row, column]), ha="center", va="center", fontsize=8)
    confusion.set_xticks(range(len(labels)), labels, fontsize=7, rotation=30)
    confusion.set_yticks(range(len(labels)), labels, fontsize=7)
    confusion.set_xlabel("found", fontsize=8)
    confusion.set_ylabel("true", fontsize=8)
    reliability.plot([0, 1], [0, 1], color="#9aa3b2", linewidth=1)
    for name, probabilities in (("as trained", test.probabilities), (f"temperature {temperature:.2f}", tempered(test.probabilities, temperature))):
        confidence = probabilities.max(axis=1)
        bins = np.minimum((confidence * 10).astype(int), 9)
        used = [b for b in range(10) if (bins == b).any()]
        reliability.plot([confidence[bins == b].mean() for b in used], [test.hits[bins == b].mean() for b in used], marker="o", label=name)
    reliability.set_xlabel("confidence", fontsize=8)
    reliability.set_ylabel("accuracy", fontsize=8)
    for axes in (roc, precision, reliability):
        axes.legend(fontsize=6)
    figure.suptitle(model, fontsize=11)
    figure.tight_layout()
    return figure
