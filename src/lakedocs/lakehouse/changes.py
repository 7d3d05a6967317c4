"""What a stage must do: compare the units of its input with its ledger, and stage the difference in bounded slices."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from lakedocs.settings import Slices, Storage


@dataclass(frozen=True)
class Work:
    """The staged difference: `stale` units must be done (again), `gone` ones be removed, `same` ones stay. Counted once, read by slice."""

    path: Path
    schema: StructType
    stale: int
    gone: int
    same: int
    slices: int

    def units(self, spark: SparkSession, number: int) -> DataFrame:
        """The stale units of one slice."""
        chosen = self.rows(spark).where(~F.col("gone"))
        return chosen.where(F.pmod(F.xxhash64("slice_key"), F.lit(self.slices)) == number).drop("gone", "slice_key")

    def removed(self, spark: SparkSession) -> DataFrame:
        """The units that are gone."""
        return self.rows(spark).where("gone").select("unit_id")

    def rows(self, spark: SparkSession) -> DataFrame:
        """All that differs."""
        return spark.read.schema(self.schema).parquet(str(self.path))

    def clear(self) -> None:
        """Forget the staged difference."""
        shutil.rmtree(self.path, ignore_errors=True)


def fresh_folder(storage: Storage, task_key: str, name: str) -> Path:
    """An empty place in the work folder that only this task writes."""
    path = storage.staging / task_key / name
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def clear_staging(storage: Storage, task_key: str) -> None:
    """Forget what a task left in the work folder."""
    shutil.rmtree(storage.staging / task_key, ignore_errors=True)


def stage_difference(compared: DataFrame, path: Path, slices: Slices) -> Work:
    """What differs, written to `path` and counted on the way there, in one pass over the comparison.

    Args:
        compared: unit_id, differs, gone, slice_key, size_bytes, and whatever the stage needs of a unit. Units of one slice key land
            in one slice.
        path: an empty place.
        slices: the bounds of a slice.
    """
    is_stale = F.col("differs") & ~F.col("gone")
    size = F.sum(F.when(is_stale, F.col("size_bytes")))
    counted = Observation()
    difference = compared.observe(
        counted,
        F.count_if(is_stale).alias("stale"),
        F.count_if("gone").alias("gone"),
        F.count_if(~F.col("differs")).alias("same"),
        size.alias("size"),
    )
    difference = difference.where("differs").drop("differs")
    difference.write.mode("overwrite").parquet(str(path))
    counts = counted.get
    stale = int(counts["stale"])
    number = max(math.ceil(stale / slices.documents), math.ceil((counts["size"] or 0) / (slices.megabytes * 2**20)), 1)
    return Work(path, difference.schema, stale, int(counts["gone"]), int(counts["same"]), number if stale else 0)


def fingerprinted(upstream: DataFrame, stage_fingerprint: str) -> DataFrame:
    """The units with `new_fingerprint`: what the ledger says of each one that is done."""
    return upstream.withColumn("new_fingerprint", F.sha2(F.concat_ws(":", "input_hash", F.lit(stage_fingerprint)), 256))


def compare(upstream: DataFrame, ledger: DataFrame, stage_fingerprint: str) -> DataFrame:
    """Every unit, and whether its fingerprint differs from the ledger's or upstream no longer has it.

    Args:
        upstream: unit_id, input_hash, size_bytes; where it has `waits`, units for which that is true do not differ.
        ledger: a stage's ledger.
        stage_fingerprint: of the settings and the stage's version.
    """
    wanted = fingerprinted(upstream, stage_fingerprint)
    known = ledger.select(F.col("unit_id").alias("known_id"), F.col("fingerprint").alias("known_fingerprint"))
    joined = wanted.join(known, wanted["unit_id"] == known["known_id"], "full_outer")
    differs = F.col("unit_id").isNull() | F.col("known_id").isNull() | (F.col("new_fingerprint") != F.col("known_fingerprint"))
    if "waits" in upstream.columns:
        differs = differs & ~F.coalesce("waits", F.lit(False))
    return joined.select(
        F.coalesce("unit_id", "known_id").alias("unit_id"),
        differs.alias("differs"),
        F.col("unit_id").isNull().alias("gone"),
        F.coalesce("unit_id", "known_id").alias("slice_key"),
        F.coalesce("size_bytes", F.lit(0)).cast("bigint").alias("size_bytes"),
        F.col("new_fingerprint").alias("fingerprint"),
    )
