"""Vectors by the hash of their text: a text is embedded once per model, however often and wherever it occurs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.embed.open import model_key, open_embedder
from lakedocs.embed.protocol import OutsideEmbedder, Vectors
from lakedocs.lakehouse.changes import fresh_folder
from lakedocs.lakehouse.paid import Receipt, buy_missing
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.stage import Figures, TaskContext, materialised
from lakedocs.lakehouse.tables import PASSAGES, PASSAGES_LEDGER, Table
from lakedocs.services.options import OUTSIDE, EmbeddingSettings
from lakedocs.services.prices import embedding_price
from lakedocs.settings import Settings

_TEXTS_AT_ONCE = 512
_TEXTS_A_PARTITION = 4000
_DDL = "text_hash string, model string, vector array<float>, run_id string"
_SCHEMA = pa.schema([("text_hash", pa.string()), ("model", pa.string()), ("vector", pa.list_(pa.float32())), ("run_id", pa.string())])


def embed_missing(context: TaskContext, texts: DataFrame, chosen: EmbeddingSettings, table: Table) -> DataFrame | None:
    """Embed the texts that `table` has no vector of yet, and append those vectors; text_hash of those that the service refuses, if any.

    Args:
        texts: text_hash, text; each hash once.
        chosen: the model.
        table: where its vectors are kept.

    Raises:
        BudgetError: when only some can be paid for; those are embedded first.
        ServiceError: when the model's service stays away; vectors that came before are kept.
    """
    key = model_key(chosen)
    if chosen.engine in OUTSIDE:
        price = embedding_price(context.settings, chosen)
        opened = partial(_VectorPurchase, context.settings, chosen, context.run_id)
        return buy_missing(context, texts, table, key, opened, price, lambda tokens, _: price.cost(tokens) if price else 0.0)
    known = context.lake.read(table).where(F.col("model") == key).select("text_hash")
    missing = materialised(context, texts.join(known, "text_hash", "left_anti"), f"texts_{table.name}")
    if number := missing.count():
        context.announce(number)
        _embed_here(context, missing, number, chosen, table)
    fresh_folder(context.settings.storage, context.task_key, f"texts_{table.name}")
    return None


def _embed_here(context: TaskContext, missing: DataFrame, number: int, chosen: EmbeddingSettings, table: Table) -> None:
    partitions = max(min(context.settings.slices.partitions, -(-number // 64)), -(-number // _TEXTS_A_PARTITION))
    spread = missing.repartition(partitions, F.xxhash64("text_hash"))
    embed = partial(_embed, context.settings, chosen, context.run_id, context.task_key)
    context.lake.append(table, spread.mapInArrow(embed, _DDL))


class _VectorPurchase:
    """Vectors from a service."""

    def __init__(self, settings: Settings, chosen: EmbeddingSettings, run_id: str) -> None:
        embedder = open_embedder(chosen, settings)
        assert isinstance(embedder, OutsideEmbedder)
        self._embedder = embedder
        self._run_id = run_id

    def requests_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        return self._embedder.requests_of(texts)

    def buy(self, hashes: Sequence[str], texts: Sequence[str]) -> Receipt:
        vectors, tokens = self._embedder.request(texts)
        columns = _columns(pa.array(hashes), vectors, self._embedder.key, self._run_id)
        return Receipt(dict(zip(_SCHEMA.names, columns, strict=True)), tokens_in=tokens)


def _embed(settings: Settings, chosen: EmbeddingSettings, run_id: str, task_key: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    embedder = open_embedder(chosen, settings)
    for batch in batches:
        for start in range(0, batch.num_rows, _TEXTS_AT_ONCE):
            piece = batch.slice(start, _TEXTS_AT_ONCE)
            vectors = embedder.embed_passages(piece.column("text").to_pylist())
            yield pa.RecordBatch.from_arrays(_columns(piece.column("text_hash"), vectors, embedder.key, run_id), schema=_SCHEMA)
            tick(settings.storage.progress_folder, task_key, piece.num_rows)


def _columns(hashes: pa.Array, vectors: Vectors, key: str, run_id: str) -> list[pa.Array]:
    count, dimensions = vectors.shape
    starts = pa.array(range(0, (count + 1) * dimensions, dimensions), pa.int32())
    return [hashes, pa.array([key] * count), pa.ListArray.from_arrays(starts, vectors.ravel()), pa.array([run_id] * count)]


def texts_of(context: TaskContext, units: DataFrame) -> DataFrame:
    """text_hash, text of the passages of these documents, each text once."""
    passages = context.lake.read(PASSAGES).join(F.broadcast(units.select(F.col("unit_id").alias("doc_id"))), "doc_id", "left_semi")
    return passages.groupBy("text_hash").agg(F.first("text").alias("text"))


def without_refused(units: DataFrame, refused: DataFrame | None, users: DataFrame) -> DataFrame:
    """The documents of which the service refused nothing: the others are tried again in the next run.

    Args:
        users: doc_id, text_hash of what was asked for.
    """
    if refused is None:
        return units
    incomplete = users.join(F.broadcast(refused), "text_hash", "left_semi").select(F.col("doc_id").alias("unit_id"))
    return units.join(incomplete, "unit_id", "left_anti")


def forget_orphans(context: TaskContext, table: Table, key: str, users: DataFrame | None = None) -> None:
    """Remove rows of texts that nobody uses any more, or of another model than this.

    Args:
        users: rows whose text_hash is used; none: the passages.
    """
    used = (context.lake.read(PASSAGES) if users is None else users).select("text_hash").distinct()
    held = context.lake.read(table).select("text_hash", "model")
    orphans = held.where(F.col("model") == key).join(used, "text_hash", "left_anti")
    others = held.where(F.col("model") != key)
    unwanted = orphans.select("text_hash", "model").unionByName(others.select("text_hash", "model"))
    if not unwanted.isEmpty():
        context.lake.remove(table, context.lake.keys(unwanted))


def incomplete(context: TaskContext, ledger: Table) -> Figures:
    """How many documents 06 has cut that a stage's ledger does not know: what a service refused keeps them out of it."""
    done = context.lake.read(ledger).select("unit_id")
    return Figures(refused=context.lake.read(PASSAGES_LEDGER).select("unit_id").join(done, "unit_id", "left_anti").count())


def input_of(passages_ledger: DataFrame) -> DataFrame:
    """unit_id, input_hash, size_bytes of every document that has been cut: what 07 and 08 compare with their ledgers."""
    return passages_ledger.select("unit_id", F.col("output_hash").alias("input_hash"), (F.col("rows_out") * 1000).alias("size_bytes"))
