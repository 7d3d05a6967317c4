"""One self-contained HTML page about a training: every classifier in one table, the verdict, the curves."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape
from matplotlib.figure import Figure

from lakedocs.train.evaluate import COVERED_AT, Comparison, Evaluation


@dataclass(frozen=True)
class TrainingReport:
    """What the page tells; no text of an example."""

    evaluations: tuple[Evaluation, ...]
    verdict: str
    comparison: Comparison | None
    against: str
    figures: Mapping[str, Figure]
    price_per_hour: float


def write_report(path: Path, report: TrainingReport) -> None:
    """Write the page, which needs nothing from outside."""
    environment = Environment(loader=PackageLoader("lakedocs.train", "templates"), autoescape=select_autoescape(["html"]))
    languages = sorted({language for found in report.evaluations for language in found.languages})
    page = environment.get_template("training.html").render(
        report=report,
        languages=languages,
        covered_at=COVERED_AT,
        best=max((found.accuracy.value for found in report.evaluations), default=0.0),
        pictures={model: _png(figure) for model, figure in report.figures.items()},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(page, encoding="utf-8")
    partial.replace(path)


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
