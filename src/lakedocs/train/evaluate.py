"""How good a classifier is, and whether one is better than another: figures with intervals, nothing about text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest
from sklearn.metrics import f1_score, precision_recall_fscore_support

Floats = npt.NDArray[np.float64]
_BINS = 10
COVERED_AT = (0.5, 0.8, 0.9)


@dataclass(frozen=True)
class Scored:
    """A model's probabilities for examples: `probabilities` (n, labels), `targets` (n,) label numbers, `groups` and `languages` (n,)."""

    targets: npt.NDArray[np.int64]
    probabilities: Floats
    groups: Sequence[str]
    languages: Sequence[str]

    @property
    def found(self) -> npt.NDArray[np.int64]:
        return np.asarray(np.argmax(self.probabilities, axis=1), dtype=np.int64)

    @property
    def hits(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.found == self.targets, dtype=np.bool_)


@dataclass(frozen=True)
class Interval:
    """A figure and the 95 % interval around it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


@dataclass(frozen=True)
class LabelFigures:
    """Precision, recall and number of examples of one label."""

    label: str
    precision: float
    recall: float
    examples: int


@dataclass(frozen=True)
class Evaluation:
    """A model on the test split.

    Attributes:
        calibration_error: expected calibration error over ten bins, before and after the temperature.
        coverage: confidence to (share of passages at or above it, accuracy among them), after the temperature.
        languages: language to (examples, accuracy).
    """

    model: str
    accuracy: Interval
    macro_f1: Interval
    labels: tuple[LabelFigures, ...]
    temperature: float
    calibration_error: tuple[float, float]
    coverage: dict[float, tuple[float, float]]
    languages: dict[str, tuple[int, float]]
    seconds_per_1000: float

    def cost_per_million(self, price_per_hour: float) -> float:
        """Of classifying a million passages, where a core (or, for Spark's models, this machine) costs `price_per_hour`."""
        return self.seconds_per_1000 * 1000 / 3600 * price_per_hour


@dataclass(frozen=True)
class Comparison:
    """A challenger against the champion on the same examples: difference in accuracy, and how probable chance makes it.

    Attributes:
        difference: challenger's accuracy less the champion's, resampled by group.
        mcnemar_p: exact McNemar test, one-sided (McNemar 1947).
        bootstrap_p: share of the resamples in which the challenger is not better.
    """

    difference: Interval
    mcnemar_p: float
    bootstrap_p: float

    def is_better(self, significance: float) -> bool:
        """Whether both tests say so."""
        return self.difference.value > 0 and max(self.mcnemar_p, self.bootstrap_p) < significance


def evaluate(model: str, labels: Sequence[str], validation: Scored, test: Scored, seconds_per_1000: float, rounds: int, seed: int) -> Evaluation:
    """The figures of a model; its temperature comes from the validation split."""
    factor = temperature(validation)
    calm = tempered(test.probabilities, factor)
    resampled = _resampled(test.groups, rounds, seed)
    numbers = list(range(len(labels)))

    def macro_f1(rows: npt.NDArray[np.int64]) -> float:
        return float(f1_score(test.targets[rows], test.found[rows], labels=numbers, average="macro", zero_division=0))

    everything = np.arange(len(test.targets))
    precision, recall, _, support = precision_recall_fscore_support(test.targets, test.found, labels=numbers, zero_division=0)
    confidence = calm.max(axis=1)
    languages = np.asarray(test.languages)
    return Evaluation(
        model=model,
        accuracy=_interval(float(test.hits.mean()), [float(test.hits[rows].mean()) for rows in resampled]),
        macro_f1=_interval(macro_f1(everything), [macro_f1(rows) for rows in resampled]),
        labels=tuple(LabelFigures(label, float(precision[n]), float(recall[n]), int(support[n])) for n, label in enumerate(labels)),
        temperature=factor,
        calibration_error=(calibration_error(test.probabilities, test.hits), calibration_error(calm, test.hits)),
        coverage={at: (float((confidence >= at).mean()), _mean(test.hits[confidence >= at])) for at in COVERED_AT},
        languages={name: (int((languages == name).sum()), _mean(test.hits[languages == name])) for name in sorted(set(test.languages))},
        seconds_per_1000=seconds_per_1000,
    )


def compare(challenger: Scored, champion: Scored, rounds: int, seed: int) -> Comparison:
    """Challenger against champion; both scored the same examples in the same order."""
    gain = challenger.hits.astype(float) - champion.hits.astype(float)
    differences = [float(gain[rows].mean()) for rows in _resampled(challenger.groups, rounds, seed)]
    wins, losses = int((gain > 0).sum()), int((gain < 0).sum())
    mcnemar = float(binomtest(wins, wins + losses, alternative="greater").pvalue) if wins + losses else 1.0
    return Comparison(_interval(float(gain.mean()), differences), mcnemar, float(np.mean([difference <= 0 for difference in differences])))


def temperature(scored: Scored) -> float:
    """The factor that makes the probabilities fit best: logits are divided by it (Guo et al. 2017, arXiv:1706.04599)."""

    def loss(log_factor: float) -> float:
        calm = tempered(scored.probabilities, float(np.exp(log_factor)))
        return float(-np.log(np.maximum(calm[np.arange(len(scored.targets)), scored.targets], 1e-12)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def tempered(probabilities: Floats, factor: float) -> Floats:
    """The probabilities with their logits divided by `factor`."""
    logits = np.log(np.maximum(probabilities, 1e-12)) / factor
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def calibration_error(probabilities: Floats, hits: npt.NDArray[np.bool_]) -> float:
    """Mean distance of confidence and accuracy over ten bins of confidence, weighted by their examples."""
    confidence = probabilities.max(axis=1)
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return float(sum((bins == b).mean() * abs(hits[bins == b].mean() - confidence[bins == b].mean()) for b in range(_BINS) if (bins == b).any()))


def _resampled(groups: Sequence[str], rounds: int, seed: int) -> list[npt.NDArray[np.int64]]:
    """Row numbers of each resample: whole groups are drawn, for the sentences of one are no independent witnesses."""
    chance = np.random.default_rng(seed)
    _, number = np.unique(np.asarray(groups), return_inverse=True)
    members = [np.flatnonzero(number == n) for n in range(number.max() + 1)]
    return [np.concatenate([members[n] for n in chance.integers(0, len(members), len(members))]) for _ in range(rounds)]


def _interval(value: float, resampled: list[float]) -> Interval:
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def _mean(hits: npt.NDArray[np.bool_]) -> float:
    return float(hits.mean()) if len(hits) else 0.0
