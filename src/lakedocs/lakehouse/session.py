"""The one place where a Spark session is made or found."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import BinaryIO

from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from lakedocs.errors import LakeError
from lakedocs.settings import Settings, Storage, workers_use_this_python

# a first compiler alone has room for 48 MB of code by default; when that is full, Java interprets for the rest of its life
_JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -Djdk.lang.Process.launchMechanism=VFORK"
_DELTA = "io.delta:delta-spark_2.13:4.1.0"


def spark_settings(storage: Storage, *, master: str = "local[*]", driver_memory: str = "1000m") -> dict[str, str]:
    """Spark's configuration for a laptop: Delta, few partitions, no user interface, this environment's Python."""
    work = storage.path / "work"
    return {
        "spark.master": master,
        "spark.jars.packages": _DELTA,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.pyspark.python": sys.executable,
        "spark.python.daemon.module": "lakedocs.lakehouse.daemon",
        "spark.driver.memory": driver_memory,
        "spark.driver.extraJavaOptions": f"{_JAVA_OPTIONS} -Dderby.system.home={work} -Djava.io.tmpdir={work}",
        "spark.executor.extraJavaOptions": _JAVA_OPTIONS,  # of a standalone cluster
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(work / "spark"),
        "spark.sql.warehouse.dir": str(storage.warehouse),
        # without Hadoop's native library each new local file costs a process (chmod), and a commit's checksum is another file
        "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
        "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",  # what a worker fails on may be quoted in its error; tasks tell errors without text
        "spark.sql.shuffle.partitions": str(max(os.cpu_count() or 2, 2)),
        "spark.default.parallelism": str(max(os.cpu_count() or 2, 2)),
        # the rows are few and the heavy work is Python's: compiling queries and planning them twice costs more than it saves
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",  # VACUUM lists with so many tasks; the default is 10,000
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.databricks.delta.stats.collect": "true",
        "spark.databricks.delta.properties.defaults.checkpointInterval": "50",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
        "spark.sql.autoBroadcastJoinThreshold": str(32 * 2**20),
        "spark.sql.session.timeZone": "UTC",
        "spark.python.worker.faulthandler.enabled": "false",
        "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled": "true",
    }


def local_session(storage: Storage, *, master: str = "local[*]", driver_memory: str = "1000m") -> SparkSession:
    """A Spark session in this process with Delta; the jars come from Maven at first use.

    Args:
        storage: where Spark keeps its working files.
        master: local[N], or spark://HOST:PORT of a standalone cluster.
        driver_memory: of the Java process.
    """
    for folder in (storage.path / "work" / "spark", storage.warehouse):
        folder.mkdir(parents=True, exist_ok=True)
    for stale in storage.warehouse.glob("*/*/_delta_log/._last_checkpoint.crc"):
        stale.unlink()  # of a version whose commits had checksum files; it would speak against every later checkpoint
    workers_use_this_python()
    builder = SparkSession.Builder().appName("lakedocs")
    for name, value in spark_settings(storage, master=master, driver_memory=driver_memory).items():
        builder = builder.config(name, value)
    from filelock import FileLock  # which the clusters of 01-05 lack; their session is there already

    # Ivy and the Java process write to the log, not over the progress of the run; two that fill Ivy's cache at once spoil each other's downloads
    starting = FileLock(Path(gettempdir()) / f"lakedocs-{os.getuid()}.lock")
    with open(storage.path / "work" / "spark.log", "ab") as log, _standard_error(log), starting:
        try:
            session = builder.getOrCreate()
        except PySparkRuntimeError as error:
            raise LakeError(f"Spark did not start: it needs Java 17, and Delta's jars from Maven at first use. See {log.name}.") from error
    _quiet()
    return session


def _quiet() -> None:
    """Spark's Python side logs errors with the query's text; tasks tell their errors themselves."""
    for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger", "py4j", "pyspark"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def _standard_error(log: BinaryIO) -> Iterator[None]:
    kept = os.dup(2)
    sys.stderr.flush()
    os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def open_session(storage: Storage, url: str, *, driver_memory: str = "1000m") -> SparkSession:
    """The session behind a URL: sc:// is a Spark Connect server, everything else a master."""
    if url.startswith("sc://"):
        session: SparkSession = SparkSession.Builder().remote(url).getOrCreate()
        _quiet()
        return session
    return local_session(storage, master=url, driver_memory=driver_memory)


def current_session() -> SparkSession:
    """The session of the cluster that a task runs on."""
    _quiet()
    return SparkSession.builder.getOrCreate()


def session_for(settings: Settings) -> SparkSession:
    """The session of a command that is given none: a laptop's own, or the cluster's."""
    return local_session(settings.storage) if settings.target == "local" else current_session()


def clear_work(storage: Storage) -> None:
    """Make the folders that stages write between two commits."""
    for folder in (storage.staging, storage.progress):
        Path(folder).mkdir(parents=True, exist_ok=True)
