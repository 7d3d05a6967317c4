"""The files of a source, listed by the workers, a shard per directory; what can't be listed is reported, never skipped."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from lakedocs import keys
from lakedocs.errors import SourceError
from lakedocs.extract.extensions import kind_of
from lakedocs.records import Kind
from lakedocs.settings import Settings

LISTING_DDL = "doc_id string, path string, size_bytes bigint, modified_us bigint, is_summary boolean, files bigint, errors bigint"
_SCHEMA = pa.schema(
    [("doc_id", pa.string()), ("path", pa.string()), ("size_bytes", pa.int64()), ("modified_us", pa.int64()),
     ("is_summary", pa.bool_()), ("files", pa.int64()), ("errors", pa.int64())]
)  # fmt: skip
_ROWS_A_BATCH = 5000


def source_name(settings: Settings) -> str:
    """What identifies the source: its fixed name, else its path."""
    return settings.source.name or str(Path(settings.source.path).absolute())


def source_id(settings: Settings) -> str:
    """A keyed hash of the source's name."""
    return keyed_hash(settings, "source", source_name(settings))


def keyed_hash(settings: Settings, *parts: str) -> str:
    """32 hex digits of an HMAC over the parts: an id from which no name can be guessed."""
    return keys.keyed_hash(_key(settings.keys.document_id, settings.storage.root), *parts)


@lru_cache(maxsize=8)
def _key(name: str, root: str) -> bytes:
    return keys.read_key(name, root)  # asked for each of millions of files


def path_of(source: str, listed: str) -> Path:
    """The path to open for a listed one, in which bytes that are no UTF-8 stand as `\\xe9`."""
    path = Path(source) / listed
    if "\\x" not in listed or path.exists():
        return path
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match.group(1), 16)]), listed.encode("utf-8"))
    return Path(source) / os.fsdecode(raw)


def listed_as(path: str) -> str:
    """A path as text: bytes that are no UTF-8 stand as `\\xe9`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def source_folder(settings: Settings) -> str:
    """The folder of documents.

    Raises:
        SourceError: where none is named, or something that workers can't open.
    """
    root = settings.source.path
    if not root:
        raise SourceError("No folder of documents is named: pass --source DIR (or the job parameter `source`).")
    if "://" in root:
        raise SourceError(
            "The source is a URL, which only Spark can open, and Spark passes over names that begin with _ or a dot: "
            "make an external volume over that location in Unity Catalog, and name its path, /Volumes/..."
        )
    return root


def list_source(spark: SparkSession, settings: Settings, kind: Kind) -> DataFrame:
    """The files of one kind, and a summary row per shard with the number of all files and of listing errors in it.

    Raises:
        SourceError: when the source is not a folder that can be read.
    """
    root = source_folder(settings)
    try:
        with os.scandir(root) as entries:
            folders = sorted(listed_as(entry.name) for entry in entries if entry.is_dir())
    except OSError as error:
        raise SourceError(f"The source can't be listed ({error.strerror}); nothing was removed. Check the path and its rights.") from error
    shards = [("", False), *((folder, True) for folder in folders)]
    frame = spark.createDataFrame(shards, "folder string, recursive boolean")
    return frame.mapInArrow(partial(_list_shards, settings, kind), LISTING_DDL)


def _list_shards(settings: Settings, kind: Kind, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    name = source_name(settings)
    for batch in batches:
        for shard in batch.to_pylist():
            yield from _list_shard(settings, name, kind, shard["folder"], shard["recursive"])


def _list_shard(settings: Settings, name: str, kind: Kind, folder: str, recursive: bool) -> Iterator[pa.RecordBatch]:
    files, errors = 0, 0
    rows: list[dict[str, object]] = []
    for found in walk(Path(settings.source.path), folder, recursive=recursive):
        if found is None:
            errors += 1
            continue
        path, status = found
        files += 1
        if kind_of(path.rpartition("/")[2]) is kind:
            rows.append(
                {"doc_id": keyed_hash(settings, name, path), "path": listed_as(path), "size_bytes": status.st_size,
                 "modified_us": status.st_mtime_ns // 1000, "is_summary": False}
            )  # fmt: skip
        if len(rows) >= _ROWS_A_BATCH:
            yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)
            rows = []
    rows.append({"is_summary": True, "files": files, "errors": errors})
    yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)


def walk(source: Path, folder: str, *, recursive: bool) -> Iterator[tuple[str, os.stat_result] | None]:
    """Path below `source` and status of each file in a folder of it; None for each file or folder that can't be listed.

    Links are followed, but for one to a folder that it lies in itself.
    """
    start = str(path_of(str(source), folder).relative_to(source)) if folder else ""
    root = os.stat(source)
    pending: list[tuple[str, frozenset[tuple[int, int]]]] = [(start, frozenset({(root.st_dev, root.st_ino)} if folder else ()))]
    while pending:
        current, above = pending.pop()
        try:
            status = os.stat(source / current)
            if (status.st_dev, status.st_ino) in above:
                continue  # the folder itself is such a link
            within = above | {(status.st_dev, status.st_ino)}
            # one by one: a flat folder may hold a million
            with os.scandir(source / current) as entries:
                for entry in entries:
                    path = f"{current}/{entry.name}" if current else entry.name
                    try:
                        if entry.is_dir():
                            status = os.stat(source / path)
                            if recursive and (status.st_dev, status.st_ino) not in within:
                                pending.append((path, within))
                        elif entry.is_file():  # else a socket, a pipe or a dangling link: nothing to read
                            yield path, entry.stat()
                    except OSError:
                        yield None
        except OSError:  # a folder that can't be opened, or no further
            yield None
