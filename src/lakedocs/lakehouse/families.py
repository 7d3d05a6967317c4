"""Families, the unit of 06: a root file with its attachments, whichever task read it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.records import Kind


def families(lake: Lake, waits: Column) -> DataFrame:
    """unit_id, input_hash, size_bytes, waits of every family: the hash changes with whatever was read of any of its documents.

    Args:
        waits: true for a file whose family must stay as it is for now.
    """
    identity = F.concat_ws(":", "doc_id", "output_hash")
    files = lake.read_all([tables.files(kind) for kind in Kind])
    return files.groupBy(F.col("root_id").alias("unit_id")).agg(
        F.sha2(F.concat_ws("\n", F.sort_array(F.collect_list(identity))), 256).alias("input_hash"),
        F.sum("characters").alias("size_bytes"),
        F.bool_or(waits).alias("waits"),
    )
