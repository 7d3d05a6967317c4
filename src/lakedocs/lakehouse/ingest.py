"""What 01–05 share: list a source, find new, changed and gone files, read them where they can be killed, write three tables.

Reads: files of the source. Writes: raw.files_<kind>, raw.elements_<kind>, raw.images_<kind>, all keyed by the root file.
A re-run opens only files whose size, time or fingerprint differ; files that merely were touched are hashed, not read.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath

import pyarrow as pa
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from lakedocs.errors import SourceError
from lakedocs.extract.isolation import IsolatedReader
from lakedocs.extract.limits import Limits
from lakedocs.keys import document_passwords
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.arrivals import Arrivals
from lakedocs.lakehouse.arrow import Row, Rows, multi_batches, multi_ddl, rows_of
from lakedocs.lakehouse.changes import Work, fresh_folder, stage_difference
from lakedocs.lakehouse.image_store import forget_images
from lakedocs.lakehouse.image_text import ImageText
from lakedocs.lakehouse.listing import keyed_hash, list_source, path_of, source_id
from lakedocs.lakehouse.lists import list_entries
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.reading import ReadAs, read_as_now
from lakedocs.lakehouse.spread import placed, spread_over
from lakedocs.lakehouse.stage import Figures, Stage, TaskContext, apply, materialised
from lakedocs.records import Document, Kind, Place, Shows, Status
from lakedocs.redact.fingerprint import policy_fingerprint
from lakedocs.settings import Settings
from lakedocs.vision.open import readers

_UNITS_DDL = """
    unit_id string, gone boolean, slice_key string, size_bytes bigint, path string, modified_us bigint, tries int, known_hash string,
    touched boolean
"""
_UNITS_SCHEMA = pa.schema(
    [("unit_id", pa.string()), ("gone", pa.bool_()), ("slice_key", pa.string()), ("size_bytes", pa.int64()), ("path", pa.string()),
     ("modified_us", pa.int64()), ("tries", pa.int32()), ("known_hash", pa.string()), ("touched", pa.bool_())]
)  # fmt: skip


def run_ingest(context: TaskContext, kind: Kind) -> Figures:
    """Bring the tables of one kind up to date with the source.

    Raises:
        SourceError: when the source can't be listed whole, or so much is gone that a person should look first.
        ServiceError: when images could not be read because their service stayed away; all else is done, and these are tried again.
        BudgetError: the same, because the budget was spent.
    """
    stage = Stage(tables.files(kind), (tables.elements(kind), tables.images(kind)), key="root_id", ledger_key="root_id", counts_units=True)
    settings, storage = context.settings, context.settings.storage
    read_as = read_as_now(settings)
    fresh = context.lake.ensure(*stage.tables)

    policy = policy_fingerprint(settings, list_entries(context.lake))
    ledger = context.lake.read(stage.ledger)
    known = ledger.where((F.col("source_id") == source_id(settings)) & F.col("parent_id").isNull())
    arrivals = Arrivals(context, kind)
    is_told = arrivals.gather()
    listing = arrivals.as_listing(known) if is_told else list_source(context.spark, settings, kind)
    listed = Observation()
    compared = _compared(listing, read_as.marked(known, ledger), read_as, policy).observe(
        listed, F.sum("files").alias("files"), F.sum("errors").alias("errors"), F.count("known_hash").alias("hashable")
    )
    compared = compared.where("NOT is_summary").drop("is_summary", "files", "errors")
    work = stage_difference(compared, fresh_folder(storage, context.task_key, "units"), settings.slices)
    found = listed.get
    _check_removals(settings, found["files"] or 0, found["errors"] or 0, work.gone, known)
    if found["hashable"]:
        work = _without_touched(context, stage, work)
    image_text = ImageText(context, kind)
    figures = apply(context, stage, work, partial(_read_units, context, kind, read_as, image_text), all(fresh.values()))
    if work.gone or (work.stale and not all(fresh.values())) or context.recovering:
        forget_images(context.lake, kind)
    arrivals.are_read(was_listed=not is_told)
    if image_text.problem:
        raise image_text.problem
    if not work.stale:
        return figures
    refused = context.lake.read(stage.ledger).where((F.col("run_id") == context.run_id) & (F.col("status") != "ok")).count()
    return figures + Figures(refused=refused)


def parser_limits(settings: Settings) -> Limits:
    """The limits of the parsers, which draw the pages that somebody reads."""
    limits = settings.limits
    read = {shows for chosen in readers(settings.vision) for shows in chosen.shows}
    return limits.model_copy(
        update={
            "pages_as_images": limits.pages_as_images or Shows.PAGE in read,
            "table_pages_as_images": limits.table_pages_as_images or Shows.TABLE_PAGE in read,
        }
    )


def _compared(listing: DataFrame, known: DataFrame, read_as: ReadAs, policy: str) -> DataFrame:
    """Every file, listed or known, and whether it differs; the listing's summary rows come with it."""
    before = known.select(
        F.col("doc_id").alias("known_id"), F.col("size_bytes").alias("known_size"), F.col("modified_us").alias("known_time"),
        F.col("content_hash").alias("known_content"), F.col("tries").alias("known_tries"),
        # text that retention removed is read again only where it would be redacted in another way now
        read_as.is_settled(purged_under=policy).alias("is_settled"),
    )  # fmt: skip
    joined = listing.join(before, F.col("doc_id") == F.col("known_id"), "full_outer")
    same_size = F.col("size_bytes") == F.col("known_size")
    same_file = same_size & (F.col("modified_us") == F.col("known_time"))
    unchanged = F.coalesce(F.col("is_settled") & same_file, F.lit(False))
    is_hashable = ~unchanged & F.col("is_settled") & same_size & (F.col("known_content") != "")
    return joined.select(
        F.coalesce("is_summary", F.lit(False)).alias("is_summary"),
        "files",
        "errors",
        F.coalesce("doc_id", "known_id").alias("unit_id"),
        (~unchanged).alias("differs"),
        F.col("doc_id").isNull().alias("gone"),
        F.coalesce("size_bytes", F.lit(0)).cast("string").alias("slice_key"),
        F.coalesce("size_bytes", F.lit(0)).alias("size_bytes"),
        "path",
        "modified_us",
        F.coalesce(F.when(same_file, F.col("known_tries")), F.lit(0)).alias("tries"),
        F.when(is_hashable, F.col("known_content")).alias("known_hash"),
        F.lit(False).alias("touched"),
    )


def _mark_touched(source: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Hash the files that have a new time but their old size: those with the old content were only touched."""
    for batch in batches:
        rows = batch.to_pylist()
        for row in rows:
            if row["known_hash"]:
                row["touched"] = _content_hash(path_of(source, row["path"])) == row["known_hash"]
        yield pa.RecordBatch.from_pylist(rows, schema=_UNITS_SCHEMA)


def _content_hash(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""  # it is read as a changed file next, and gets its status there


def _check_removals(settings: Settings, files: int, errors: int, gone: int, known: DataFrame) -> None:
    if errors:
        raise SourceError(f"{errors} folders or files of the source can't be listed; nothing was removed. Check their rights and run again.")
    if not gone or settings.source.allow_removal:
        return
    before = known.count()
    allow = "run once with --param allow_removal=true"
    if not files:
        raise SourceError(f"The source is empty, but {before} documents are known from it; nothing was removed. If they are gone, {allow}.")
    if gone > settings.source.removal_free and gone > settings.source.removal_max_share * before:
        raise SourceError(f"{gone} of {before} documents are gone from the source; nothing was removed. If that is right, {allow}.")


def _without_touched(context: TaskContext, stage: Stage, work: Work) -> Work:
    """The work without files that merely have a new time; their rows remember it."""
    marked = work.rows(context.spark).mapInArrow(partial(_mark_touched, context.settings.source.path), _UNITS_DDL)
    hashed = materialised(context, marked, "hashed")
    left = stage_difference(
        hashed.withColumn("differs", ~F.col("touched")), fresh_folder(context.settings.storage, context.task_key, "units"), context.settings.slices
    )
    if left.same:
        _remember_times(context, stage, hashed.where("touched").select("unit_id", "modified_us"))
    return replace(left, same=work.same + left.same)


def _remember_times(context: TaskContext, stage: Stage, touched: DataFrame) -> None:
    known = context.lake.read(stage.ledger).drop("modified_us")
    rows = known.join(F.broadcast(touched), known["doc_id"] == touched["unit_id"], "inner")
    context.lake.upsert(stage.ledger, rows, "doc_id")


def _read_units(context: TaskContext, kind: Kind, read_as: ReadAs, image_text: ImageText, units: DataFrame) -> DataFrame:
    # equal bytes have equal size: files of one size come to one worker one after the other, which reads equal ones once
    number = spread_over(context, units)
    partitioned = placed(units, number).repartitionById(number, "partition").drop("partition").sortWithinPartitions(F.desc("size_bytes"))
    stage_tables = (tables.elements(kind), tables.images(kind), tables.files(kind))
    read = partial(_read_files, context.settings, kind, source_id(context.settings), read_as, context.run_id, context.task_key, stage_tables)
    return image_text.added(partitioned.mapInArrow(read, multi_ddl(stage_tables)))


@lru_cache(maxsize=1)
def _reader(limits: Limits, passwords: tuple[str, ...]) -> IsolatedReader:
    return IsolatedReader(limits, passwords)


def _read_files(
    settings: Settings,
    kind: Kind,
    source: str,
    read_as: ReadAs,
    run_id: str,
    task_key: str,
    stage_tables: tuple[tables.Table, ...],
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    reader = _reader(parser_limits(settings), document_passwords(settings))
    images = settings.storage.images(kind)
    writer = _RowWriter(settings, kind, source, read_as, run_id)

    def rows() -> Rows:
        same_size: tuple[int, dict[str, Document]] = (-1, {})
        for unit in rows_of(batches):
            path = path_of(settings.source.path, str(unit["path"]))
            if same_size[0] != unit["size_bytes"]:
                same_size = (int(str(unit["size_bytes"])), {})
            content = _content_hash(path) if same_size[1] else ""
            twin = same_size[1].get(content)
            # the name decides little but something (a .csv is text, whatever it holds), so twins share their extension
            is_twin = twin is not None and PurePosixPath(twin.name).suffix == path.suffix
            document = twin if is_twin and twin is not None else reader.read(str(path), path.name, images)
            if document.content_hash and len(same_size[1]) < 4:
                same_size[1][document.content_hash] = document
            yield from writer.rows(document, unit)
            tick(settings.storage.progress_folder, task_key)

    yield from multi_batches(stage_tables, rows())


class _RowWriter:
    """Turns a document and its attachments into rows of the three tables."""

    def __init__(self, settings: Settings, kind: Kind, source: str, read_as: ReadAs, run_id: str) -> None:
        self._settings = settings
        self._kind = kind
        self._source = source
        self._read_as = read_as
        self._run_id = run_id
        self._files, self._elements, self._images = tables.files(kind), tables.elements(kind), tables.images(kind)

    def rows(self, document: Document, unit: Row) -> Rows:
        path = str(unit["path"])
        root_id = str(unit["unit_id"])
        tries = int(str(unit["tries"])) + 1
        is_tried_again = document.status is Status.TIMED_OUT and tries < self._settings.source.time_out_tries
        family = _Family(root_id, unit, "" if is_tried_again or not document.is_final else self._read_as.of(document), tries)
        yield from self._document(document, root_id, None, path, PurePosixPath(path).name, 0, family)

    def _document(self, document: Document, doc_id: str, parent_id: str | None, path: str, name: str, depth: int, family: _Family) -> Rows:
        output = hashlib.sha256(f"{name}\x00{path}\x00{document.status}\x00{document.reason}".encode("utf-8", "replace"))
        identity: Row = {"doc_id": doc_id, "root_id": family.root_id, "run_id": self._run_id}
        for ordinal, element in enumerate(document.elements):
            output.update(repr((element.kind, element.level, element.region, element.text, element.place)).encode("utf-8", "replace"))
            yield (
                self._elements,
                {**identity, "ordinal": ordinal, "kind": element.kind, "level": element.level, "region": element.region,
                 "text": _storable(element.text), **_place_row(element.place)},
            )  # fmt: skip
        for ordinal, image in enumerate(document.images):
            yield (
                self._images,
                {**identity, "ordinal": ordinal, "sha256": image.sha256, "media_type": image.media_type, "size_bytes": image.size_bytes,
                 "width_px": image.width_px, "height_px": image.height_px, "shows": str(image.shows),
                 **_place_row(image.place)},
            )  # fmt: skip
        for number, child in enumerate(document.children):
            child_id = keyed_hash(self._settings, doc_id, str(number), child.name)
            yield from self._document(child, child_id, doc_id, f"{path}/{child.name}", child.name, depth + 1, family)
        yield (
            self._files,
            {**identity, "parent_id": parent_id, "source_id": self._source, "path": _storable(path), "name": _storable(name),
             "kind": str(self._kind), "depth": depth, "size_bytes": document.size_bytes if depth else family.unit["size_bytes"],
             "modified_us": family.unit["modified_us"], "read_us": time.time_ns() // 1000, "content_hash": document.content_hash,
             "status": str(document.status),
             "reason": document.reason, "flags": [str(flag) for flag in document.flags], "parser": document.parser,
             "fingerprint": family.fingerprint, "elements": len(document.elements),
             "characters": sum(len(element.text) for element in document.elements), "images": len(document.images),
             "output_hash": output.hexdigest(), "seconds": document.seconds, "peak_mb": document.peak_mb, "tries": family.tries,
             "guesses": [asdict(guess) for guess in document.guesses]},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Family:
    """What a file and its attachments share."""

    root_id: str
    unit: Row
    fingerprint: str
    """Empty where the next run is to read them again."""

    tries: int


def _storable(text: str) -> str:
    """Text without lone surrogates, which neither Arrow nor JSON can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _place_row(place: Place) -> Row:
    return {"page": place.page, "slide": place.slide, "sheet": place.sheet, "cells": place.cells, "part": place.part}
