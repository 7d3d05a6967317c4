"""By which text 07 labels a passage: its own; in a long document, where `classification.summary_above` says so, the document's summary."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import hash_of
from lakedocs.lakehouse.stage import TaskContext
from lakedocs.lakehouse.vectors import input_of


def label_input(context: TaskContext) -> DataFrame:
    """unit_id, input_hash, size_bytes of every document that has been cut."""
    ledger = context.lake.read(tables.PASSAGES_LEDGER)
    most = context.settings.classification.summary_above
    if not most:
        return input_of(ledger)
    summaries = context.lake.read(tables.SUMMARIES_LEDGER).select("unit_id", F.col("output_hash").alias("summary_hash"))
    judged = F.when(F.col("rows_out") > most, hash_of("output_hash", "summary_hash")).otherwise(F.col("output_hash"))
    return input_of(ledger.join(summaries, "unit_id", "left").withColumn("output_hash", judged))


def with_texts(context: TaskContext, units: DataFrame) -> DataFrame:
    """The documents without those that are to be labelled by a summary, but have none: a service refused it, or is away."""
    if not context.settings.classification.summary_above:
        return units
    summarised = context.lake.read(tables.SUMMARIES).select(F.col("doc_id").alias("unit_id"))
    missing = _long(context).withColumnRenamed("doc_id", "unit_id").join(summarised, "unit_id", "left_anti")
    return units.join(missing, "unit_id", "left_anti")


def label_texts(context: TaskContext, units: DataFrame | None = None) -> DataFrame:
    """passage_id, doc_id, text_hash, text for every passage of these documents, or of all: the text is what its label is judged by."""
    passages = context.lake.read(tables.PASSAGES)
    if units is not None:
        passages = passages.join(F.broadcast(units.select(F.col("unit_id").alias("doc_id"))), "doc_id", "left_semi")
    own = passages.select("passage_id", "doc_id", "text_hash", "text")
    if not context.settings.classification.summary_above:
        return own
    # a document without whole sentences, such as a spreadsheet, has an extractive summary of no words
    worded = context.lake.read(tables.SUMMARIES).where("text != ''")
    summaries = worded.join(_long(context), "doc_id", "left_semi").select("doc_id", F.col("text").alias("summary"))
    return own.join(summaries, "doc_id", "left").select(
        "passage_id", "doc_id", F.coalesce(F.sha2("summary", 256), "text_hash").alias("text_hash"), F.coalesce("summary", "text").alias("text")
    )


def _long(context: TaskContext) -> DataFrame:
    """doc_id of the documents with more passages than are labelled one by one."""
    is_long = F.col("rows_out") > context.settings.classification.summary_above
    return context.lake.read(tables.PASSAGES_LEDGER).where(is_long).select(F.col("unit_id").alias("doc_id"))
