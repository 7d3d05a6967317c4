"""docs.summaries: every document in a few sentences, by the chat model (map and reduce over its redacted passages) or of its own central sentences.

A re-run summarises documents whose passages changed; what a chunk was summarised to is kept by its text, so that a change in one part of a long
document pays for that part and what is above it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial, reduce

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.embed.open import model_key, open_embedder
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.paid import Receipt, buy_missing
from lakedocs.lakehouse.stage import Figures, Stage, TaskContext, ledger_rows, materialised, run_derived, tagged
from lakedocs.lakehouse.vectors import forget_orphans, incomplete, input_of
from lakedocs.llm.open import open_chat
from lakedocs.services.cl100k import count_cl100k
from lakedocs.services.options import OUTSIDE, EmbeddingSettings
from lakedocs.services.prices import chat_price
from lakedocs.settings import Settings, fingerprint
from lakedocs.summarise.by_chat import VERSION as BY_CHAT
from lakedocs.summarise.by_chat import prompt_tokens, rules, summarised
from lakedocs.summarise.extractive import VERSION as EXTRACTIVE
from lakedocs.summarise.extractive import central_sentences

_STAGE = Stage(tables.SUMMARIES_LEDGER, (tables.SUMMARIES, tables.SUMMARY_CHUNKS), key="doc_id")
_OWN = (*_STAGE.tables, tables.SUMMARY_PARTS)
_MOST_PASSAGES = 2000
"""An extractive summary looks at so many passages of a document."""
_MOST_LEVELS = 8
_CHUNK = pa.schema([("doc_id", pa.string()), ("ordinal", pa.int32()), ("text_hash", pa.string()), ("text", pa.string())])
_CHUNK_DDL = "doc_id string, ordinal int, text_hash string, text string"
_SUMMARY = pa.schema([("doc_id", pa.string()), ("text", pa.string())])
_SUMMARY_DDL = "doc_id string, text string"
_INVALID = "The chat model gave no summary, asked twice."


def run_summaries(context: TaskContext) -> Figures:
    """Bring docs.summaries up to date with docs.passages; empty it where summaries are switched off.

    Raises:
        BudgetError: when only some chunks can be paid for; those are summarised first.
        ServiceError: when the chat model stays away; what it has summarised is kept.
    """
    settings, lake = context.settings, context.lake
    if not settings.summaries.enabled:
        for table in _OWN:
            if lake.exists(table) and not lake.read(table).isEmpty():
                lake.overwrite(table, lake.read(table).limit(0))
        return Figures()
    lake.ensure(tables.SUMMARY_PARTS)
    model = summary_key(settings)
    upstream = input_of(lake.read(tables.PASSAGES_LEDGER))
    figures = run_derived(context, _STAGE, upstream, fingerprint(model, settings.summaries.tokens), partial(_summarise, context, model))
    if figures.stale or figures.gone or context.recovering:
        forget_orphans(context, tables.SUMMARY_PARTS, model, lake.read(tables.SUMMARY_CHUNKS))
    return figures + incomplete(context, tables.SUMMARIES_LEDGER) if figures.stale and settings.chat.engine != "none" else figures


def summary_key(settings: Settings) -> str:
    """Identifies who summarises and what it is told."""
    chosen = settings.summaries
    if settings.chat.engine != "none":
        return f"{settings.chat.model}:{fingerprint(BY_CHAT, rules(chosen.tokens), chosen.chunk_tokens)[:16]}"
    return f"{model_key(_local_model(settings))}:{EXTRACTIVE}"


def _local_model(settings: Settings) -> EmbeddingSettings:
    """07's model, unless it is a service: nobody is paid for a summary of a document's own sentences."""
    chosen = settings.classification.model
    return EmbeddingSettings() if chosen.engine in OUTSIDE else chosen


def _summarise(context: TaskContext, model: str, units: DataFrame) -> DataFrame:
    wanted = F.broadcast(units.select(F.col("unit_id").alias("doc_id")))
    passages = context.lake.read(tables.PASSAGES).join(wanted, "doc_id", "left_semi").select("doc_id", "ordinal", "text")
    is_chat = context.settings.chat.engine != "none"
    chunks = context.spark.createDataFrame([], _CHUNK_DDL)
    if is_chat:
        summaries, chunks, unfinished = _by_chat(context, model, passages)
        units = units.join(unfinished.select(F.col("doc_id").alias("unit_id")), "unit_id", "left_anti")
    else:
        summaries = _by_document(context, passages).mapInArrow(partial(_central, context.settings), _SUMMARY_DDL)
    method = "llm" if is_chat else "extractive"
    rows = summaries.select("doc_id", "text", F.lit(method).alias("method"), F.lit(model).alias("model"), F.lit(context.run_id).alias("run_id"))
    rows = materialised(context, rows, "summaries")
    outcome = rows.select(F.col("doc_id").alias("unit_id"), F.sha2("text", 256).alias("item"))
    held = chunks.select("doc_id", "text_hash", F.lit(context.run_id).alias("run_id")).distinct()
    done = tagged(ledger_rows(context, units, outcome), tables.SUMMARIES_LEDGER, _STAGE)
    return tagged(rows, tables.SUMMARIES, _STAGE).unionByName(tagged(held, tables.SUMMARY_CHUNKS, _STAGE)).unionByName(done)


def _by_chat(context: TaskContext, model: str, passages: DataFrame) -> tuple[DataFrame, DataFrame, DataFrame]:
    """doc_id, text of each document whose chunks could be summarised down to one; all chunks; doc_id of the documents that could not."""
    settings = context.settings
    price, prompt, most = chat_price(settings), prompt_tokens(settings.summaries.tokens), settings.summaries.tokens
    opened = partial(_ChunkPurchase, settings, model, context.run_id)

    def cost(tokens: int, number: int) -> float:
        return price.cost(tokens + number * prompt, number * most) if price else 0.0

    nothing = context.spark.createDataFrame([], _CHUNK_DDL)
    done, all_chunks, unfinished = [nothing.select("doc_id", "text")], [nothing], [nothing.select("doc_id")]
    level = passages
    for number in range(_MOST_LEVELS):
        chunked = _by_document(context, level).mapInArrow(partial(_chunked, settings.summaries.chunk_tokens), _CHUNK_DDL)
        chunks = materialised(context, chunked, f"chunks_{number}")
        if chunks.isEmpty():
            break
        all_chunks.append(chunks)
        texts = chunks.groupBy("text_hash").agg(F.first("text").alias("text"))
        buy_missing(context, texts, tables.SUMMARY_PARTS, model, opened, price, cost)
        parts = context.lake.read(tables.SUMMARY_PARTS).where(F.col("model") == model).select("text_hash", F.col("text").alias("summary"))
        known = materialised(context, chunks.drop("text").join(parts, "text_hash", "left"), f"parts_{number}")
        unfinished.append(known.where("summary IS NULL").select("doc_id").distinct())
        held = known.join(unfinished[-1], "doc_id", "left_anti").select("doc_id", "ordinal", F.col("summary").alias("text"))
        several = held.where("ordinal > 0").select("doc_id").distinct()
        done.append(held.join(several, "doc_id", "left_anti").select("doc_id", "text"))
        level = held.join(several, "doc_id", "left_semi")
    together = partial(reduce, DataFrame.unionByName)
    return together(done), together(all_chunks), together(unfinished).distinct()


def _by_document(context: TaskContext, texts: DataFrame) -> DataFrame:
    """The texts so that those of one document come one after the other, in their order."""
    return texts.repartition(context.settings.slices.partitions, "doc_id").sortWithinPartitions("doc_id", "ordinal")


def _documents(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[str, str]]:
    for batch in batches:
        yield from zip(batch.column("doc_id").to_pylist(), batch.column("text").to_pylist(), strict=True)


def _chunked(most_tokens: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The chunks of each document: as many of its texts, which are short, as fit."""
    document, ordinal, used = "", 0, 0
    gathered: list[str] = []

    def chunk() -> pa.RecordBatch:
        text = "\n".join(gathered)
        row = {"doc_id": document, "ordinal": ordinal, "text_hash": hashlib.sha256(text.encode()).hexdigest(), "text": text}
        return pa.RecordBatch.from_pylist([row], schema=_CHUNK)

    for doc_id, text in _documents(batches):
        tokens = count_cl100k(text) + 1
        if gathered and (doc_id != document or used + tokens > most_tokens):
            yield chunk()
            ordinal, used = ordinal + 1, 0
            gathered.clear()
        if doc_id != document:
            document, ordinal = doc_id, 0
        gathered.append(text)
        used += tokens
    if gathered:
        yield chunk()


def _central(settings: Settings, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    embedder = None
    document = ""
    gathered: list[str] = []
    for doc_id, text in _with_end(batches):
        if gathered and doc_id != document:
            embedder = embedder or open_embedder(_local_model(settings), settings)  # a partition without rows loads no model
            summary = central_sentences(gathered, embedder, settings.summaries.tokens)
            yield pa.RecordBatch.from_pylist([{"doc_id": document, "text": summary}], schema=_SUMMARY)
            gathered = []
        document = doc_id
        if len(gathered) < _MOST_PASSAGES:
            gathered.append(text)


def _with_end(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[str, str]]:
    """The texts, and after the last one an end that is of no document."""
    yield from _documents(batches)
    yield "", ""


class _ChunkPurchase:
    """Summaries of chunks, one a request."""

    def __init__(self, settings: Settings, model: str, run_id: str) -> None:
        chat = open_chat(settings)
        assert chat, "asked only where there is one"
        self._chat = chat
        self._most_tokens = settings.summaries.tokens
        self._key = model
        self._run_id = run_id

    def requests_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        return ([position] for position in range(len(texts)))

    def buy(self, hashes: Sequence[str], texts: Sequence[str]) -> Receipt:
        part = summarised(self._chat, texts[0], self._most_tokens)
        rows = [(hashes[0], self._key, part.text, self._run_id)] if part.text else []
        columns = {name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate(tables.SUMMARY_PARTS.names)}
        return Receipt(columns, part.tokens_in, part.tokens_out, refused={} if part.text else {hashes[0]: _INVALID})
