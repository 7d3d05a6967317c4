"""What a run left behind, in numbers: small aggregates for the console, the report and the notebook. No raw text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.records import Kind

_SAMPLES = 6
_MOST_GROUPS = 500
_MOST_REASONS = 50


@dataclass(frozen=True)
class TaskFigures:
    """A task of the run."""

    key: str
    state: str
    stale: int
    gone: int
    kept: int
    refused: int
    rows: int
    seconds: float
    tokens: int
    cost: float


@dataclass(frozen=True)
class SampleText:
    """A passage as it is after redaction."""

    title: str = field(repr=False)
    place: str = field(repr=False)
    label: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class AnswerFigures:
    """A question of the run and its answer, both redacted."""

    question: str = field(repr=False)
    answer_json: str = field(repr=False)


@dataclass(frozen=True)
class Summary:
    """The lake after a run."""

    run_id: str
    statuses: dict[tuple[str, str], int]
    """(kind, status) to files and attachments."""
    reasons: dict[tuple[str, str, str], int]
    """(kind, status, reason) to files and attachments that are not ok; the most frequent reasons."""
    entities: dict[str, int]
    labels: dict[str, int]
    passages: int
    images: int
    tasks: tuple[TaskFigures, ...]
    samples: tuple[SampleText, ...]
    answers: tuple[AnswerFigures, ...]

    @property
    def tokens(self) -> int:
        """Of all tasks, that somebody was paid for."""
        return sum(task.tokens for task in self.tasks)

    @property
    def cost(self) -> float:
        """US dollars of all tasks."""
        return sum(task.cost for task in self.tasks)


def summarise(lake: Lake, run_id: str) -> Summary:
    """The figures of the lake as it is, and of the tasks and answers of one run."""
    files = lake.read_all([tables.files(kind) for kind in Kind])
    by_reason = files.groupBy("kind", "status", "reason").agg(F.count("*").alias("files"), F.sum("images").alias("images"))
    refused = F.when(F.col("status") != "ok", F.struct((-F.col("files")).alias("order"), "reason"))
    most_frequent = F.slice(F.sort_array(F.collect_list(refused)), 1, _MOST_REASONS)
    counts = _rows(
        by_reason.groupBy("kind", "status").agg(F.sum("files").alias("files"), F.sum("images").alias("images"), most_frequent.alias("reasons"))
    )
    reasons = sorted((reason["order"], row["kind"], row["status"], reason["reason"] or "") for row in counts for reason in row["reasons"])
    labels = lake.read(tables.LABELS)
    label_counts = {r["label"]: r["count"] for r in _rows(labels.groupBy("label").count())}
    entities = lake.read(tables.REDACTIONS).groupBy("entity").count().orderBy(F.desc("count"))
    ran = lake.read(tables.TASK_RUNS).where(F.col("run_id") == run_id).orderBy("task_key")
    answers = lake.read(tables.ANSWERS).where(F.col("run_id") == run_id).orderBy("asked_at").limit(50)
    return Summary(
        run_id=run_id,
        statuses={(count["kind"], count["status"]): count["files"] for count in counts},
        reasons={(kind, status, reason): -order for order, kind, status, reason in reasons[:_MOST_REASONS]},
        entities={r["entity"]: r["count"] for r in _rows(entities)},
        labels=label_counts,
        passages=sum(label_counts.values()),
        images=sum(count["images"] or 0 for count in counts),
        tasks=tuple(
            TaskFigures(
                key=r["task_key"],
                state=r["state"],
                stale=r["units_stale"],
                gone=r["units_gone"],
                kept=r["units_kept"],
                refused=r["units_refused"],
                rows=r["rows_out"],
                seconds=r["seconds"],
                tokens=r["tokens"],
                cost=r["cost"],
            )
            for r in _rows(ran)
        ),
        samples=_samples(lake, labels),
        answers=tuple(AnswerFigures(r["question"], r["answer_json"]) for r in _rows(answers)),
    )


def _samples(lake: Lake, labels: DataFrame) -> tuple[SampleText, ...]:
    """A few passages that show redaction at work, the same ones for the same lake."""
    passages = lake.read(tables.PASSAGES).where(F.col("text").rlike("<[A-Z_]{3,}>"))
    chosen = passages.orderBy(F.xxhash64("passage_id")).limit(_SAMPLES).join(labels.select("passage_id", "label"), "passage_id", "left")
    return tuple(SampleText(r["title"], r["place"], r["label"] or "", r["text"]) for r in _rows(chosen))


def _rows(frame: DataFrame) -> list[dict[str, Any]]:
    return [row.asDict() for row in frame.limit(_MOST_GROUPS).toLocalIterator()]
