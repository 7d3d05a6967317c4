"""09: passages with label and vector into the search index, pushed or pulled; only what changed is sent, what is gone is deleted.

Reads: docs.passages, docs.labels, docs.embeddings, docs.summaries; raw.files_* where groups depend on the path. Writes: the index, docs.index_state
(a hash per pushed passage). Upserts come before deletes, and the ledger after both: a killed push is sent again, which changes nothing in the
index. A document with a refused passage stays out of the ledger and is tried again in the next run. An index of another model or schema is built
beside the present one, which it replaces under the alias when it is complete.
"""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.embed.open import model_key, open_embedder
from lakedocs.errors import ServiceError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.failures import note_failures
from lakedocs.lakehouse.feeds import ENTRY, Feed, deleted, open_feed
from lakedocs.lakehouse.lake import hash_of
from lakedocs.lakehouse.stage import Figures, Stage, TaskContext, ledger_rows, materialised, run_derived, tagged
from lakedocs.records import Kind
from lakedocs.search.open import index_place, open_index
from lakedocs.settings import fingerprint

_VERSION = "push/2"
_STAGE = Stage(tables.INDEX_LEDGER, (tables.INDEX_STATE,), key="doc_id", forgets_strays=False)
_SENT = "passage_id string, doc_id string"


def run(context: TaskContext) -> Figures:
    """Bring the index up to date with the passages.

    Raises:
        ServiceError: when passages were refused; the others are in the index, and the refused ones are tried again next time.
    """
    settings = context.settings
    model = model_key(settings.embedding)
    place = index_place(settings, model)
    index = open_index(settings, model)
    is_new = not index.exists()
    if is_new:
        _forget_state(context, place)
    former = _former_names(context, place)
    _note_filled(context, place)
    index.ensure(_dimensions(context, model))
    feed = open_feed(context, model)
    feed.ensure(is_new=is_new)
    if context.recovering:
        _forget_strays(context, model, feed)
    figures = run_derived(
        context,
        _STAGE,
        _upstream(context),
        fingerprint(_VERSION, place, settings.search.groups),
        partial(_push, context, model, place, feed),
        partial(_delete_gone, context, model, feed),
    )
    if figures.stale or figures.gone or context.recovering:
        index.finish()
    # a refused passage keeps its document out of the ledger, and so among the stale
    if figures.stale and (refused := _refused(context)):
        raise ServiceError(
            f"The index refused passages of {refused} document(s) (docs.failures says why); the rest is in, and these are tried again next time."
        )
    shutil.rmtree(_sent(context), ignore_errors=True)  # where passages were refused, the next run still has to know what was sent
    waiting = _forget_outdated(context, model, place, feed) if settings.asks_services else 0
    if not index.is_published():
        if waiting and index.published():
            raise ServiceError(
                f"{waiting} document(s) have passages without label or vector (docs.failures says why), so this index is not complete: the one "
                "before it stays in use. Run again, or take these documents out."
            )
        index.publish()
    for old in former:
        feed.drop(old)
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
    parts = ["cut", "labelled"]
    if context.settings.summaries.enabled:
        summaries = context.lake.read(tables.SUMMARIES_LEDGER).select("unit_id", F.col("output_hash").alias("summarised"))
        known, parts = known.join(summaries, "unit_id", "left"), [*parts, "summarised"]
    return known.select(
        "unit_id", hash_of(*parts).alias("input_hash"), (F.col("rows_out") * 4000).alias("size_bytes"),
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


def _forget_strays(context: TaskContext, model: str, feed: Feed) -> None:
    """What a killed or failed run sent of documents that are no longer there, and that no ledger tells of."""
    sent = _sent(context)
    if sent.is_dir() and any(sent.glob("*.parquet")):
        passages = context.lake.read(tables.PASSAGES).select("passage_id")
        unknown = context.spark.read.schema(_SENT).parquet(str(sent)).join(passages, "passage_id", "left_anti")
        _delete_keys(context, model, materialised(context, unknown, "unknown"), feed)
    # of a document that the ledger does not know, the state may tell of entries that are no longer there: all are sent again
    ledger = context.lake.read(tables.INDEX_LEDGER).select(F.col("unit_id").alias("doc_id"))
    state = context.lake.read(tables.INDEX_STATE).select("passage_id", "doc_id")
    unsure = materialised(context, state.join(ledger, "doc_id", "left_anti"), "strays")
    if not unsure.isEmpty():
        present = context.lake.read(tables.PASSAGES).select("passage_id")
        _delete_keys(context, model, unsure.join(present, "passage_id", "left_anti"), feed)
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


def _forget_outdated(context: TaskContext, model: str, place: str, feed: Feed) -> int:
    """How many documents wait for labels or vectors; what the index holds of them and no passage says any more (redacted anew) goes now."""
    waiting = _upstream(context).where("waits").select(F.col("unit_id").alias("doc_id"))
    number = waiting.count()
    if number:
        held = context.lake.read(tables.INDEX_STATE).where(F.col("index_name") == place).join(waiting, "doc_id", "left_semi")
        outdated = held.select("passage_id", "doc_id").join(context.lake.read(tables.PASSAGES).select("passage_id"), "passage_id", "left_anti")
        outdated = materialised(context, outdated, "outdated")
        _delete_keys(context, model, outdated, feed)
        if not outdated.isEmpty():
            context.lake.remove(tables.INDEX_STATE, context.lake.keys(outdated.select("passage_id")))
    return number


def _push(context: TaskContext, model: str, place: str, feed: Feed, units: DataFrame) -> DataFrame:
    wanted = F.broadcast(units.select(F.col("unit_id").alias("doc_id")))
    passages = context.lake.read(tables.PASSAGES).join(wanted, "doc_id", "left_semi")
    labels = context.lake.read(tables.LABELS).join(wanted, "doc_id", "left_semi").select("passage_id", "label")
    entries = _with_groups(context, _with_summaries(context, passages.join(labels, "passage_id")), wanted)
    entries = entries.withColumn("entry_hash", hash_of(*ENTRY, "text_hash", "groups"))
    state = context.lake.read(tables.INDEX_STATE).join(wanted, "doc_id", "left_semi").where(F.col("index_name") == place)
    present = state.select("passage_id", F.col("entry_hash").alias("present_hash"))
    compared = materialised(
        context,
        entries.select(*ENTRY, "groups", "text_hash", "entry_hash").join(present, "passage_id", "left"),
        "entries",
    )
    changed = compared.where(F.col("present_hash").isNull() | (F.col("present_hash") != F.col("entry_hash")))
    gone = materialised(context, state.select("passage_id", "doc_id").join(compared, "passage_id", "left_anti"), "gone_entries")
    refused = context.spark.createDataFrame([], "passage_id string")
    if (number := changed.count()) or not gone.isEmpty():
        context.announce(number)
        changed.select("passage_id", "doc_id").write.mode("append").parquet(str(_sent(context)))
        results = materialised(context, feed.send(compared, changed, gone), "pushed")
        note_failures(context, results.where("NOT ok").select(F.col("passage_id").alias("item"), F.col("error").alias("reason")))
        refused = compared.select("passage_id").join(results.where("ok").select("passage_id"), "passage_id", "left_anti").join(
            changed.select("passage_id"), "passage_id", "left_semi"
        )  # fmt: skip
    _delete_keys(context, model, gone)
    return _state_rows(context, place, units, compared.join(F.broadcast(refused), "passage_id", "left_anti"), compared, refused)


def _with_summaries(context: TaskContext, entries: DataFrame) -> DataFrame:
    """The entries with the summary of their document; empty where there is none."""
    if not context.settings.summaries.enabled:
        return entries.withColumn("summary", F.lit(""))
    summaries = context.lake.read(tables.SUMMARIES).select("doc_id", F.col("text").alias("found"))
    return entries.join(summaries, "doc_id", "left").withColumn("summary", F.coalesce("found", F.lit(""))).drop("found")


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


def _delete_gone(context: TaskContext, model: str, feed: Feed, gone: DataFrame) -> None:
    wanted = gone.select(F.col("unit_id").alias("doc_id"))
    held = context.lake.read(tables.INDEX_STATE).join(F.broadcast(wanted), "doc_id", "left_semi")
    _delete_keys(context, model, held.select("passage_id", "doc_id"), feed)


def _delete_keys(context: TaskContext, model: str, keys: DataFrame, feed: Feed | None = None) -> None:
    """Delete entries.

    Args:
        keys: passage_id, doc_id.
        feed: where it is to forget these documents first.
    """
    if keys.isEmpty():
        return
    if feed:
        feed.forget(keys.select("doc_id"))
    failed = materialised(context, deleted(context, model, keys), "deleted").where(~F.col("ok")).count()
    if failed:
        raise ServiceError(f"The index refused to delete {failed} passages; nothing was forgotten, run again.")
