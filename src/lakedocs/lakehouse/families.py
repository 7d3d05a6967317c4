"""Families, the unit of 06: a root file with its attachments, whichever task read it, and what people decided for it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.records import Kind


def families(lake: Lake, waits: Column) -> DataFrame:
    """unit_id, input_hash, size_bytes, waits of every family: the hash changes with whatever was read of any of its documents, or decided.

    Args:
        waits: true for a file whose family must stay as it is for now.
    """
    identity = F.concat_ws(":", "doc_id", "output_hash")
    files = lake.read_all([tables.files(kind) for kind in Kind])
    read = files.groupBy("root_id").agg(
        F.sort_array(F.collect_list(identity)).alias("identities"), F.sum("characters").alias("size_bytes"), F.bool_or(waits).alias("waits")
    )
    # when, not what: a hash of a value that is not keyed could be guessed. Decisions are added, not changed
    decided = lake.read(tables.REDACTION_DECISIONS).groupBy("root_id").agg(
        F.concat_ws(":", F.count("*"), F.unix_micros(F.max("decided_at"))).alias("decided")
    )  # fmt: skip
    return read.join(decided, "root_id", "left").select(
        F.col("root_id").alias("unit_id"), F.sha2(F.concat_ws("\n", "identities", "decided"), 256).alias("input_hash"), "size_bytes", "waits"
    )
