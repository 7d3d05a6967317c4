"""A bound on what a task may spend: as much is done as it allows, and no more is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from lakedocs.embed.reading import as_read
from lakedocs.lakehouse.stage import TaskContext
from lakedocs.lakehouse.tables import BILLS
from lakedocs.services.cl100k import count_cl100k

Cost = Callable[[int, int], float]
"""US dollars for so many tokens of so many texts."""

_BUCKET_DIGITS = 3
"""Hex digits of a text's hash: 4,096 buckets are few enough to be looked at one by one, and small enough to spend a budget nearly whole."""
_COUNTED_DDL = "bucket string, tokens bigint, texts bigint"
_COUNTED = pa.schema([("bucket", pa.string()), ("tokens", pa.int64()), ("texts", pa.int64())])


def charge(context: TaskContext, tokens: int, cost: float) -> None:
    """Put something on the task's bill, and into docs.bills at once: a task that is killed has paid all the same."""
    if not tokens and not cost:
        return
    context.bill.add(tokens, cost)
    row = Row(task_key=context.task_key, tokens=tokens, cost=cost, paid_at=datetime.now(UTC), run_id=context.run_id)
    context.lake.ensure(BILLS)
    context.lake.append(BILLS, context.spark.createDataFrame([row], BILLS.ddl))


def money_left(context: TaskContext) -> float:
    """US dollars that the task may still spend in this run, earlier attempts counted."""
    paid = context.lake.read(BILLS).where((F.col("run_id") == context.run_id) & (F.col("task_key") == context.task_key))
    spent = float(paid.agg(F.coalesce(F.sum("cost"), F.lit(0.0)).alias("cost")).collect()[0]["cost"])
    return context.settings.spending.budget - spent


def affordable(texts: DataFrame, item: str, cost: Cost, left: float) -> tuple[DataFrame, bool]:
    """Those of the texts that can be paid for with the money that is left, and whether these are all.

    Args:
        texts: `item`, a hash; text.
        left: US dollars.
    """
    counted = texts.select(item, "text").mapInArrow(partial(_count, item), _COUNTED_DDL)
    summed = counted.groupBy("bucket").agg(F.sum("tokens").alias("tokens"), F.sum("texts").alias("texts"))
    buckets = sorted((row["bucket"], row["tokens"], row["texts"]) for row in summed.toLocalIterator())
    chosen: list[str] = []
    tokens = number = 0
    for bucket, more, texts_more in buckets:
        if cost(tokens + more, number + texts_more) > left:
            break
        chosen.append(bucket)
        tokens, number = tokens + more, number + texts_more
    if len(chosen) == len(buckets):
        return texts, True
    return texts.where(F.substring(item, 1, _BUCKET_DIGITS).isin(chosen)), False


def _count(item: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        hashes, texts = batch.column(item).to_pylist(), batch.column("text").to_pylist()
        yield pa.RecordBatch.from_arrays(
            [
                pa.array([text_hash[:_BUCKET_DIGITS] for text_hash in hashes], pa.string()),
                pa.array([count_cl100k(as_read(text) or " ") for text in texts], pa.int64()), pa.array([1] * len(texts), pa.int64()),
            ],
            schema=_COUNTED,
        )  # fmt: skip
