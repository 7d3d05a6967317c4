"""09: passages with label and vector into the search index; only what changed is sent, what is gone is deleted.

Reads: docs.passages, docs.labels, docs.embeddings; raw.files_* where groups depend on the path. Writes: the index, docs.index_state (a hash per
pushed passage). Upserts come before deletes, and the ledger after both: a killed push is sent again, which changes nothing in the index. A
document with a refused passage stays out of the ledger and is tried again in the next run. An index of another model or schema is built beside
the present one, which it replaces under the alias when it is complete.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.embed.open import model_key, open_embedder
from lakedocs.errors import ServiceError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.failures import note_failures
from lakedocs.lakehouse.lake import hash_of
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.stage import Figures, Stage, TaskContext, ledger_rows, materialised, run_derived, tagged
from lakedocs.records import IndexEntry, Kind
from lakedocs.redact.language import language_of
from lakedocs.search.open import index_place, open_index
from lakedocs.settings import Settings, fingerprint

_VERSION = "push/2"
_STAGE = Stage(tables.INDEX_LEDGER, (tables.INDEX_STATE,), key="doc_id", forgets_strays=False)
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
    place = index_place(settings, model)
    index = open_index(settings, model)
    if not index.exists():
        _forget_state(context, place)
    former = _former_names(context, place)
    _note_filled(context, place)
    index.ensure(_dimensions(context, model))
    if context.recovering:
        _forget_strays(context, model)
    figures = run_derived(
        context,
        _STAGE,
        _upstream(context),
        fingerprint(_VERSION, place, settings.search.groups),
        partial(_push, context, model, place),
        partial(_delete_gone, context, model),
    )
    if figures.stale or figures.gone or context.recovering:
        index.finish()
    shutil.rmtree(_sent(context), ignore_errors=True)
    # a refused passage keeps its document out of the ledger, and so among the stale
    if figures.stale and (refused := _refused(context)):
        raise ServiceError(
            f"The index refused passages of {refused} document(s) (docs.failures says why); the rest is in, and these are tried again next time."
        )
    waiting = _forget_outdated(context, model, place) if settings.asks_services else 0
    if not index.is_published():
        if waiting and index.published():
            raise ServiceError(
                f"{waiting} document(s) have passages without label or vector (docs.failures says why), so this index is not complete: the one "
                "before it stays in use. Run again, or take these documents out."
            )
        index.publish()
    for old in former:
        index.drop(old)
        (_filled(context) / f"{place.partition(':')[0]}-{old}").unlink(missing_ok=True)
    return figures


def _sent(context: TaskContext) -> Path:
    """Where the ids of what is about to be sent lie until the run has ended well: a killed run is cleaned up after by them."""
    return context.settings.storage.path / "work" / "sent"


def _dimensions(context: TaskContext, model: str) -> int:
    """The length of the model's vectors; the model itself is loaded only where there are none yet."""
    row = context.lake.read(tables.EMBEDDINGS).where(F.col("model") == model).select(F.size("vector").alias("size")).limit(1).first()
    return int(row["size"]) if row else open_embedder(context.settings.embedding, context.settings).dimensions


def _upstream(context: TaskContext) -> DataFrame:
    """Every document that has been cut; those without a label or vector of all passages wait, and what the index holds of them stays."""
    passages = context.lake.read(tables.PASSAGES_LEDGER).select("unit_id", F.col("output_hash").alias("cut"), "rows_out")
    labels = context.lake.read(tables.LABELS_LEDGER).select("unit_id", F.col("output_hash").alias("labelled"))
    vectors = context.lake.read(tables.EMBEDDINGS_LEDGER).select("unit_id", F.lit(True).alias("embedded"))
    known = passages.join(labels, "unit_id", "left").join(vectors, "unit_id", "left")
    return known.select(
        "unit_id", hash_of("cut", "labelled").alias("input_hash"), (F.col("rows_out") * 4000).alias("size_bytes"),
        (F.col("labelled").isNull() | F.col("embedded").isNull()).alias("waits"),
    )  # fmt: skip


def _forget_state(context: TaskContext, place: str) -> None:
    """There is no such index: whatever is remembered of it is no longer true. The ledger goes first, the index is made last."""
    held = context.lake.read(tables.INDEX_STATE).where(F.col("index_name") == place)
    if not held.isEmpty():
        units = materialised(context, held.select(F.col("doc_id").alias("unit_id")).distinct(), "forgotten")
        keys = context.lake.keys(units)
        context.lake.remove(tables.INDEX_LEDGER, keys)
        context.lake.remove(tables.INDEX_STATE, keys.named("doc_id"))


def _forget_strays(context: TaskContext, model: str) -> None:
    """What a killed or failed run sent of documents that are no longer there, and that no ledger tells of."""
    sent = _sent(context)
    if sent.is_dir() and any(sent.glob("*.parquet")):
        passages = context.lake.read(tables.PASSAGES).select("passage_id")
        _delete_keys(context, model, context.spark.read.parquet(str(sent)).select("passage_id").join(passages, "passage_id", "left_anti"))
    # of a document that the ledger does not know, the state may tell of entries that are no longer there: all are sent again
    ledger = context.lake.read(tables.INDEX_LEDGER).select(F.col("unit_id").alias("doc_id"))
    state = context.lake.read(tables.INDEX_STATE).select("passage_id", "doc_id")
    unsure = materialised(context, state.join(ledger, "doc_id", "left_anti"), "strays")
    if not unsure.isEmpty():
        present = context.lake.read(tables.PASSAGES).select("passage_id")
        _delete_keys(context, model, unsure.select("passage_id").join(present, "passage_id", "left_anti"))
        context.lake.remove(tables.INDEX_STATE, context.lake.keys(unsure.select("doc_id")))


def _filled(context: TaskContext) -> Path:
    """Where a file per index says that this lake has filled it: none that it has not is ever dropped."""
    return context.settings.storage.path / "work" / "filled"


def _note_filled(context: TaskContext, place: str) -> None:
    folder = _filled(context)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / place.replace(":", "-")).touch()


def _former_names(context: TaskContext, place: str) -> set[str]:
    """Indexes of this service that this lake filled under the same base name, for another embedding model or schema."""
    service, _, _ = place.partition(":")
    base = f"{service}:{context.settings.search.index}-"
    held = context.lake.read(tables.INDEX_STATE).where((F.col("index_name") != place) & F.col("index_name").startswith(base))
    names = {row["index_name"].partition(":")[2] for row in held.select("index_name").distinct().limit(20).toLocalIterator()}
    own = re.compile(rf"{service}-({re.escape(context.settings.search.index)}-[0-9a-f]{{8}})")
    noted = {match.group(1) for path in _filled(context).glob("*") if (match := own.fullmatch(path.name))}
    return (names | noted) - {place.partition(":")[2]}


def _forget_outdated(context: TaskContext, model: str, place: str) -> int:
    """How many documents wait for labels or vectors; what the index holds of them and no passage says any more (redacted anew) goes now."""
    waiting = _upstream(context).where("waits").select(F.col("unit_id").alias("doc_id"))
    number = waiting.count()
    if number:
        held = context.lake.read(tables.INDEX_STATE).where(F.col("index_name") == place).join(waiting, "doc_id", "left_semi")
        outdated = held.select("passage_id").join(context.lake.read(tables.PASSAGES).select("passage_id"), "passage_id", "left_anti")
        outdated = materialised(context, outdated, "outdated")
        _delete_keys(context, model, outdated)
        if not outdated.isEmpty():
            context.lake.remove(tables.INDEX_STATE, context.lake.keys(outdated))
    return number


def _push(context: TaskContext, model: str, place: str, units: DataFrame) -> DataFrame:
    wanted = F.broadcast(units.select(F.col("unit_id").alias("doc_id")))
    passages = context.lake.read(tables.PASSAGES).join(wanted, "doc_id", "left_semi")
    labels = context.lake.read(tables.LABELS).join(wanted, "doc_id", "left_semi").select("passage_id", "label")
    entries = _with_groups(context, passages.join(labels, "passage_id"), wanted)
    entries = entries.withColumn("entry_hash", hash_of(*_ENTRY, "text_hash", "groups"))
    state = context.lake.read(tables.INDEX_STATE).join(wanted, "doc_id", "left_semi").where(F.col("index_name") == place)
    present = state.select("passage_id", F.col("entry_hash").alias("present_hash"))
    compared = materialised(
        context,
        entries.select(*_ENTRY, "groups", "text_hash", "entry_hash").join(present, "passage_id", "left"),
        "entries",
    )
    changed = compared.where(F.col("present_hash").isNull() | (F.col("present_hash") != F.col("entry_hash")))
    number = changed.count()
    refused = context.spark.createDataFrame([], "passage_id string")
    if number:
        context.announce(number)
        changed.select("passage_id").write.mode("append").parquet(str(_sent(context)))
        vectors = context.lake.read(tables.EMBEDDINGS).where(F.col("model") == model).select("text_hash", "vector")
        # the hashes go to the vectors, not all vectors through a shuffle
        vectors = vectors.join(F.broadcast(changed.select("text_hash").distinct()), "text_hash", "left_semi")
        to_send = changed.join(vectors, "text_hash").select(*_ENTRY, "groups", "vector")
        pushed = _on_writers(context, to_send).mapInArrow(partial(_upsert, context.settings, model, context.task_key), _PUSHED_DDL)
        results = materialised(context, pushed, "pushed")
        note_failures(context, results.where("NOT ok").select(F.col("passage_id").alias("item"), F.col("error").alias("reason")))
        refused = compared.select("passage_id").join(results.where("ok").select("passage_id"), "passage_id", "left_anti").join(
            changed.select("passage_id"), "passage_id", "left_semi"
        )  # fmt: skip
    _delete_keys(context, model, state.join(compared, "passage_id", "left_anti").select("passage_id"))
    return _state_rows(context, place, units, compared.join(F.broadcast(refused), "passage_id", "left_anti"), compared, refused)


def _with_groups(context: TaskContext, entries: DataFrame, wanted: DataFrame) -> DataFrame:
    """The entries with the groups that may read them: those of the longest prefix of their file's path; none where no prefix fits."""
    by_prefix = context.settings.search.groups
    nobody = F.array().cast("array<string>")
    if not by_prefix:
        return entries.withColumn("groups", nobody)
    files = context.lake.read_all([tables.files(kind) for kind in Kind]).select("doc_id", "path").join(wanted, "doc_id", "left_semi")
    groups = nobody
    for prefix in sorted(by_prefix, key=len):
        stem = prefix.strip("/")
        is_below = F.lit(not stem) | F.col("path").startswith(f"{stem}/") | (F.col("path") == stem)
        groups = F.when(is_below, F.array(*map(F.lit, by_prefix[prefix])).cast("array<string>")).otherwise(groups)
    return entries.join(files, "doc_id", "left").withColumn("groups", groups).drop("path")


def _state_rows(context: TaskContext, place: str, units: DataFrame, held: DataFrame, compared: DataFrame, refused: DataFrame) -> DataFrame:
    state = held.select("passage_id", "doc_id", F.lit(place).alias("index_name"), "entry_hash", F.lit(context.run_id).alias("run_id"))
    incomplete = compared.join(F.broadcast(refused), "passage_id", "left_semi").select(F.col("doc_id").alias("unit_id"))
    complete = units.join(incomplete, "unit_id", "left_anti")
    outcome = held.select(F.col("doc_id").alias("unit_id"), F.concat_ws(":", "passage_id", "entry_hash").alias("item"))
    done = ledger_rows(context, complete, outcome)
    return tagged(state, tables.INDEX_STATE, _STAGE).unionByName(tagged(done, tables.INDEX_LEDGER, _STAGE))


def _refused(context: TaskContext) -> int:
    """Documents that were ready but are not complete in the index."""
    ready = _upstream(context).where("NOT waits").select("unit_id")
    return ready.join(context.lake.read(tables.INDEX_LEDGER).select("unit_id"), "unit_id", "left_anti").count()


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
    settings = context.settings
    return rows.coalesce(1) if settings.search.engine == "lancedb" else rows.repartition(settings.calls.workers)


def _upsert(settings: Settings, model: str, task_key: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for piece in _pieces(batches):
        index = open_index(settings, model)
        rows = piece.to_pylist()
        results = index.upsert([_entry(row) for row in rows])
        tick(settings.storage.progress_folder, task_key, len(rows))
        yield pa.RecordBatch.from_pylist([{"passage_id": r.passage_id, "ok": r.ok, "error": r.error} for r in results], schema=_PUSHED_SCHEMA)


def _entry(row: dict[str, Any]) -> IndexEntry:
    return IndexEntry(**{**row, "language": language_of(row["text"]), "groups": tuple(row["groups"]), "vector": tuple(row["vector"])})


def _delete(settings: Settings, model: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for piece in _pieces(batches):
        results = open_index(settings, model).delete(piece.column("passage_id").to_pylist())
        yield pa.RecordBatch.from_pylist([{"passage_id": r.passage_id, "ok": r.ok, "error": r.error} for r in results], schema=_PUSHED_SCHEMA)


def _pieces(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, _ENTRIES_AT_ONCE):
            yield batch.slice(start, _ENTRIES_AT_ONCE)
