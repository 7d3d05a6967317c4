"""One self-contained HTML page about a run: figures, charts, the graph of the job, samples after redaction."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup
from matplotlib.figure import Figure

from lakedocs.job.jobfile import Job
from lakedocs.job.runner import Outcome, State
from lakedocs.lakehouse.summary import Summary

_COLOURS = {
    State.SUCCEEDED: "#2e9e6b", State.FAILED: "#c8453c", State.TIMED_OUT: "#c8453c", State.SKIPPED: "#d9a441", State.EXCLUDED: "#b6bcc6",
}  # fmt: skip
_OK, _REFUSED = "#2e9e6b", "#d9a441"


@dataclass(frozen=True)
class _AnswerView:
    question: str
    found: bool
    text: str
    citations: list[dict[str, Any]]
    milliseconds: float


def write_report(path: Path, job: Job, outcomes: list[Outcome], summary: Summary) -> None:
    """Write the page; it holds redacted text only and needs nothing from outside."""
    environment = Environment(loader=PackageLoader("lakedocs.job", "templates"), autoescape=select_autoescape(["html"]))
    kinds = sorted({kind for kind, _ in summary.statuses})
    statuses = sorted({status for _, status in summary.statuses}, key=lambda status: (status != "ok", status))
    page = environment.get_template("report.html").render(
        summary=summary,
        outcomes=outcomes,
        figures={task.key: task for task in summary.tasks},
        kinds=kinds,
        statuses=statuses,
        files=sum(summary.statuses.values()),
        ok=sum(count for (_, status), count in summary.statuses.items() if status == "ok"),
        graph=_graph(job, {outcome.task_key: outcome.state for outcome in outcomes}),
        status_chart=_status_chart(summary, kinds),
        entity_chart=_bars(summary.entities, "#5b6ee1"),
        label_chart=_bars(summary.labels, "#3b8ea5"),
        time_chart=_bars({outcome.task_key: outcome.seconds for outcome in outcomes if outcome.seconds}, "#7a6fb0", unit=" s", keep_order=True),
        answers=[_answer(entry.answer_json) for entry in summary.answers],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(page, encoding="utf-8")
    partial.replace(path)


def _answer(answer_json: str) -> _AnswerView:
    answer = json.loads(answer_json)
    return _AnswerView(answer["question"], answer["found"], answer["text"], answer["citations"], sum(answer["milliseconds"].values()))


def _graph(job: Job, states: Mapping[str, State]) -> Markup:
    graph = nx.DiGraph()
    graph.add_nodes_from(task.task_key for task in job.tasks)
    graph.add_edges_from((upstream, task.task_key) for task in job.tasks for upstream in task.upstream)
    layers = {layer: sorted(keys, reverse=True) for layer, keys in enumerate(nx.topological_generations(graph))}
    places = nx.multipartite_layout(graph, subset_key=layers, align="vertical")
    figure = Figure(figsize=(11, 3.4))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    colours = [_COLOURS.get(states.get(key, State.EXCLUDED), "#b6bcc6") for key in graph.nodes]
    nx.draw_networkx_edges(graph, places, ax=axes, edge_color="#9aa3b2", node_size=900, arrowsize=12)
    nx.draw_networkx_nodes(graph, places, ax=axes, node_color=colours, node_size=900)
    nx.draw_networkx_labels(graph, places, {key: key[:2] for key in graph.nodes}, ax=axes, font_size=10, font_color="white")
    for key, (x, y) in places.items():
        is_first = key in layers[0]
        at, across, along = ((-20, 0), "right", "center") if is_first else ((0, -22), "center", "top")
        name = key[3:] if is_first else key[3:].replace("_", "\n", 1)
        axes.annotate(name, (x, y), xytext=at, textcoords="offset points", ha=across, va=along, fontsize=8)
    axes.margins(0.16, 0.16)
    axes.set_axis_off()
    return _svg(figure)


def _status_chart(summary: Summary, kinds: list[str]) -> Markup:
    figure = Figure(figsize=(7, 0.45 * max(len(kinds), 1) + 0.6))
    axes = figure.add_subplot()
    ok = [summary.statuses.get((kind, "ok"), 0) for kind in kinds]
    refused = [sum(n for (k, status), n in summary.statuses.items() if k == kind and status != "ok") for kind in kinds]
    axes.barh(kinds, ok, color=_OK, label="ok")
    bars = axes.barh(kinds, refused, left=ok, color=_REFUSED, label="not ok")
    axes.bar_label(bars, labels=[f"{a} + {b}" for a, b in zip(ok, refused, strict=True)], padding=4, fontsize=8)
    axes.invert_yaxis()
    axes.legend(fontsize=8, frameon=False)
    return _plain(figure)


def _bars(values: Mapping[str, float], colour: str, *, unit: str = "", keep_order: bool = False) -> Markup:
    names = list(values) if keep_order else sorted(values, key=lambda name: -values[name])[:20]
    if not names:
        return Markup("<p>None.</p>")
    figure = Figure(figsize=(7, 0.28 * len(names) + 0.5))
    axes = figure.add_subplot()
    bars = axes.barh(names, [values[name] for name in names], color=colour)
    axes.bar_label(bars, labels=[f"{values[name]:,.1f}{unit}" if unit else f"{values[name]:,}" for name in names], padding=4, fontsize=8)
    axes.invert_yaxis()
    return _plain(figure)


def _plain(figure: Figure) -> Markup:
    for axes in figure.axes:
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.tick_params(labelsize=8, bottom=False, labelbottom=False)
        axes.margins(x=0.15)
    figure.tight_layout()
    return _svg(figure)


def _svg(figure: Figure) -> Markup:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return Markup(text[text.index("<svg") :])  # noqa: S704 - drawn by matplotlib from counts and task keys
