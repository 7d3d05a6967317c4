"""09: passages with label and vector into the search index; only what changed is sent, what is gone is deleted.

Reads: docs.passages, docs.labels, docs.embeddings. Writes: the index, docs.index_state (a hash per pushed passage). Upserts
come before deletes, and the ledger after both: a killed push is sent again, which changes nothing in the index. A
document with a refused passage stays out of the ledger and is tried again in the next run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.embed.open import model_key, open_embedder
from lakedocs.errors import ServiceError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import hash_of
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.stage import Figures, Stage, TaskContext, ledger_rows, materialised, run_derived, tagged
from lakedocs.records import IndexEntry
from lakedocs.search.open import index_name, open_index
from lakedocs.settings import Settings, fingerprint

_VERSION = "push/1"
_STAGE = Stage(tables.INDEX_LEDGER, (tables.INDEX_STATE,), key="doc_id")
_ENTRY = ("passage_id", "doc_id", "kind", "title", "heading_path", "place", "text", "label")
_PUSHED_DDL = "passage_id string, ok boolean, error string"
_PUSHED_SCHEMA = pa.schema([("passage_id", pa.string()), ("ok", pa.bool_()), ("error", pa.string())])
_ENTRIES_AT_ONCE = 1000


def run(context: TaskContext) -> Figures:
    """Bring the index up to date with the passages.

    Raises:
        ServiceError: when passages were refused; the others are in the index, and the refused ones are tried again next time.
    """
    settings = context.settings
    model = model_key(settings.embedding)
    name = index_name(settings, model)
    index = open_index(settings, model)
    if index.ensure(_dimensions(context, model)):
        _forget_state(context, name)
    former = _former_names(context, name)
    figures = run_derived(
        context, _STAGE, _upstream(context), fingerprint(_VERSION, name), partial(_push, context, model, name), partial(_delete_gone, context, model)
    )
    if figures.stale or figures.gone or context.recovering:
        index.finish()
    for old in former:
        index.drop(old)
    if refused := _refused(context):
        raise ServiceError(f"The index refused passages of {refused} documents; the rest is in, and these are tried again in the next run.")
    return figures


def _dimensions(context: TaskContext, model: str) -> int:
    """The length of the model's vectors; the model itself is loaded only where there are none yet."""
    row = context.lake.read(tables.EMBEDDINGS).where(F.col("model") == model).select(F.size("vector").alias("size")).limit(1).first()
    return int(row["size"]) if row else open_embedder(context.settings.embedding, context.settings).dimensions


def _upstream(context: TaskContext) -> DataFrame:
    passages = context.lake.read(tables.PASSAGES_LEDGER).select("unit_id", F.col("output_hash").alias("cut"), "rows_out")
    labels = context.lake.read(tables.LABELS_LEDGER).select("unit_id", F.col("output_hash").alias("labelled"))
    return passages.join(labels, "unit_id").select(
        "unit_id", hash_of("cut", "labelled").alias("input_hash"), (F.col("rows_out") * 4000).alias("size_bytes")
    )


def _forget_state(context: TaskContext, name: str) -> None:
    """The index is new: whatever is remembered of one with its name is no longer true."""
    held = context.lake.read(tables.INDEX_STATE).where(F.col("index_name") == name)
    if not held.isEmpty():
        units = materialised(context, held.select(F.col("doc_id").alias("unit_id")).distinct(), "forgotten")
        context.lake.remove(tables.INDEX_LEDGER, units)
        context.lake.remove(tables.INDEX_STATE, units.select(F.col("unit_id").alias("doc_id")))


def _former_names(context: TaskContext, name: str) -> list[str]:
    names = context.lake.read(tables.INDEX_STATE).where(F.col("index_name") != name).select("index_name").distinct().limit(20)
    return [row["index_name"] for row in names.toLocalIterator()]


def _push(context: TaskContext, model: str, name: str, units: DataFrame) -> DataFrame:
    wanted = F.broadcast(units.select(F.col("unit_id").alias("doc_id")))
    passages = context.lake.read(tables.PASSAGES).join(wanted, "doc_id", "left_semi")
    labels = context.lake.read(tables.LABELS).join(wanted, "doc_id", "left_semi").select("passage_id", "label")
    entries = passages.join(labels, "passage_id").withColumn("entry_hash", hash_of(*_ENTRY, "text_hash"))
    state = context.lake.read(tables.INDEX_STATE).join(wanted, "doc_id", "left_semi").where(F.col("index_name") == name)
    present = state.select("passage_id", F.col("entry_hash").alias("present_hash"))
    compared = materialised(
        context,
        entries.select(*_ENTRY, "text_hash", "entry_hash").join(present, "passage_id", "left"),
        "entries",
    )
    changed = compared.where(F.col("present_hash").isNull() | (F.col("present_hash") != F.col("entry_hash")))
    number = changed.count()
    refused = context.spark.createDataFrame([], "passage_id string")
    if number:
        context.announce(number)
        vectors = context.lake.read(tables.EMBEDDINGS).where(F.col("model") == model).select("text_hash", "vector")
        # the hashes go to the vectors, not all vectors through a shuffle
        vectors = vectors.join(F.broadcast(changed.select("text_hash").distinct()), "text_hash", "left_semi")
        to_send = changed.join(vectors, "text_hash").select(*_ENTRY, "vector")
        pushed = _on_writers(context, to_send).mapInArrow(partial(_upsert, context.settings, model, context.task_key), _PUSHED_DDL)
        results = materialised(context, pushed, "pushed")
        refused = compared.select("passage_id").join(results.where("ok").select("passage_id"), "passage_id", "left_anti").join(
            changed.select("passage_id"), "passage_id", "left_semi"
        )  # fmt: skip
    _delete_keys(context, model, state.join(compared, "passage_id", "left_anti").select("passage_id"))
    return _state_rows(context, name, units, compared.join(F.broadcast(refused), "passage_id", "left_anti"), compared, refused)


def _state_rows(context: TaskContext, name: str, units: DataFrame, held: DataFrame, compared: DataFrame, refused: DataFrame) -> DataFrame:
    state = held.select("passage_id", "doc_id", F.lit(name).alias("index_name"), "entry_hash", F.lit(context.run_id).alias("run_id"))
    incomplete = compared.join(F.broadcast(refused), "passage_id", "left_semi").select(F.col("doc_id").alias("unit_id"))
    complete = units.join(incomplete, "unit_id", "left_anti")
    outcome = held.select(F.col("doc_id").alias("unit_id"), F.concat_ws(":", "passage_id", "entry_hash").alias("item"))
    done = ledger_rows(context, complete, outcome)
    return tagged(state, tables.INDEX_STATE, _STAGE).unionByName(tagged(done, tables.INDEX_LEDGER, _STAGE))


def _refused(context: TaskContext) -> int:
    """Documents that were labelled but are not complete in the index."""
    labelled = context.lake.read(tables.LABELS_LEDGER).select("unit_id")
    return labelled.join(context.lake.read(tables.INDEX_LEDGER).select("unit_id"), "unit_id", "left_anti").count()


def _delete_gone(context: TaskContext, model: str, gone: DataFrame) -> None:
    wanted = gone.select(F.col("unit_id").alias("doc_id"))
    _delete_keys(context, model, context.lake.read(tables.INDEX_STATE).join(F.broadcast(wanted), "doc_id", "left_semi").select("passage_id"))


def _delete_keys(context: TaskContext, model: str, keys: DataFrame) -> None:
    if keys.isEmpty():
        return
    deleted = _on_writers(context, keys).mapInArrow(partial(_delete, context.settings, model), _PUSHED_DDL)
    failed = materialised(context, deleted, "deleted").where(~F.col("ok")).count()
    if failed:
        raise ServiceError(f"The index refused to delete {failed} passages; nothing was forgotten, run again.")


def _on_writers(context: TaskContext, rows: DataFrame) -> DataFrame:
    search = context.settings.search
    return rows.coalesce(1) if search.engine == "lancedb" else rows.repartition(search.partitions)


def _upsert(settings: Settings, model: str, task_key: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for piece in _pieces(batches):
        index = open_index(settings, model)
        rows = piece.to_pylist()
        results = index.upsert([IndexEntry(**{**row, "vector": tuple(row["vector"])}) for row in rows])
        tick(settings.storage.progress_folder, task_key, len(rows))
        yield pa.RecordBatch.from_pylist([{"passage_id": r.passage_id, "ok": r.ok, "error": r.error} for r in results], schema=_PUSHED_SCHEMA)


def _delete(settings: Settings, model: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for piece in _pieces(batches):
        results = open_index(settings, model).delete(piece.column("passage_id").to_pylist())
        yield pa.RecordBatch.from_pylist([{"passage_id": r.passage_id, "ok": r.ok, "error": r.error} for r in results], schema=_PUSHED_SCHEMA)


def _pieces(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, _ENTRIES_AT_ONCE):
            yield batch.slice(start, _ENTRIES_AT_ONCE)
