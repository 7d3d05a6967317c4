"""What images show, as elements of their documents: each image is read once, however often it occurs.

Reads: the images that 01–05 have kept. Writes: raw.image_insights_<kind> by image and who read it; text and tables become elements after the
last element of the image's place, and a document that had no text before is no longer `needs_ocr`. Of a page that has text of its own only the
tables are taken; their rows stand in the place of those that the parser found there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakedocs.errors import BudgetError, LakedocsError, RefusedError, ServiceError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.arrow import arrow_type
from lakedocs.lakehouse.lake import Lake
from lakedocs.lakehouse.paid import Receipt, Spread, buy_missing, settle
from lakedocs.lakehouse.stage import TaskContext, materialised
from lakedocs.records import Flag, Kind, Shows, Status
from lakedocs.settings import Settings
from lakedocs.vision.open import Chosen, open_reader, price_of, prices, readers
from lakedocs.vision.protocol import Insight

_PLACE = ("page", "slide", "sheet", "cells", "part")
_TABLES = ("elements", "images", "files")
_TEXT_READ = "read != '' OR size(flatten(tables)) > 0"
_WITHOUT_TEXT = r"Without text: .*? can read them\. ?"
"""The sentence of `extract.pdf` that is no longer true once they are read."""
_ROW, _FEWEST_CELLS = "table_row", 2
"""A row has so many cells with text at least, where its page has text of its own."""


class ImageText:
    """Adds what images show to the slices of one ingest task.

    A service that stays away, or a budget that is spent, does not keep the documents back: they come without it, are read again in the next
    run, and `problem` says why at the end.
    """

    def __init__(self, context: TaskContext, kind: Kind) -> None:
        self._context = context
        self._kind = kind
        self._readers = readers(context.settings.vision)
        self._stage = {name: getattr(tables, name)(kind) for name in _TABLES}
        self._problems: dict[Chosen, LakedocsError] = {}
        for is_layout, price in prices(context.settings).items():  # of a killed run, whoever is chosen now
            settle(context, tables.image_insights(kind), price, _apart(is_layout=is_layout))

    @property
    def problem(self) -> LakedocsError | None:
        """Why some images could not be read."""
        return next(iter(self._problems.values()), None)

    def added(self, made: DataFrame) -> DataFrame:
        """The rows of a slice with the text of its images.

        Args:
            made: one nullable struct column each of elements, images and files of this kind.
        """
        if not self._readers:
            return made
        context, insights = self._context, tables.image_insights(self._kind)
        made = materialised(context, made, f"read_{self._kind}")
        image = self._stage["images"].name
        images = made.where(F.col(image).isNotNull()).select(f"{image}.*").withColumn("model", self._model())
        context.lake.ensure(insights)
        for chosen in self._readers:
            if chosen not in self._problems:
                self._read(chosen, images.where(F.col("model") == chosen.key), insights)
        read = context.lake.read(insights).select("sha256", "model", F.col("text").alias("read"), "caption", "tables")
        given = images.where("model IS NOT NULL")
        known = materialised(context, given.join(read, ["sha256", "model"], "left"), f"shown_{self._kind}")
        # text that a page has is never taken from anywhere else
        shown = known.withColumn("read", F.when(F.col("shows") == str(Shows.TABLE_PAGE), "").otherwise(F.col("read")))
        shown = shown.where(f"{_TEXT_READ} OR caption != ''")
        # where the service sees no table, what the parser took for one is kept
        has_rows = F.exists(F.flatten("tables"), lambda row: _filled(row) >= _FEWEST_CELLS)
        replaced = known.where((F.col("shows") == str(Shows.TABLE_PAGE)) & has_rows).select("doc_id", "page").distinct()
        unread = known.where("read IS NULL").select("root_id").distinct()
        return _merged(made, shown, replaced, unread, images.drop("model"), self._stage)

    def _model(self) -> Column:
        """The key of whoever reads an image; null where nobody does."""
        model = F.lit(None).cast("string")
        for chosen in self._readers:
            model = F.when(F.col("shows").isin([str(shows) for shows in chosen.shows]), F.lit(chosen.key)).otherwise(model)
        return model

    def _read(self, chosen: Chosen, images: DataFrame, insights: tables.Table) -> None:
        settings = self._context.settings
        price = price_of(settings, chosen)
        wanted = images.groupBy("sha256").agg(F.first("media_type").alias("text"))
        # the embedded engine takes a core for each call, a service none
        spread = Spread(settings.slices.partitions, 1) if chosen.is_embedded else None
        opened = partial(_ImagePurchase, settings, chosen, self._kind, self._context.run_id)

        def cost(_: int, number: int) -> float:
            return price.cost(items=number) if price else 0.0

        try:
            buy_missing(self._context, wanted, insights, chosen.key, opened, price, cost, spread, _apart(is_layout=chosen.is_layout))
        except (ServiceError, BudgetError) as error:
            self._problems[chosen] = error


def _apart(*, is_layout: bool) -> str:
    """Where receipts lie: a page has another price than an image."""
    return "layout" if is_layout else ""


def _merged(
    made: DataFrame, shown: DataFrame, replaced: DataFrame, unread: DataFrame, images: DataFrame, stage: dict[str, tables.Table]
) -> DataFrame:
    """The rows with elements for `shown` (rows of images, with `read`, `caption`, `tables`), in their place, and files that know of them.

    Args:
        replaced: doc_id, page: where the parser's rows of tables make room.
        unread: root_id of families that are to be read again, because an image has not been.
        images: all rows of images.
    """
    elements, files = stage["elements"], stage["files"]
    touched = shown.select("doc_id").union(replaced.select("doc_id")).distinct()
    parsed = made.where(F.col(elements.name).isNotNull()).select(f"{elements.name}.*").join(F.broadcast(touched), "doc_id", "left_semi")
    marked = parsed.join(F.broadcast(replaced.withColumn("is_replaced", F.lit(True))), ["doc_id", "page"], "left")
    is_lost = F.coalesce("is_replaced", F.lit(False)) & (F.col("kind") == _ROW)
    own, lost = marked.where(~is_lost).drop("is_replaced"), marked.where(is_lost)
    end = own.groupBy("doc_id").agg(F.max("ordinal").alias("end"))
    said = _said(shown)
    placed = said.join(_anchors(own, shown), ["doc_id", "image"], "left").join(end, "doc_id", "left").drop("image")
    placed = placed.withColumn("after", F.coalesce("at", F.when(F.coalesce("page", "slide").isNull(), F.col("end")), F.lit(-1)))
    placed = placed.drop("at", "end")
    both = own.withColumn("after", F.col("ordinal")).withColumn("then", F.lit(0)).withColumn("number", F.lit(0)).unionByName(placed)
    order = Window.partitionBy("doc_id").orderBy("after", "then", "number")
    ordered = both.withColumn("ordinal", (F.row_number().over(order) - 1).cast("int"))

    gained = said.groupBy("doc_id").agg(
        F.count("*").alias("more"), F.sum(F.length("text")).alias("more_characters"),
        F.sha2(F.concat_ws("\n", F.sort_array(F.collect_list(F.concat_ws(":", "then", "number", *_PLACE, "text")))), 256).alias("more_hash"),
    )  # fmt: skip
    fewer = lost.groupBy("doc_id").agg(
        F.count("*").alias("fewer"), F.sum(F.length("text")).alias("fewer_characters"),
        F.concat_ws(",", F.sort_array(F.collect_list(F.col("ordinal").cast("string")))).alias("fewer_hash"),
    )  # fmt: skip
    known = made.where(F.col(files.name).isNotNull()).select(f"{files.name}.*").join(F.broadcast(gained), "doc_id", "left")
    known = known.join(F.broadcast(fewer), "doc_id", "left")
    known = known.join(F.broadcast(unread.withColumn("is_unread", F.lit(True))), "root_id", "left")
    known = known.join(F.broadcast(_read_pages(own, shown, images)), "doc_id", "left")
    has_text, differs = F.coalesce("has_text", F.lit(False)), F.col("more").isNotNull() | F.col("fewer").isNotNull()
    output_hash = F.sha2(F.concat_ws(":", "output_hash", "more_hash", "fewer_hash"), 256)
    was_unread = has_text & (F.col("status") == str(Status.NEEDS_OCR))
    no_text = F.lit(str(Flag.PAGES_WITHOUT_TEXT))
    told_apart = F.when(F.col("all_pages"), F.regexp_replace("reason", _WITHOUT_TEXT, "")).otherwise(F.col("reason"))
    told = (
        known.withColumn("fingerprint", F.when(F.col("is_unread"), F.lit("")).otherwise(F.col("fingerprint")))
        .withColumn("output_hash", F.when(differs, output_hash).otherwise(F.col("output_hash")))
        .withColumn("elements", (F.col("elements") + F.coalesce("more", F.lit(0)) - F.coalesce("fewer", F.lit(0))).cast("int"))
        .withColumn("characters", F.col("characters") + F.coalesce("more_characters", F.lit(0)) - F.coalesce("fewer_characters", F.lit(0)))
        .withColumn("flags", F.when(F.col("all_pages"), F.array_remove("flags", no_text)).otherwise(F.col("flags")))
        .withColumn("reason", F.when(was_unread, F.lit("")).otherwise(told_apart))
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
    shown_on = images.where("page IS NOT NULL").select("doc_id", "page", "sha256", "shows")
    on_text = shown_on.join(with_text.withColumn("has_text", F.lit(True)), ["doc_id", "page"], "left")
    # a page that was drawn because its text is but a number or a stamp says nothing else before it is read
    bare = on_text.where((F.col("shows") == str(Shows.PAGE)) | F.col("has_text").isNull()).drop("shows", "has_text")
    read = shown.where(_TEXT_READ).select("doc_id", "sha256").distinct().withColumn("is_read", F.lit(True))
    pages = bare.join(read, ["doc_id", "sha256"], "left").groupBy("doc_id").agg(F.bool_and(F.coalesce("is_read", F.lit(False))).alias("all_pages"))
    texts = read.select("doc_id", F.lit(True).alias("has_text")).distinct()
    return texts.join(pages, "doc_id", "left")


def _said(shown: DataFrame) -> DataFrame:
    """Elements without their place among the others: the caption of an image, its text, its tables' rows; `then` and `number` order those of one
    place."""
    pieces = F.array(_piece("image_caption", F.col("caption")), _piece("image_text", F.col("read")))
    # a row with a single filled cell says nothing as a row; of a page without other text it is kept, for it stands nowhere else
    fewest = F.when(F.col("shows") == str(Shows.TABLE_PAGE), _FEWEST_CELLS).otherwise(1)

    def rows_of(table: Column) -> Column:
        rows = F.transform(table, lambda text, number: _piece(_ROW, text, number + 1, "table"))
        return F.filter(rows, lambda row: _filled(row["text"]) >= fewest)

    pieces = F.concat(pieces, F.coalesce(F.flatten(F.transform("tables", rows_of)), F.array()))
    rows = shown.select("doc_id", "root_id", "run_id", *_PLACE, F.col("ordinal").alias("image"), F.posexplode(pieces).alias("number", "piece"))
    return rows.where("piece.text != ''").select(
        "doc_id", "root_id", F.lit(None).cast("int").alias("ordinal"), "piece.*", *_PLACE, "run_id", "image",
        (F.col("image") + 1).alias("then"), "number",
    )  # fmt: skip


def _filled(row: Column) -> Column:
    """How many cells of a row have text."""
    return F.size(F.filter(F.split(row, r" \|"), lambda cell: F.trim(cell) != ""))


def _piece(kind: str, text: Column, level: Column | None = None, region: str = "image") -> Column:
    number = F.lit(0) if level is None else level
    return F.struct(F.lit(kind).alias("kind"), number.alias("level"), F.lit(region).alias("region"), text.alias("text"))


def _as_column(rows: DataFrame, table: tables.Table, made: DataFrame) -> DataFrame:
    row = F.struct(*(F.col(name).cast(kind).alias(name) for name, kind in table.columns))
    return rows.select(
        *(row.alias(name) if name == table.name else F.lit(None).cast(made.schema[name].dataType).alias(name) for name in made.columns)
    )


class _ImagePurchase:
    """Reads the images that 01–05 have kept, one a request."""

    def __init__(self, settings: Settings, chosen: Chosen, kind: Kind, run_id: str) -> None:
        from lakedocs.extract.cells import row_text  # with openpyxl, and the other with Pillow, which the clusters of the other tasks need not have
        from lakedocs.vision.prepare import prepared

        self._prepared, self._row_text = prepared, row_text
        self._reader = open_reader(settings, chosen)
        self._vision = settings.vision
        self._kind = kind
        self._folder = settings.storage.images(str(kind))
        self._key = chosen.key
        self._run_id = run_id

    def requests_of(self, texts: Sequence[str]) -> Iterator[list[int]]:
        return ([position] for position in range(len(texts)))

    def buy(self, hashes: Sequence[str], texts: Sequence[str]) -> Receipt:
        (sha256,) = hashes
        columns = tables.image_insights(self._kind).columns
        file = next(iter(Path(self._folder, sha256[:2]).glob(f"{sha256}.*")), None)
        if file is None:
            return Receipt({name: pa.array([], arrow_type(kind)) for name, kind in columns})  # it is looked for in the next run
        image = self._prepared(file.read_bytes(), self._vision)
        try:
            insight = self._reader.read(image) if image else Insight()
        except RefusedError as error:
            # the service will not take this image, ever: known as such, so that its file is not read again in every run
            insight = Insight(raw=json.dumps({"refused": str(error)}))
        found = insight.tables
        row = {
            "sha256": sha256, "model": self._key, "text": insight.text, "caption": insight.caption, "tags": list(insight.tags), "answer": insight.raw,
            "run_id": self._run_id, "tables": None if found is None else [[self._row_text(cells) for cells in table] for table in found],
        }  # fmt: skip
        return Receipt({name: pa.array([row[name]], arrow_type(kind)) for name, kind in columns}, items=int(image is not None))


def forget_insights(lake: Lake, kind: Kind) -> None:
    """Remove what is known of images that no document of this kind shows any more."""
    table = tables.image_insights(kind)
    if not lake.exists(table):
        return
    orphans = lake.read(table).select("sha256").distinct().join(lake.read(tables.images(kind)).select("sha256").distinct(), "sha256", "left_anti")
    if not orphans.isEmpty():
        lake.remove(table, lake.keys(orphans))
