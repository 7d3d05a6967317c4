"""What a stage must do: compare the units of its input with its ledger, and stage the difference in bounded slices."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakedocs.settings import Slices, Storage


@dataclass(frozen=True)
class Work:
    """The staged difference: `stale` units must be done (again), `gone` ones be removed. Counted once, read by slice."""

    path: Path
    stale: int
    gone: int
    slices: int

    def units(self, spark: SparkSession, number: int) -> DataFrame:
        """The stale units of one slice."""
        chosen = spark.read.parquet(str(self.path)).where(~F.col("gone"))
        return chosen.where(F.pmod(F.xxhash64("slice_key"), F.lit(self.slices)) == number).drop("gone", "slice_key")

    def removed(self, spark: SparkSession) -> DataFrame:
        """The units that are gone."""
        return spark.read.parquet(str(self.path)).where("gone").select("unit_id")

    def clear(self) -> None:
        """Forget the staged difference."""
        shutil.rmtree(self.path, ignore_errors=True)


def staging_folder(storage: Storage, task_key: str, name: str) -> Path:
    """A place in the work folder that only this task writes."""
    return storage.staging / task_key / name


def fresh_folder(storage: Storage, task_key: str, name: str) -> Path:
    """The same, emptied."""
    path = staging_folder(storage, task_key, name)
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def clear_staging(storage: Storage, task_key: str) -> None:
    """Forget what a task left in the work folder."""
    shutil.rmtree(storage.staging / task_key, ignore_errors=True)


def count_changes(staged: DataFrame, path: Path, slices: Slices) -> Work:
    """The staged difference, counted.

    Args:
        staged: unit_id, gone, slice_key, size_bytes, and whatever the stage needs of a unit, as read from `path`. Units of one
            slice key land in one slice.
        path: where the rows lie.
        slices: the bounds of a slice.
    """
    size = F.coalesce(F.sum(F.when(~F.col("gone"), F.col("size_bytes"))), F.lit(0))
    row = staged.agg(F.count_if(~F.col("gone")).alias("stale"), F.count_if("gone").alias("gone"), size.alias("size")).first()
    assert row is not None
    number = max(math.ceil(row["stale"] / slices.documents), math.ceil(row["size"] / (slices.megabytes * 2**20)), 1)
    return Work(path, row["stale"], row["gone"], number if row["stale"] else 0)


def fingerprinted(upstream: DataFrame, stage_fingerprint: str) -> DataFrame:
    """The units with `new_fingerprint`: what the ledger says of each one that is done."""
    return upstream.withColumn("new_fingerprint", F.sha2(F.concat_ws(":", "input_hash", F.lit(stage_fingerprint)), 256))


def compare(upstream: DataFrame, ledger: DataFrame, stage_fingerprint: str) -> DataFrame:
    """The units whose fingerprint differs from the ledger's, and those that upstream no longer has.

    Args:
        upstream: unit_id, input_hash, size_bytes.
        ledger: a stage's ledger.
        stage_fingerprint: of the settings and the stage's version.
    """
    wanted = fingerprinted(upstream, stage_fingerprint)
    known = ledger.select(F.col("unit_id").alias("known_id"), F.col("fingerprint").alias("known_fingerprint"))
    joined = wanted.join(known, wanted["unit_id"] == known["known_id"], "full_outer")
    differs = joined.where(F.col("unit_id").isNull() | F.col("known_id").isNull() | (F.col("new_fingerprint") != F.col("known_fingerprint")))
    return differs.select(
        F.coalesce("unit_id", "known_id").alias("unit_id"),
        F.col("unit_id").isNull().alias("gone"),
        F.coalesce("unit_id", "known_id").alias("slice_key"),
        F.coalesce("size_bytes", F.lit(0)).cast("bigint").alias("size_bytes"),
        F.col("new_fingerprint").alias("fingerprint"),
    )
