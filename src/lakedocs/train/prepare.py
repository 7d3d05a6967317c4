"""prepare_examples: labelled examples from files and from people's corrections, redacted, grouped and split.

Reads: the files of `training.examples`, raw.label_reviews with docs.passages. Writes: docs.training_examples,
docs.training_refused. A re-run with the same examples writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.errors import SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.arrow import Row, rows_of
from lakedocs.lakehouse.listing import keyed_hash
from lakedocs.lakehouse.lists import list_entries
from lakedocs.lakehouse.stage import Figures, TaskContext, materialised
from lakedocs.lakehouse.tracking import experiment_id
from lakedocs.redact.lists import Entry
from lakedocs.redact.opened import open_redactor
from lakedocs.settings import Settings
from lakedocs.train.examples import Example, check_file, read_examples, split_of
from lakedocs.train.grouping import with_groups
from lakedocs.train.options import TrainingSettings
from lakedocs.train.runs import label_names

_READ_DDL = "text string, label string, given_group string, language string, source string, line bigint, reason string, rank int"
_READ_SCHEMA = pa.schema(
    [("text", pa.string()), ("label", pa.string()), ("given_group", pa.string()), ("language", pa.string()), ("source", pa.string()),
     ("line", pa.int64()), ("reason", pa.string()), ("rank", pa.int32())]
)  # fmt: skip
_ROWS_A_BATCH = 1000
_OF_A_DOCUMENT = re.compile(r"passage:[0-9a-f]{32}")


def run(context: TaskContext) -> Figures:
    """Bring docs.training_examples up to date.

    Raises:
        SettingsError: when a file can't be read, or a split lacks a label.
    """
    settings, lake = context.settings, context.lake
    experiment_id(settings)  # made here, for the trainings begin side by side
    lake.ensure(tables.TRAINING_EXAMPLES, tables.TRAINING_REFUSED, tables.LABEL_REVIEWS)
    read = materialised(context, _from_files(context).unionByName(_from_reviews(context)), "read")
    refused = read.where(F.col("reason") != "").select("source", "line", "reason", F.lit(context.run_id).alias("run_id"))
    # of equal texts one stands for all: a person's correction before a file's line
    chosen = (
        read.where(F.col("reason") == "")
        .groupBy("text")
        .agg(F.min(F.struct("rank", "source", "line", "label", "given_group", "language")).alias("b"))
    )
    distinct = chosen.select(F.sha2("text", 256).substr(1, 32).alias("example_id"), "text", "b.label", "b.given_group", "b.source", "b.language")
    grouped = with_groups(materialised(context, distinct, "distinct"), settings.training.near_duplicate)
    split = grouped.select("group_id").distinct().mapInArrow(partial(_split, settings.training), "group_id string, split string")
    rows = materialised(context, grouped.join(split, "group_id").withColumn("run_id", F.lit(context.run_id)), "examples")
    _check_splits(context, rows)
    _replace_if_other(context, tables.TRAINING_EXAMPLES, rows, ("example_id", "label", "group_id", "split", "language"))
    _replace_if_other(context, tables.TRAINING_REFUSED, refused, ("source", "line", "reason"))
    total = rows.count()
    return Figures(stale=total, rows_out=total, refused=refused.count())


def _from_files(context: TaskContext) -> DataFrame:
    names = context.settings.training.examples
    files = [(number, str(_path_of(context.settings, name))) for number, name in enumerate(names)]
    frame = context.spark.createDataFrame(files, "number int, path string").repartition(max(len(files), 1))
    return frame.mapInArrow(partial(_read_files, context.settings, list_entries(context.lake)), _READ_DDL)


def _path_of(settings: Settings, name: str) -> Path:
    path = Path(name) if Path(name).is_absolute() else settings.conf_file(name)
    if not path.is_file():
        raise SettingsError(f"training.examples names {path.name}, which is not there: give a file in conf/ or an absolute path.")
    check_file(path)
    return path


def _read_files(settings: Settings, entries: tuple[Entry, ...], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    labels = label_names(settings)
    redactor = open_redactor(settings, entries)
    for file in rows_of(batches):
        path, source = Path(str(file["path"])), f"examples[{file['number']}]"  # a file's name may name a client
        rows: list[Row] = []
        for found in read_examples(path, labels):
            if isinstance(found, Example):
                text = redactor.redact(found.text).text
                rows.append({"text": text, "label": found.label, "given_group": _group(settings, path.name, found.group),
                             "language": found.language, "source": source, "line": found.line, "reason": "", "rank": 1})  # fmt: skip
            else:
                rows.append({"source": source, "line": found.line, "reason": found.reason, "rank": 1})
            if len(rows) >= _ROWS_A_BATCH:
                yield pa.RecordBatch.from_pylist(rows, schema=_READ_SCHEMA)
                rows = []
        yield pa.RecordBatch.from_pylist(rows, schema=_READ_SCHEMA)


def _group(settings: Settings, file: str, given: str) -> str:
    """A group as it is stored: a passage's document, the same wherever it was labelled; else a hash that tells no name."""
    if not given or _OF_A_DOCUMENT.fullmatch(given):
        return given
    return keyed_hash(settings, "group", file, given)


def _from_reviews(context: TaskContext) -> DataFrame:
    """People's corrections of 07; the last word on a passage counts. Passages are redacted already."""
    labels = label_names(context.settings)
    reviews = context.lake.read(tables.LABEL_REVIEWS)
    last = reviews.groupBy("passage_id").agg(F.max_by("label", "reviewed_at").alias("label"))
    passages = context.lake.read(tables.PASSAGES).select("passage_id", "doc_id", "text")
    return passages.join(last, "passage_id").select(
        F.trim(F.regexp_replace("text", r"\s+", " ")).alias("text"), "label", F.concat(F.lit("passage:"), "doc_id").alias("given_group"),
        F.lit("").alias("language"), F.lit("label_reviews").alias("source"), F.lit(0).cast("bigint").alias("line"),
        F.when(F.col("label").isin(labels), "").otherwise(F.lit(f"its label is none of {', '.join(labels)}")).alias("reason"),
        F.lit(0).alias("rank"),
    )  # fmt: skip


def _split(chosen: TrainingSettings, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        groups = batch.column("group_id").to_pylist()
        splits = [split_of(group, chosen.test_share, chosen.validation_share) for group in groups]
        yield pa.RecordBatch.from_arrays([pa.array(groups, pa.string()), pa.array(splits, pa.string())], names=["group_id", "split"])


def _check_splits(context: TaskContext, rows: DataFrame) -> None:
    labels = set(label_names(context.settings))
    there = {(row["split"], row["label"]) for row in rows.select("split", "label").distinct().toLocalIterator()}
    for split in ("train", "validation", "test"):
        if lacking := sorted(label for label in labels if (split, label) not in there):
            raise SettingsError(f"No {split} example has the label {', '.join(lacking)}: add examples of more groups.")


def _replace_if_other(context: TaskContext, table: tables.Table, rows: DataFrame, columns: tuple[str, ...]) -> None:
    if context.lake.digest(context.lake.read(table), columns) != context.lake.digest(rows, columns):
        context.lake.overwrite(table, rows)
