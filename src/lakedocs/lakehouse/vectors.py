"""Vectors by the hash of their text: a text is embedded once per model, however often and wherever it occurs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.embed.open import model_key, open_embedder
from lakedocs.errors import BudgetError
from lakedocs.lakehouse.budget import affordable
from lakedocs.lakehouse.changes import fresh_folder
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.stage import TaskContext, materialised
from lakedocs.lakehouse.tables import PASSAGES, TASK_RUNS, Table
from lakedocs.services.prices import embedding_price
from lakedocs.settings import EmbeddingSettings, Settings

_TEXTS_AT_ONCE = 512
_TEXTS_A_PARTITION = 4000
_DDL = "text_hash string, model string, vector array<float>, run_id string, tokens bigint"
_SCHEMA = pa.schema(
    [("text_hash", pa.string()), ("model", pa.string()), ("vector", pa.list_(pa.float32())), ("run_id", pa.string()), ("tokens", pa.int64())]
)


def embed_missing(context: TaskContext, texts: DataFrame, chosen: EmbeddingSettings, table: Table) -> int:
    """Embed the texts that `table` has no vector of yet, and append those vectors; how many there were.

    Args:
        texts: text_hash, text; each hash once.
        chosen: the model.
        table: where its vectors are kept.

    Raises:
        BudgetError: when only some can be paid for; those are embedded first.
    """
    key = model_key(chosen)
    price = embedding_price(context.settings, chosen)
    known = context.lake.read(table).where(F.col("model") == key).select("text_hash")
    missing = materialised(context, texts.join(known, "text_hash", "left_anti"), f"texts_{table.name}")
    wanted = number = missing.count()
    budget = context.settings.spending.budget
    if number and price and budget:
        missing, is_all = affordable(missing, price, budget - context.bill.cost - _spent_before(context))
        number = number if is_all else missing.count()
    if number:
        context.announce(number)
        partitions = max(min(context.settings.slices.partitions, -(-number // 64)), -(-number // _TEXTS_A_PARTITION))
        spread = missing.repartition(partitions, F.xxhash64("text_hash"))
        embed = partial(_embed, context.settings, chosen, context.run_id, context.task_key)
        vectors = materialised(context, spread.mapInArrow(embed, _DDL), f"vectors_{table.name}")
        if price:
            tokens = int(vectors.agg(F.sum("tokens").alias("tokens")).collect()[0]["tokens"])
            context.bill.add(tokens, price.cost(tokens))
        context.lake.append(table, vectors)
        fresh_folder(context.settings.storage, context.task_key, f"vectors_{table.name}")
    fresh_folder(context.settings.storage, context.task_key, f"texts_{table.name}")
    if number < wanted:
        raise BudgetError(
            f"The budget of {budget:g} US dollars allowed {number:,} of the {wanted:,} texts that were next ({context.bill.cost:.4f} spent in this "
            "attempt); their vectors are kept. Run again to go on from there, with as much again or a higher `budget`."
        )
    return number


def _spent_before(context: TaskContext) -> float:
    """US dollars of this task's earlier attempts in the same run."""
    runs = context.lake.read(TASK_RUNS).where((F.col("run_id") == context.run_id) & (F.col("task_key") == context.task_key))
    return float(runs.agg(F.coalesce(F.sum("cost"), F.lit(0.0)).alias("cost")).collect()[0]["cost"])


def _embed(settings: Settings, chosen: EmbeddingSettings, run_id: str, task_key: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    embedder = open_embedder(chosen, settings)
    for batch in batches:
        for start in range(0, batch.num_rows, _TEXTS_AT_ONCE):
            piece = batch.slice(start, _TEXTS_AT_ONCE)
            before = embedder.tokens
            vectors = embedder.embed_passages(piece.column("text").to_pylist())
            count = piece.num_rows
            columns = [
                piece.column("text_hash"), pa.array([embedder.key] * count),
                pa.ListArray.from_arrays(pa.array(range(0, (count + 1) * embedder.dimensions, embedder.dimensions), pa.int32()), vectors.ravel()),
                pa.array([run_id] * count), pa.array([embedder.tokens - before] + [0] * (count - 1), pa.int64()),
            ]  # fmt: skip
            yield pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)
            tick(settings.storage.progress_folder, task_key, count)


def texts_of(context: TaskContext, units: DataFrame) -> DataFrame:
    """text_hash, text of the passages of these documents, each text once."""
    passages = context.lake.read(PASSAGES).join(F.broadcast(units.select(F.col("unit_id").alias("doc_id"))), "doc_id", "left_semi")
    return passages.groupBy("text_hash").agg(F.first("text").alias("text"))


def forget_orphans(context: TaskContext, table: Table, chosen: EmbeddingSettings) -> None:
    """Remove vectors that no passage has any more, or that another model made."""
    used = context.lake.read(PASSAGES).select("text_hash").distinct()
    held = context.lake.read(table).select("text_hash", "model")
    orphans = held.where(F.col("model") == model_key(chosen)).join(used, "text_hash", "left_anti")
    others = held.where(F.col("model") != model_key(chosen))
    unwanted = orphans.select("text_hash", "model").unionByName(others.select("text_hash", "model"))
    if not unwanted.isEmpty():
        context.lake.remove(table, context.lake.keys(unwanted))


def input_of(passages_ledger: DataFrame) -> DataFrame:
    """unit_id, input_hash, size_bytes of every document that has been cut: what 07 and 08 compare with their ledgers."""
    return passages_ledger.select("unit_id", F.col("output_hash").alias("input_hash"), (F.col("rows_out") * 1000).alias("size_bytes"))
