"""What images show, as elements of their documents: each image is read once, however often it occurs.

Reads: the images that 01–05 have kept. Writes: raw.image_insights_<kind> by image and engine; the text becomes elements after the last
element of the image's place, and a document that had no text before is no longer `needs_ocr`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakedocs.errors import BudgetError, LakedocsError, RefusedError, ServiceError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.paid import Receipt, Spread, buy_missing, settle
from lakedocs.lakehouse.stage import TaskContext, materialised
from lakedocs.records import Flag, Kind, Status
from lakedocs.settings import Settings
from lakedocs.vision.open import open_reader, reader_key, vision_price
from lakedocs.vision.protocol import Insight

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
        settle(context, tables.image_insights(kind), vision_price(context.settings))  # of a killed run, whoever read images then

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
        return _merged(made, shown, unread, images, self._stage)

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


def _merged(made: DataFrame, shown: DataFrame, unread: DataFrame, images: DataFrame, stage: dict[str, tables.Table]) -> DataFrame:
    """The rows with elements for `shown` (rows of images, with `read` and `caption`), in their place, and files that know of them.

    Args:
        unread: root_id of families that are to be read again, because an image has not been.
        images: all rows of images.
    """
    elements, files = stage["elements"], stage["files"]
    touched = shown.select("doc_id").distinct()
    own = made.where(F.col(elements.name).isNotNull()).select(f"{elements.name}.*").join(F.broadcast(touched), "doc_id", "left_semi")
    end = own.groupBy("doc_id").agg(F.max("ordinal").alias("end"))
    said = _said(shown)
    placed = said.join(_anchors(own, shown), ["doc_id", "image"], "left").join(end, "doc_id", "left").drop("image")
    placed = placed.withColumn("after", F.coalesce("at", F.when(F.coalesce("page", "slide").isNull(), F.col("end")), F.lit(-1)))
    placed = placed.drop("at", "end")
    both = own.withColumn("after", F.col("ordinal")).withColumn("then", F.lit(0)).unionByName(placed)
    order = Window.partitionBy("doc_id").orderBy("after", "then")
    ordered = both.withColumn("ordinal", (F.row_number().over(order) - 1).cast("int"))

    gained = said.groupBy("doc_id").agg(
        F.count("*").alias("more"), F.sum(F.length("text")).alias("more_characters"),
        F.sha2(F.concat_ws("\n", F.sort_array(F.collect_list(F.concat_ws(":", "then", *_PLACE, "text")))), 256).alias("more_hash"),
    )  # fmt: skip
    known = made.where(F.col(files.name).isNotNull()).select(f"{files.name}.*").join(F.broadcast(gained), "doc_id", "left")
    known = known.join(F.broadcast(unread.withColumn("is_unread", F.lit(True))), "root_id", "left")
    known = known.join(F.broadcast(_read_pages(own, shown, images)), "doc_id", "left")
    has_text, is_read = F.coalesce("has_text", F.lit(False)), F.col("more").isNotNull()
    was_unread = has_text & (F.col("status") == str(Status.NEEDS_OCR))
    no_text = F.lit(str(Flag.PAGES_WITHOUT_TEXT))
    told = (
        known.withColumn("fingerprint", F.when(F.col("is_unread"), F.lit("")).otherwise(F.col("fingerprint")))
        .withColumn("output_hash", F.when(is_read, F.sha2(F.concat_ws(":", "output_hash", "more_hash"), 256)).otherwise(F.col("output_hash")))
        .withColumn("elements", (F.col("elements") + F.coalesce("more", F.lit(0))).cast("int"))
        .withColumn("characters", F.col("characters") + F.coalesce("more_characters", F.lit(0)))
        .withColumn("flags", F.when(F.col("all_pages"), F.array_remove("flags", no_text)).otherwise(F.col("flags")))
        .withColumn("reason", F.when(was_unread, F.lit("")).otherwise(F.col("reason")))
        .withColumn("status", F.when(was_unread, F.lit(str(Status.OK))).otherwise(F.col("status")))
    )
    untouched = made.where(F.col(files.name).isNull()).join(
        F.broadcast(touched), made[f"{elements.name}.doc_id"] == touched["doc_id"], "left_anti"
    )  # images and the elements of other documents
    return untouched.unionByName(_as_column(ordered, elements, made)).unionByName(_as_column(told, files, made))


def _anchors(own: DataFrame, shown: DataFrame) -> DataFrame:
    """doc_id, image, at: the ordinal of the last element at the place of an image, else of the last one on its page or slide, or before these."""
    images = shown.select("doc_id", F.col("ordinal").alias("image"), *_PLACE).alias("i")
    here = own.groupBy("doc_id", *_PLACE).agg(F.max("ordinal").alias("same")).alias("e")
    is_here = F.col("i.doc_id") == F.col("e.doc_id")
    for name in _PLACE:
        is_here = is_here & F.col(f"i.{name}").eqNullSafe(F.col(f"e.{name}"))
    same = images.join(here, is_here, "left").select("i.*", "e.same").alias("i")
    # by page or slide, of which there are few: an image may stand where no element does
    pages = own.where("page IS NOT NULL OR slide IS NOT NULL").groupBy("doc_id", "page", "slide").agg(F.max("ordinal").alias("last")).alias("p")
    is_before = (F.col("i.doc_id") == F.col("p.doc_id")) & ((F.col("p.page") <= F.col("i.page")) | (F.col("p.slide") <= F.col("i.slide")))
    joined = same.join(pages, is_before, "left").groupBy("i.doc_id", "i.image").agg(F.max("i.same").alias("same"), F.max("p.last").alias("before"))
    return joined.select("doc_id", "image", F.coalesce("same", "before").alias("at"))


def _read_pages(own: DataFrame, shown: DataFrame, images: DataFrame) -> DataFrame:
    """doc_id, has_text: whether any text was read in its images (a caption is none); all_pages: on every page that has no other text."""
    with_text = own.where("page IS NOT NULL").select("doc_id", "page").distinct()
    bare = images.where("page IS NOT NULL").select("doc_id", "page", "sha256").join(with_text, ["doc_id", "page"], "left_anti")
    read = shown.where("read != ''").select("doc_id", "sha256").distinct().withColumn("is_read", F.lit(True))
    pages = bare.join(read, ["doc_id", "sha256"], "left").groupBy("doc_id").agg(F.bool_and(F.coalesce("is_read", F.lit(False))).alias("all_pages"))
    texts = read.select("doc_id", F.lit(True).alias("has_text")).distinct()
    return texts.join(pages, "doc_id", "left")


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
        "piece.text", *_PLACE, "run_id", "image", (F.col("image") * 2 + F.col("piece.number") + 1).alias("then"),
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
        self._kind = kind
        self._folder = settings.storage.images(str(kind))
        self._key = reader_key(settings.vision)
        self._run_id = run_id

    def requests_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        return ([position] for position in range(len(texts)))

    def buy(self, hashes: Sequence[str], texts: Sequence[str]) -> Receipt:
        (sha256,) = hashes
        file = next(iter(Path(self._folder, sha256[:2]).glob(f"{sha256}.*")), None)
        if file is None:
            return Receipt(dict.fromkeys(tables.image_insights(self._kind).names, pa.array([], pa.string())))  # it is looked for in the next run
        image = self._prepared(file.read_bytes(), self._vision)
        try:
            insight = self._reader.read(image) if image else Insight()
        except RefusedError as error:
            # the service will not take this image, ever: known as such, so that its file is not read again in every run
            insight = Insight(raw=json.dumps({"refused": str(error)}))
        row = {
            "sha256": sha256, "model": self._key, "text": insight.text, "caption": insight.caption, "tags": list(insight.tags), "answer": insight.raw,
            "run_id": self._run_id,
        }  # fmt: skip
        columns = {name: pa.array([value]) if name != "tags" else pa.array([value], pa.list_(pa.string())) for name, value in row.items()}
        return Receipt(columns, items=int(image is not None))


def forget_insights(lake: Lake, kind: Kind) -> None:
    """Remove what is known of images that no document of this kind shows any more."""
    table = tables.image_insights(kind)
    if not lake.exists(table):
        return
    orphans = lake.read(table).select("sha256").distinct().join(lake.read(tables.images(kind)).select("sha256").distinct(), "sha256", "left_anti")
    if not orphans.isEmpty():
        lake.remove(table, lake.keys(orphans))
