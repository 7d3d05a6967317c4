"""The scores of an evaluation as a figure."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from lakedocs.answer.evaluate import CUT, NAMES, Evaluation
from lakedocs.errors import SettingsError

_HEIGHT = 0.38
_ENDINGS = (".svg", ".png", ".pdf")


def check_place(path: Path) -> None:
    """Nothing, where a figure can be drawn to.

    Raises:
        SettingsError: when the file's ending is none that is drawn, or its folder is not there.
    """
    if path.suffix.lower() not in _ENDINGS or not path.absolute().parent.is_dir():
        raise SettingsError(f"The figure can't be written to {path.name}: name an .svg, .png or .pdf file in a folder that is there.")


def draw(scores: Evaluation, questions: int, path: Path) -> None:
    """Draw recall and nDCG of each way of searching, and how good the answers are, into an .svg, .png or .pdf file.

    Raises:
        SettingsError: when it can't be written there.
    """
    check_place(path)
    figure = Figure(figsize=(9, 3.4))
    found, answered = figure.subplots(1, 2, width_ratios=(3, 2))
    names = [NAMES[way] for way in scores.retrieval]
    for shift, label, values in (
        (-_HEIGHT / 2, f"nDCG@{CUT}", [one.ndcg for one in scores.retrieval.values()]),
        (_HEIGHT / 2, f"recall@{CUT}", [one.recall for one in scores.retrieval.values()]),
    ):
        bars = found.barh([place + shift for place in range(len(names))], values, _HEIGHT, label=label)
        found.bar_label(bars, fmt="%.3f", padding=3, fontsize=8)
    found.set_yticks(range(len(names)), names)
    found.set_title(f"Search, {questions:,} questions", fontsize=9)
    found.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, fontsize=8, frameon=False)
    told = scores.answers
    shares = {"answered": told.found, "known answer in it": told.right, "citations relevant": told.citation_precision, "borne out": told.groundedness}
    answered.bar_label(answered.barh(list(shares), list(shares.values()), color="#5b8c5a"), fmt="%.3f", padding=3, fontsize=8)
    answered.set_title("Answers", fontsize=9)
    for axes in (found, answered):
        axes.invert_yaxis()
        axes.set_xlim(0, 1.15)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.tick_params(labelsize=8, bottom=False, labelbottom=False)
    figure.tight_layout()
    try:
        figure.savefig(path)
    except OSError as error:
        raise SettingsError(f"The figure can't be written to {path.name} ({error.strerror}).") from error
