"""Units over partitions: by bytes, those of one size together, and no big one in the way of the rest."""

from __future__ import annotations

import random

import pytest
from pyspark.sql import SparkSession

from lakedocs.lakehouse.spread import placed

pytestmark = pytest.mark.spark

_RANDOM = random.Random(7)
SIZES = {
    "documents of all sizes": [int(_RANDOM.lognormvariate(11, 1.7)) for _ in range(600)],
    "one big among small ones": [10**9] + [20_000 + number % 50 for number in range(400)],
    "all the same": [1000] * 500,
    "empty files": [0] * 40,
    "one": [7],
}


@pytest.mark.parametrize("name", SIZES)
def test_no_partition_has_much_more_to_do(spark: SparkSession, name: str) -> None:
    sizes = SIZES[name]
    units = spark.createDataFrame([(f"unit {number}", size) for number, size in enumerate(sizes)], "unit_id string, size_bytes bigint")
    number = min(8, len(sizes))
    rows = placed(units, number).repartitionById(number, "partition").collect()
    assert sorted(row["unit_id"] for row in rows) == sorted(f"unit {n}" for n in range(len(sizes))), "every unit stands once"
    loads = [[row["size_bytes"] for row in rows if row["partition"] == n] for n in range(number)]
    share = sum(sizes) / number + 2**16 * len(sizes) / number
    for load in loads:
        assert len(load) <= 1 or sum(load) + 2**16 * len(load) < 2 * share, "only one that is too big alone has more than twice its share"
    if name == "one big among small ones":
        assert [10**9] in loads, "nothing waits behind it"
    if name == "documents of all sizes":
        assert sum(map(len, map(set, loads))) == len(set(sizes)), "equal sizes, which equal files have, are together"
