"""New and changed files told by a stream (Databricks Auto Loader, or Spark's own), so that a run need not list a source of millions.

Reads: the source's file events. Writes: raw.arrivals_<kind>, and the stream's checkpoint below the storage's root. An arrival stays until a
run has read its file; one that is told twice, or of a file that is known already, changes nothing. No stream tells what is gone: that a whole
listing shows, which is made every `source.listing_days`, and in the first run.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from lakedocs.errors import SourceError
from lakedocs.extract.extensions import kind_of
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.arrow import rows_of
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.listing import LISTING_DDL, keyed_hash, listed_as, source_folder, source_id, source_name
from lakedocs.lakehouse.stage import TaskContext
from lakedocs.records import Kind
from lakedocs.settings import Settings

_FILE_DDL = "path string, modificationTime timestamp, length bigint, content binary"
_ARRIVAL_DDL = "doc_id string, path string, size_bytes bigint, modified_us bigint"
_SCHEMA = pa.schema([("doc_id", pa.string()), ("path", pa.string()), ("size_bytes", pa.int64()), ("modified_us", pa.int64())])
_LOCAL_SCHEME = re.compile(r"^(?:dbfs|file):(?://)?(?=/)")
_DAY_US = 86_400_000_000
_FOREVER = "36500d"
"""Spark's own stream would pass over files that are a week older than the newest."""


class Arrivals:
    """What a stream has told of one kind's files since they were last read."""

    def __init__(self, context: TaskContext, kind: Kind) -> None:
        self._lake: Lake = context.lake
        self._settings = context.settings
        self._kind = kind
        self._table = tables.arrivals(kind)
        self._run_id = context.run_id
        self._source = source_id(context.settings)
        self._began_us = time.time_ns() // 1000

    @property
    def is_watched(self) -> bool:
        return self._settings.source.discovery != "listing"

    def gather(self) -> bool:
        """Take down what the stream has to tell; whether that will do, and the source need not be listed whole."""
        if not self.is_watched:
            return False
        self._lake.ensure(self._table)
        spark, source = self._lake.spark, self._settings.source
        named = self._stream(spark).mapInArrow(partial(_named, self._settings, self._kind), _ARRIVAL_DDL)
        rows = named.select(
            "*", F.lit(self._source).alias("source_id"), F.lit(self._began_us).alias("told_us"), F.lit(self._run_id).alias("run_id")
        ).select(*self._table.names)
        writer = rows.writeStream.format("delta").option("checkpointLocation", str(self._checkpoint)).trigger(availableNow=True)
        # the stream before the listing: what comes between the two is told by both, and not by neither
        query = writer.toTable(self._lake.reference(self._table)) if self._lake.storage.catalog else writer.start(str(self._lake.folder(self._table)))
        query.awaitTermination()
        listed = self._told().where("path IS NULL").agg(F.max("told_us").alias("at")).first()
        return bool(listed and listed["at"] and self._began_us - listed["at"] < source.listing_days * _DAY_US)

    def as_listing(self, known: DataFrame) -> DataFrame:
        """What a listing would show as far as it is known: the files of the ledger, those that have changed since, and the new ones."""
        latest = Window.partitionBy("doc_id").orderBy(F.desc("told_us"), F.desc("modified_us"))
        told = self._of_files().withColumn("number", F.row_number().over(latest)).where("number = 1")
        columns = ("path", "size_bytes", "modified_us")
        arrived = told.select("doc_id", *(F.col(name).alias(f"told_{name}") for name in columns))
        both = known.select("doc_id", *columns).join(arrived, "doc_id", "full_outer")
        files = both.select("doc_id", *(F.coalesce(f"told_{name}", name).alias(name) for name in columns))
        return files.select(
            "*", F.lit(False).alias("is_summary"), F.lit(None).cast("bigint").alias("files"), F.lit(None).cast("bigint").alias("errors")
        ).select(*(name.split()[0] for name in LISTING_DDL.split(", ")))

    def are_read(self, *, was_listed: bool) -> None:
        """Forget what was told before this run read it; after a whole listing, remember when that began."""
        if not self.is_watched or not (was_listed or self._of_files().take(1)):
            return
        kept = self._lake.read(self._table).where((F.col("source_id") != self._source) | F.col("path").isNull())
        if was_listed:
            listed = [("", None, 0, 0, self._source, self._began_us, self._run_id)]
            kept = kept.where(F.col("source_id") != self._source).unionByName(self._lake.spark.createDataFrame(listed, self._table.ddl))
        self._lake.overwrite(self._table, kept)

    def _told(self) -> DataFrame:
        return self._lake.read(self._table).where(F.col("source_id") == self._source)

    def _of_files(self) -> DataFrame:
        return self._told().where("path IS NOT NULL")

    @property
    def _checkpoint(self) -> Path:
        return self._lake.storage.path / "streams" / self._source / str(self._kind)

    def _stream(self, spark: SparkSession) -> DataFrame:
        source = self._settings.source
        reader = spark.readStream.option("recursiveFileLookup", "true")
        if source.discovery == "auto_loader":
            events = reader.format("cloudFiles").option("cloudFiles.format", "binaryFile").option("cloudFiles.useManagedFileEvents", "true")
            # the first run lists all that is there
            reader = events.option("cloudFiles.allowOverwrites", "true").option("cloudFiles.includeExistingFiles", "false")
        else:
            reader = reader.format("binaryFile").schema(_FILE_DDL).option("maxFileAge", _FOREVER)
        return reader.load(source_folder(self._settings)).select("path", "length", F.unix_micros("modificationTime").alias("modified_us"))


def _named(settings: Settings, kind: Kind, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    name = source_name(settings)
    for batch in batches:
        rows = []
        for told in rows_of(iter([batch])):
            path = below(str(told["path"]), settings.source.path)
            if kind_of(path.rpartition("/")[2]) is not kind:
                continue
            try:
                status = os.stat(Path(settings.source.path) / path)  # as a listing would see it: streams round times
            except (FileNotFoundError, NotADirectoryError):
                continue  # gone again; if it was known, the next whole listing sees that
            doc_id, modified_us = keyed_hash(settings, name, path), status.st_mtime_ns // 1000
            rows.append({"doc_id": doc_id, "path": listed_as(path), "size_bytes": status.st_size, "modified_us": modified_us})
        yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)


def below(path: str, source: str) -> str:
    """The path of a file below the source, of both as Spark or a person names them.

    Raises:
        SourceError: when it lies elsewhere.
    """
    bare, root = (_LOCAL_SCHEME.sub("", text) for text in (path, source))
    start = f"{root.rstrip('/')}/"
    if not bare.startswith(start):
        raise SourceError("The stream tells of files that do not lie below source.path; name the source as the stream does, without links.")
    return bare.removeprefix(start)
