"""A bound on what a task may spend: as much is done as it allows, and no more is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.embed.reading import as_read
from lakedocs.services.cl100k import count_cl100k
from lakedocs.services.prices import Price

_BUCKET_DIGITS = 3
"""Hex digits of a text's hash: 4,096 buckets are few enough to be looked at one by one, and small enough to spend a budget nearly whole."""
_COUNTED_DDL = "bucket string, tokens bigint"
_COUNTED = pa.schema([("bucket", pa.string()), ("tokens", pa.int64())])


def affordable(texts: DataFrame, price: Price, left: float) -> tuple[DataFrame, bool]:
    """Those of the texts that can be embedded for the money that is left, and whether these are all.

    Args:
        texts: text_hash, text.
        left: US dollars.
    """
    counted = texts.select("text_hash", "text").mapInArrow(partial(_count), _COUNTED_DDL).groupBy("bucket").agg(F.sum("tokens").alias("tokens"))
    buckets = sorted((row["bucket"], row["tokens"]) for row in counted.toLocalIterator())
    chosen: list[str] = []
    tokens = 0
    for bucket, more in buckets:
        if price.cost(tokens + more) > left:
            break
        chosen.append(bucket)
        tokens += more
    if len(chosen) == len(buckets):
        return texts, True
    return texts.where(F.substring("text_hash", 1, _BUCKET_DIGITS).isin(chosen)), False


def _count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        hashes, texts = batch.column("text_hash").to_pylist(), batch.column("text").to_pylist()
        yield pa.RecordBatch.from_arrays(
            [
                pa.array([text_hash[:_BUCKET_DIGITS] for text_hash in hashes], pa.string()),
                pa.array([count_cl100k(as_read(text) or " ") for text in texts], pa.int64()),
            ],
            schema=_COUNTED,
        )
