"""What images show, as elements of their documents: each image is read once, however often it occurs.

Reads: the images that 01–05 have kept. Writes: raw.image_insights_<kind> by image and engine; the text becomes elements after the last
element of the image's place, and a document that had no text before is no longer `needs_ocr`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakedocs.errors import BudgetError, LakedocsError, ServiceError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.paid import Receipt, Spread, buy_missing
from lakedocs.lakehouse.stage import TaskContext, materialised
from lakedocs.records import Flag, Kind, Status
from lakedocs.settings import Settings
from lakedocs.vision.open import open_reader, reader_key, vision_price

_PLACE = ("page", "slide", "sheet", "cells", "part")
_TABLES = ("elements", "images", "files")


class ImageText:
    """Adds what images show to the slices of one ingest task.

    A service that stays away, or a budget that is spent, does not keep the documents back: they come without it, are read again in the next
    run, and `problem` says why at the end.
    """

    def __init__(self, context: TaskContext, kind: Kind) -> None:
        self._context = context
        self._kind = kind
        self._key = reader_key(context.settings.vision)
        self._stage = {name: getattr(tables, name)(kind) for name in _TABLES}
        self.problem: LakedocsError | None = None

    def added(self, made: DataFrame) -> DataFrame:
        """The rows of a slice with the text of its images.

        Args:
            made: one nullable struct column each of elements, images and files of this kind.
        """
        if not self._key:
            return made
        context, insights = self._context, tables.image_insights(self._kind)
        made = materialised(context, made, f"read_{self._kind}")
        image = self._stage["images"].name
        images = made.where(F.col(image).isNotNull()).select(f"{image}.*")
        context.lake.ensure(insights)
        if self.problem is None:
            try:
                self._read(images, insights)
            except (ServiceError, BudgetError) as error:
                self.problem = error
        read = context.lake.read(insights).where(F.col("model") == self._key).select("sha256", F.col("text").alias("read"), "caption")
        known = materialised(context, images.join(read, "sha256", "left"), f"shown_{self._kind}")
        shown = known.where("read != '' OR caption != ''")
        unread = known.where("read IS NULL").select("root_id").distinct()
        return _merged(made, shown, unread, self._stage)

    def _read(self, images: DataFrame, insights: tables.Table) -> None:
        settings = self._context.settings
        price = vision_price(settings)
        wanted = images.groupBy("sha256").agg(F.first("media_type").alias("text"))
        # the embedded engine takes a core for each call, a service none
        spread = Spread(settings.slices.partitions, 1) if settings.vision.engine == "ocr" else None
        opened = partial(_ImagePurchase, settings, self._kind, self._context.run_id)

        def cost(_: int, number: int) -> float:
            return price.cost(items=number) if price else 0.0

        buy_missing(self._context, wanted, insights, self._key, opened, price, cost, spread)


def _merged(made: DataFrame, shown: DataFrame, unread: DataFrame, stage: dict[str, tables.Table]) -> DataFrame:
    """The rows with elements for `shown` (rows of images, with `read` and `caption`), in their place, and files that know of them.

    Args:
        unread: root_id of families that are to be read again, because an image has not been.
    """
    elements, files = stage["elements"], stage["files"]
    touched = shown.select("doc_id").distinct()
    own = made.where(F.col(elements.name).isNotNull()).select(f"{elements.name}.*").join(F.broadcast(touched), "doc_id", "left_semi")
    last = own.groupBy("doc_id", *_PLACE).agg(F.max("ordinal").alias("at"))
    end = own.groupBy("doc_id").agg(F.max("ordinal").alias("end"))
    said = _said(shown).alias("s")
    here = last.alias("l")
    same_place = F.col("s.doc_id") == F.col("l.doc_id")
    for name in _PLACE:
        same_place = same_place & F.col(f"s.{name}").eqNullSafe(F.col(f"l.{name}"))
    placed = said.join(here, same_place, "left").select("s.*", F.col("l.at")).join(end, "doc_id", "left")
    placed = placed.withColumn("after", F.coalesce("at", "end", F.lit(-1))).drop("at", "end")
    both = own.withColumn("after", F.col("ordinal")).withColumn("then", F.lit(0)).unionByName(placed)
    order = Window.partitionBy("doc_id").orderBy("after", "then")
    ordered = both.withColumn("ordinal", (F.row_number().over(order) - 1).cast("int"))

    gained = said.groupBy("doc_id").agg(
        F.count("*").alias("more"), F.sum(F.length("text")).alias("more_characters"),
        F.sha2(F.concat_ws("\n", F.sort_array(F.collect_list(F.concat_ws(":", "then", "text")))), 256).alias("more_hash"),
    )  # fmt: skip
    known = made.where(F.col(files.name).isNotNull()).select(f"{files.name}.*").join(F.broadcast(gained), "doc_id", "left")
    known = known.join(F.broadcast(unread.withColumn("is_unread", F.lit(True))), "root_id", "left")
    is_read = F.col("more").isNotNull()
    no_text = F.lit(str(Flag.PAGES_WITHOUT_TEXT))
    told = (
        known.withColumn("fingerprint", F.when(F.col("is_unread"), F.lit("")).otherwise(F.col("fingerprint")))
        .withColumn("output_hash", F.when(is_read, F.sha2(F.concat_ws(":", "output_hash", "more_hash"), 256)).otherwise(F.col("output_hash")))
        .withColumn("elements", (F.col("elements") + F.coalesce("more", F.lit(0))).cast("int"))
        .withColumn("characters", F.col("characters") + F.coalesce("more_characters", F.lit(0)))
        .withColumn("flags", F.when(is_read, F.array_remove("flags", no_text)).otherwise(F.col("flags")))
        .withColumn("reason", F.when(is_read & (F.col("status") == str(Status.NEEDS_OCR)), F.lit("")).otherwise(F.col("reason")))
        .withColumn("status", F.when(is_read & (F.col("status") == str(Status.NEEDS_OCR)), F.lit(str(Status.OK))).otherwise(F.col("status")))
    )
    untouched = made.where(F.col(files.name).isNull()).join(
        F.broadcast(touched), made[f"{elements.name}.doc_id"] == touched["doc_id"], "left_anti"
    )  # images and the elements of other documents
    return untouched.unionByName(_as_column(ordered, elements, made)).unionByName(_as_column(told, files, made))


def _said(shown: DataFrame) -> DataFrame:
    """Elements without their place among the others: the caption of an image, then its text; `then` orders those of one place."""
    pieces = F.array(
        F.struct(F.lit("image_caption").alias("kind"), F.col("caption").alias("text"), F.lit(0).alias("number")),
        F.struct(F.lit("image_text").alias("kind"), F.col("read").alias("text"), F.lit(1).alias("number")),
    )
    rows = shown.select("doc_id", "root_id", "run_id", *_PLACE, F.col("ordinal").alias("image"), F.explode(pieces).alias("piece")).where(
        "piece.text != ''"
    )
    return rows.select(
        "doc_id", "root_id", F.lit(None).cast("int").alias("ordinal"), "piece.kind", F.lit(0).alias("level"), F.lit("image").alias("region"),
        "piece.text", *_PLACE, "run_id", (F.col("image") * 2 + F.col("piece.number") + 1).alias("then"),
    )  # fmt: skip


def _as_column(rows: DataFrame, table: tables.Table, made: DataFrame) -> DataFrame:
    row = F.struct(*(F.col(name).cast(kind).alias(name) for name, kind in table.columns))
    return rows.select(
        *(row.alias(name) if name == table.name else F.lit(None).cast(made.schema[name].dataType).alias(name) for name in made.columns)
    )


class _ImagePurchase:
    """Reads the images that 01–05 have kept, one a request."""

    def __init__(self, settings: Settings, kind: Kind, run_id: str) -> None:
        from lakedocs.vision.prepare import prepared  # with Pillow, which the clusters of the other tasks need not have

        self._prepared = prepared
        self._reader = open_reader(settings)
        self._vision = settings.vision
        self._folder = settings.storage.images(str(kind))
        self._key = reader_key(settings.vision)
        self._run_id = run_id

    def requests_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        return ([position] for position in range(len(texts)))

    def buy(self, hashes: Sequence[str], texts: Sequence[str]) -> Receipt:
        (sha256,) = hashes
        file = next(iter(Path(self._folder, sha256[:2]).glob(f"{sha256}.*")), None)
        image = self._prepared(file.read_bytes(), self._vision) if file else None
        insight = self._reader.read(image) if image else None
        row = {
            "sha256": sha256, "model": self._key, "text": insight.text if insight else "", "caption": insight.caption if insight else "",
            "tags": list(insight.tags) if insight else [], "answer": insight.raw if insight else "", "run_id": self._run_id,
        }  # fmt: skip
        return Receipt({name: pa.array([value]) if name != "tags" else pa.array([value], pa.list_(pa.string())) for name, value in row.items()})


def forget_insights(lake: Lake, kind: Kind) -> None:
    """Remove what is known of images that no document of this kind shows any more."""
    table = tables.image_insights(kind)
    if not lake.exists(table):
        return
    orphans = lake.read(table).select("sha256").distinct().join(lake.read(tables.images(kind)).select("sha256").distinct(), "sha256", "left_anti")
    if not orphans.isEmpty():
        lake.remove(table, lake.keys(orphans))
