"""How entries come into the index: the workers push them, or export them for the service's indexer to pull."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.lakehouse import tables
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.stage import TaskContext, materialised
from lakedocs.records import IndexEntry
from lakedocs.redact.language import language_of
from lakedocs.search.open import entry_files, index_name, open_index, open_indexer
from lakedocs.settings import Settings

if TYPE_CHECKING:
    from lakedocs.search.azure_indexer import Pulled

ENTRY = ("passage_id", "doc_id", "kind", "title", "heading_path", "place", "text", "summary", "label")
_SENT_DDL = "passage_id string, ok boolean, error string"
_SENT_SCHEMA = pa.schema([("passage_id", pa.string()), ("ok", pa.bool_()), ("error", pa.string())])
_ENTRIES_AT_ONCE = 1000


class Feed(Protocol):
    """Brings entries into the index of a model."""

    def ensure(self, *, is_new: bool) -> None:
        """Before the first entry: what it takes beside the index.

        Args:
            is_new: there was no such index, so that nothing which is laid up for it is true any more.
        """

    def send(self, entries: DataFrame, changed: DataFrame, gone: DataFrame) -> DataFrame:
        """passage_id, ok, error of every changed entry, or of more.

        Args:
            entries: all entries of the documents concerned, without vectors but with their text_hash.
            changed: those of them that the index does not hold as they are.
            gone: doc_id of documents that have lost some; `forget` or `delete` is not enough for what is laid up somewhere.
        """

    def forget(self, documents: DataFrame) -> None:
        """Before entries of these documents (doc_id) are deleted by their keys: see that they don't come back."""

    def drop(self, name: str) -> None:
        """Remove what belongs to another index, before that is dropped."""


def open_feed(context: TaskContext, model: str) -> Feed:
    """The way that the settings say."""
    if context.settings.search.engine == "lancedb":
        return Push(context, model)
    laid_up = _LaidUp(context, model)
    return Pull(context, model, laid_up) if context.settings.search.feed == "pull" else Push(context, model, laid_up)


class _LaidUp:
    """What a service pulls from: an indexer, and files in a container."""

    def __init__(self, context: TaskContext, model: str) -> None:
        self.settings = context.settings
        self.name = index_name(context.settings, model)
        self.indexer = open_indexer(context.settings, model)

    def clear(self, name: str) -> None:
        """Remove the files of an index."""
        if self.settings.search.pull.folder:
            entry_files(self.settings, name).clear()

    def drop(self, name: str) -> None:
        """Remove the indexer of an index, and the files that it reads."""
        self.indexer.drop(name)
        self.clear(name)


class Push:
    """Sends what has changed.

    Args:
        laid_up: what was pulled from before it was pushed; an indexer that goes on would bring back what is deleted since.
    """

    def __init__(self, context: TaskContext, model: str, laid_up: _LaidUp | None = None) -> None:
        self._context = context
        self._model = model
        self._laid_up = laid_up

    def ensure(self, *, is_new: bool) -> None:
        if self._laid_up:
            self._laid_up.drop(self._laid_up.name)

    def send(self, entries: DataFrame, changed: DataFrame, gone: DataFrame) -> DataFrame:
        rows = on_writers(self._context, with_vectors(self._context, self._model, changed))
        return rows.mapInArrow(partial(_upsert, self._context.settings, self._model, self._context.task_key), _SENT_DDL)

    def forget(self, documents: DataFrame) -> None:
        """Nothing: what is sent is not kept."""

    def drop(self, name: str) -> None:
        if self._laid_up:
            self._laid_up.drop(name)


class Pull:
    """Exports whole documents, one after the other, and has the service's indexer take them."""

    def __init__(self, context: TaskContext, model: str, laid_up: _LaidUp) -> None:
        self._context = context
        self._model = model
        self._laid_up = laid_up
        self._indexer = laid_up.indexer

    def ensure(self, *, is_new: bool) -> None:
        if is_new:
            self._laid_up.clear(self._laid_up.name)
        self._indexer.ensure()

    def send(self, entries: DataFrame, changed: DataFrame, gone: DataFrame) -> DataFrame:
        context = self._context
        since = self._indexer.settle()
        documents = changed.select("doc_id").unionByName(gone.select("doc_id")).distinct()
        rows = with_vectors(context, self._model, entries.join(F.broadcast(documents), "doc_id", "left_semi"))
        rows = rows.repartition(context.settings.calls.workers, "doc_id").sortWithinPartitions("doc_id", "passage_id")
        export = partial(_export, context.settings, self._model, context.task_key)
        exported = materialised(context, rows.mapInArrow(export, "passage_id string, doc_id string"), "exported")
        self._remove_files(documents.join(exported, "doc_id", "left_anti"))
        return self._told(exported, self._indexer.run(since))

    def _told(self, exported: DataFrame, pulled: Pulled) -> DataFrame:
        """passage_id, ok, error of what was exported (passage_id, doc_id), as the indexer says."""
        context = self._context
        named = [(number, word, item.reason) for number, item in enumerate(pulled.named) for word in item.words]
        words = F.broadcast(context.spark.createDataFrame(named, "item int, word string, error string"))
        by_entry = materialised(context, exported.join(words, F.col("word") == F.col("passage_id")), "not_taken")
        # an item that names no entry may name the file of a document: then none of its entries counts as taken
        others = words.join(F.broadcast(by_entry.select("item").distinct()), "item", "left_anti")
        by_document = exported.join(F.broadcast(others), F.col("word") == F.col("doc_id"))
        found = materialised(context, by_entry.unionByName(by_document).select("passage_id", "error", "item"), "not_taken_all")
        if pulled.failed > found.select("item").distinct().count():
            # some that it names by nothing that is known here, or not at all: none of the slice counts as taken
            unknown = F.lit("the indexer failed items that it does not name")
            return exported.select("passage_id", F.lit(False).alias("ok"), unknown.alias("error"))
        found = found.groupBy("passage_id").agg(F.first("error").alias("error"))
        told = exported.join(F.broadcast(found), "passage_id", "left")
        return told.select("passage_id", F.col("error").isNull().alias("ok"), F.coalesce("error", F.lit("")).alias("error"))

    def forget(self, documents: DataFrame) -> None:
        self._remove_files(documents)
        self._indexer.settle()  # it may be reading one of these files

    def drop(self, name: str) -> None:
        self._laid_up.drop(name)

    def _remove_files(self, documents: DataFrame) -> None:
        rows = on_writers(self._context, documents.select("doc_id").distinct())
        rows.mapInArrow(partial(_remove_files, self._context.settings, self._model), "doc_id string").count()


def with_vectors(context: TaskContext, model: str, entries: DataFrame) -> DataFrame:
    """The entries with their vectors; those that have none are left out."""
    vectors = context.lake.read(tables.EMBEDDINGS).where(F.col("model") == model).select("text_hash", "vector")
    # the hashes go to the vectors, not all vectors through a shuffle
    vectors = vectors.join(F.broadcast(entries.select("text_hash").distinct()), "text_hash", "left_semi")
    return entries.join(vectors, "text_hash").select(*ENTRY, "groups", "vector")


def deleted(context: TaskContext, model: str, keys: DataFrame) -> DataFrame:
    """passage_id, ok, error of every key that the index was told to delete."""
    return on_writers(context, keys.select("passage_id")).mapInArrow(partial(_delete, context.settings, model), _SENT_DDL)


def on_writers(context: TaskContext, rows: DataFrame) -> DataFrame:
    """The rows on as many partitions as may write at the same time."""
    settings = context.settings
    return rows.coalesce(1) if settings.search.engine == "lancedb" else rows.repartition(settings.calls.workers)


def _upsert(settings: Settings, model: str, task_key: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for piece in _pieces(batches):
        index = open_index(settings, model)
        rows = piece.to_pylist()
        results = index.upsert([_entry(row) for row in rows])
        tick(settings.storage.progress_folder, task_key, len(rows))
        yield pa.RecordBatch.from_pylist([{"passage_id": r.passage_id, "ok": r.ok, "error": r.error} for r in results], schema=_SENT_SCHEMA)


def _entry(row: dict[str, Any]) -> IndexEntry:
    return IndexEntry(**{**row, "language": language_of(row["text"]), "groups": tuple(row["groups"]), "vector": tuple(row["vector"])})


def _delete(settings: Settings, model: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for piece in _pieces(batches):
        results = open_index(settings, model).delete(piece.column("passage_id").to_pylist())
        yield pa.RecordBatch.from_pylist([{"passage_id": r.passage_id, "ok": r.ok, "error": r.error} for r in results], schema=_SENT_SCHEMA)


def _export(settings: Settings, model: str, task_key: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    files = entry_files(settings, index_name(settings, model))
    keys: list[str] = []

    def noted(rows: Iterator[dict[str, Any]]) -> Iterator[IndexEntry]:
        for row in rows:
            keys.append(row["passage_id"])
            yield _entry(row)

    every_row = (row for piece in _pieces(batches) for row in piece.to_pylist())
    for doc_id, rows in groupby(every_row, key=lambda row: row["doc_id"]):
        keys.clear()
        files.write(doc_id, noted(rows))
        tick(settings.storage.progress_folder, task_key, len(keys))
        yield pa.RecordBatch.from_pydict({"passage_id": keys, "doc_id": [doc_id] * len(keys)})


def _remove_files(settings: Settings, model: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    files = entry_files(settings, index_name(settings, model))
    for batch in batches:
        for doc_id in batch.column("doc_id").to_pylist():
            files.remove(doc_id)
        yield batch


def _pieces(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, _ENTRIES_AT_ONCE):
            yield batch.slice(start, _ENTRIES_AT_ONCE)
