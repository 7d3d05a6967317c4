"""How the units of a slice go over partitions: no more of them than pay, each with about as much to do as the others."""

from __future__ import annotations

import math

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakedocs.lakehouse.stage import TaskContext

_UNITS_A_PARTITION, _BYTES_A_PARTITION = 8, 2**20
"""Fewer are not worth a partition of their own: each costs a tenth of a second or more before its first row."""
_BYTES_OF_ANY_UNIT = 2**16
"""What opening a file costs beside its bytes, in bytes that could be read in that time."""


def spread_over(context: TaskContext, units: DataFrame) -> int:
    """Over how many partitions units (with size_bytes) are spread: as many as the settings say, but not more than pays for a few small ones."""
    found = units.agg(F.count("*").alias("units"), F.coalesce(F.sum("size_bytes"), F.lit(0)).alias("size")).first()
    needed = max(math.ceil(found["units"] / _UNITS_A_PARTITION), math.ceil(found["size"] / _BYTES_A_PARTITION)) if found else 1
    return max(min(context.settings.slices.partitions, needed), 1)


def placed(units: DataFrame, partitions: int) -> DataFrame:
    """The units with the number of their `partition`, so that each partition has about as many bytes, and those of one size are in one.

    They stand in a row from the largest to the smallest, which is cut into stretches of equal weight. A unit that alone is larger than such a
    stretch weighs as much as one: the others should not wait behind it. Where there are more of one size than a partition should have, they are
    spread.

    Args:
        units: of one slice, with unit_id and size_bytes.
        partitions: how many.
    """
    whole = Window.partitionBy(F.lit(0))  # of the distinct sizes of one slice, a few thousand at most
    sizes = units.groupBy("size_bytes").agg(F.count("*").alias("units"))
    share = F.sum(F.col("size_bytes") * F.col("units")).over(whole) / partitions
    weighed = sizes.withColumn("weight", F.col("units") * (F.least(F.col("size_bytes").cast("double"), share) + _BYTES_OF_ANY_UNIT))
    down_to_here = whole.orderBy(F.desc("size_bytes")).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    stretch = F.sum("weight").over(whole) / partitions
    places = weighed.select(
        F.col("size_bytes").alias("size"),
        F.floor((F.sum("weight").over(down_to_here) - F.col("weight")) / stretch).alias("first"),
        F.greatest(F.ceil(F.col("weight") / stretch - 0.5), F.lit(1)).alias("over"),
    )
    one_of = F.pmod(F.xxhash64("unit_id"), F.col("over"))
    number = F.least(F.col("first") + one_of, F.lit(partitions - 1)).cast("int")
    return units.join(F.broadcast(places), units["size_bytes"] == places["size"]).withColumn("partition", number).drop("size", "first", "over")
