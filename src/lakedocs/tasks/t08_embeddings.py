"""08: a vector for every distinct text of the passages.

Reads: docs.passages, docs.label_vectors (where 07 used the same model, its vectors are taken over). Writes: docs.embeddings by
text hash and model, docs.failures. A re-run embeds texts that have no vector of the model yet; vectors that no passage needs any more go.
A document of which a service refuses a text stays out of the ledger and is tried again in the next run.
"""

from __future__ import annotations

from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.embed.open import model_key
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.stage import Figures, Stage, TaskContext, ledger_rows, run_derived, tagged
from lakedocs.lakehouse.vectors import embed_missing, forget_orphans, incomplete, input_of, texts_of, without_refused
from lakedocs.services.options import OUTSIDE
from lakedocs.settings import fingerprint

_VERSION = "embeddings/1"
_STAGE = Stage(tables.EMBEDDINGS_LEDGER, (), key="doc_id")


def run(context: TaskContext) -> Figures:
    """Bring docs.embeddings up to date with docs.passages."""
    chosen = context.settings.embedding
    context.lake.ensure(tables.EMBEDDINGS)
    upstream = input_of(context.lake.read(tables.PASSAGES_LEDGER))
    figures = run_derived(context, _STAGE, upstream, fingerprint(_VERSION, model_key(chosen)), partial(_embed, context))
    if figures.gone or figures.stale or context.recovering:
        forget_orphans(context, tables.EMBEDDINGS, model_key(chosen))
    return figures + incomplete(context, tables.EMBEDDINGS_LEDGER) if figures.stale and chosen.engine in OUTSIDE else figures


def _embed(context: TaskContext, units: DataFrame) -> DataFrame:
    chosen = context.settings.embedding
    texts = texts_of(context, units)
    _take_over(context, texts)
    refused = embed_missing(context, texts, chosen, tables.EMBEDDINGS)
    units = without_refused(units, refused, context.lake.read(tables.PASSAGES))
    nothing = units.select("unit_id", F.lit("").alias("item")).limit(0)
    return tagged(ledger_rows(context, units, nothing), tables.EMBEDDINGS_LEDGER, _STAGE)


def _take_over(context: TaskContext, texts: DataFrame) -> None:
    """Copy what 07 has embedded with the same model, instead of embedding it again."""
    key = model_key(context.settings.embedding)
    held = context.lake.read(tables.LABEL_VECTORS).where(F.col("model") == key)
    known = context.lake.read(tables.EMBEDDINGS).where(F.col("model") == key).select("text_hash")
    wanted = texts.select("text_hash").join(known, "text_hash", "left_anti")
    copied = held.join(F.broadcast(wanted), "text_hash", "left_semi").withColumn("run_id", F.lit(context.run_id))
    if not copied.isEmpty():
        context.lake.append(tables.EMBEDDINGS, copied)
