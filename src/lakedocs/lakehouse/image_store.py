"""Images on disk, by the hash of their bytes: listed and deleted by the workers, a shard per folder, for there may be millions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import functions as F

from lakedocs.lakehouse import tables
from lakedocs.lakehouse.arrow import rows_of
from lakedocs.lakehouse.image_text import forget_insights
from lakedocs.lakehouse.lake import Lake
from lakedocs.records import Kind

_STORED_DDL = "sha256 string, path string"
_STORED_SCHEMA = pa.schema([("sha256", pa.string()), ("path", pa.string())])
_DELETED_DDL = "deleted bigint"
_ROWS_A_BATCH = 5000


def forget_images(lake: Lake, kind: Kind) -> None:
    """Delete stored images that no document of this kind shows any more, and what they showed; asked only when documents changed or went."""
    forget_insights(lake, kind)
    folder = lake.storage.images(kind)
    shards = [(path.name,) for path in folder.iterdir()] if folder.is_dir() else []
    if not shards:
        return
    stored = lake.spark.createDataFrame(shards, "shard string").mapInArrow(partial(_list_images, folder), _STORED_DDL)
    orphans = stored.join(lake.read(tables.images(kind)).select("sha256").distinct(), "sha256", "left_anti")
    orphans.mapInArrow(_delete_files, _DELETED_DDL).agg(F.sum("deleted")).collect()


def _list_images(folder: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The hash and path of each image in these shards."""
    for row in rows_of(batches):
        found: list[dict[str, str]] = []
        for path in (folder / str(row["shard"])).iterdir():
            found.append({"sha256": path.stem, "path": str(path)})
            if len(found) == _ROWS_A_BATCH:
                yield pa.RecordBatch.from_pylist(found, schema=_STORED_SCHEMA)
                found = []
        yield pa.RecordBatch.from_pylist(found, schema=_STORED_SCHEMA)


def _delete_files(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """How many there were, a row per batch; a task that is tried again finds some gone already."""
    for batch in batches:
        for path in batch.column("path").to_pylist():
            Path(path).unlink(missing_ok=True)
        yield pa.RecordBatch.from_pydict({"deleted": [batch.num_rows]})
