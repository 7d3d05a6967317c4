"""The one place where a Spark session is made or found."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from lakedocs.settings import Storage

_DELTA = "io.delta:delta-spark_2.13:4.1.0"


def local_settings(storage: Storage, *, cores: str = "*", driver_memory: str = "1200m") -> dict[str, str]:
    """Spark's configuration for a laptop: Delta, few partitions, no user interface, this environment's Python."""
    work = storage.path / "work"
    return {
        "spark.master": f"local[{cores}]",
        "spark.jars.packages": _DELTA,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.pyspark.python": sys.executable,
        "spark.driver.memory": driver_memory,
        "spark.driver.extraJavaOptions": f"-XX:+UseSerialGC -XX:TieredStopAtLevel=4 -Dderby.system.home={work} -Djava.io.tmpdir={work}",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(work / "spark"),
        "spark.sql.warehouse.dir": str(storage.warehouse),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "4",
        "spark.default.parallelism": "4",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.databricks.delta.stats.collect": "true",
        "spark.databricks.delta.properties.defaults.checkpointInterval": "50",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
        "spark.sql.autoBroadcastJoinThreshold": str(32 * 2**20),
        "spark.sql.session.timeZone": "UTC",
        "spark.python.worker.faulthandler.enabled": "false",
        "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled": "true",
    }


def local_session(storage: Storage, *, cores: str = "*", driver_memory: str = "1200m") -> SparkSession:
    """A Spark session in this process with Delta; the jars come from Maven at first use.

    Raises:
        JVM errors as pyspark raises them, when Java or the jars are missing.
    """
    for folder in (storage.path / "work" / "spark", storage.warehouse):
        folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.Builder().appName("lakedocs")
    for name, value in local_settings(storage, cores=cores, driver_memory=driver_memory).items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def current_session() -> SparkSession:
    """The session of the cluster that a task runs on."""
    return SparkSession.builder.getOrCreate()


def clear_work(storage: Storage) -> None:
    """Make the folders that stages write between two commits."""
    for folder in (storage.staging, storage.progress):
        Path(folder).mkdir(parents=True, exist_ok=True)
