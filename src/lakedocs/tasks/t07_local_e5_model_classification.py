"""07: a label for every passage, zero-shot by nearness to reference prompts, by the registry's champion, or by the chat model.

Reads: docs.passages, conf/labels.yml. Writes: docs.labels by document, docs.label_vectors or docs.label_replies by text and model; where they are
wanted, docs.summaries, by which long documents may be labelled as one. A re-run labels documents whose passages changed, or all if labels,
threshold or champion changed; vectors and replies are kept, so that a changed threshold or prompt embeds nothing again. A document of which a
service refuses a text is tried again in the next run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache, partial

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.classify.champion import Champion, ServedChampion, champion_version, fetch_champion, open_champion, served_champion
from lakedocs.classify.labels import load_labels
from lakedocs.classify.zero_shot import ZeroShot
from lakedocs.embed.open import model_key, open_embedder
from lakedocs.errors import ServiceError
from lakedocs.keys import read_key
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.chat_labels import chat_labels_key, label_missing, replies
from lakedocs.lakehouse.label_texts import label_input, label_texts, with_texts
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.stage import Figures, Stage, TaskContext, ledger_rows, materialised, run_derived, tagged
from lakedocs.lakehouse.summaries import run_summaries
from lakedocs.lakehouse.vectors import embed_missing, forget_orphans, incomplete, without_refused
from lakedocs.records import LabelScore
from lakedocs.settings import Settings, fingerprint

_VERSION = "labels/1"
_WORKSPACE_ENDPOINT = re.compile(r"/serving-endpoints/([^/]+)/invocations")
_STAGE = Stage(tables.LABELS_LEDGER, (tables.LABELS,), key="doc_id")
_SCORED_DDL = "text_hash string, label string, confidence double, scores map<string, double>"
_SCORED_SCHEMA = pa.schema(
    [("text_hash", pa.string()), ("label", pa.string()), ("confidence", pa.float64()), ("scores", pa.map_(pa.string(), pa.float64()))]
)

Scored = tuple[DataFrame, DataFrame | None]
"""The scores of texts, and text_hash of those that a service refuses, if any."""


def run(context: TaskContext) -> Figures:
    """Bring docs.labels up to date with docs.passages."""
    settings = context.settings
    by_summary = settings.classification.summary_above
    summarised = run_summaries(context) if by_summary else Figures()
    method = settings.classification.method
    kept: tuple[tables.Table, str] | None = None
    parts: tuple[object, ...]
    if method == "champion":
        version = champion_version(settings)
        _check_endpoint(settings, version)
        model = f"{settings.champion_name}:{version}"
        parts = (settings.classification.champion_threshold,)
        score = partial(_by_champion, context, version)
    elif method == "llm":
        model = chat_labels_key(settings)
        parts = ()
        kept = tables.LABEL_REPLIES, model
        score = partial(_by_chat, context)
    else:
        model = model_key(settings.classification.model)
        labels = load_labels(settings.conf_file(settings.classification.labels))
        parts = labels.labels, _threshold(settings)
        context.lake.ensure(tables.LABEL_VECTORS)
        kept = tables.LABEL_VECTORS, model
        score = partial(_by_zero_shot, context)
    stage_fingerprint = fingerprint(_VERSION, model, *parts, *((by_summary,) if by_summary else ()))
    figures = run_derived(context, _STAGE, label_input(context), stage_fingerprint, partial(_label, context, model, score))
    if kept and (figures.gone or figures.stale or context.recovering):
        forget_orphans(context, *kept, label_texts(context))
    if figures.stale and settings.asks_for_labels:
        figures += incomplete(context, tables.LABELS_LEDGER)
    return figures + (summarised if by_summary else run_summaries(context))


def _check_endpoint(settings: Settings, version: str) -> None:
    """Nothing, where the labels will be the champion's.

    Raises:
        ServiceError: when a workspace's endpoint still serves another version, whose labels would stand under this one's name.
    """
    found = _WORKSPACE_ENDPOINT.search(settings.classification.endpoint)
    if not found:
        return
    from databricks.sdk import WorkspaceClient

    from lakedocs.serving.endpoints import served_version

    name = found.group(1)
    if served_version(WorkspaceClient(), name, settings.champion_name) != version:
        raise ServiceError(f"The endpoint {name} does not serve the champion, version {version}, yet: run serve_champion of the training job.")


def _threshold(settings: Settings) -> float:
    chosen = settings.classification
    labels = load_labels(settings.conf_file(chosen.labels))
    return chosen.threshold if chosen.threshold is not None else labels.threshold_of(chosen.model.model)


def _label(context: TaskContext, model: str, score: partial[Scored], units: DataFrame) -> DataFrame:
    units = with_texts(context, units)
    judged = label_texts(context, units)
    scores, refused = score(judged.groupBy("text_hash").agg(F.first("text").alias("text")))
    scored = materialised(context, scores, "scored")
    units = without_refused(units, refused, judged)
    wanted = units.select(F.col("unit_id").alias("doc_id"))
    labelled = judged.drop("text").join(F.broadcast(wanted), "doc_id", "left_semi").join(scored, "text_hash").select(
        "passage_id", "doc_id", "label", "confidence", "scores", F.lit(context.settings.classification.method).alias("method"),
        F.lit(model).alias("model"), F.lit(context.run_id).alias("run_id"),
    )  # fmt: skip
    outcome = labelled.select(F.col("doc_id").alias("unit_id"), F.concat_ws(":", "passage_id", "label").alias("item"))
    done = ledger_rows(context, units, outcome)
    return tagged(labelled, tables.LABELS, _STAGE).unionByName(tagged(done, tables.LABELS_LEDGER, _STAGE))


def _by_zero_shot(context: TaskContext, texts: DataFrame) -> Scored:
    chosen = context.settings.classification.model
    refused = embed_missing(context, texts, chosen, tables.LABEL_VECTORS)
    vectors = context.lake.read(tables.LABEL_VECTORS).where(F.col("model") == model_key(chosen))
    # the hashes go to the vectors, not the vectors through a shuffle
    wanted = vectors.join(F.broadcast(texts.select("text_hash")), "text_hash", "left_semi").select("text_hash", "vector")
    return wanted.mapInArrow(partial(_score_vectors, context.settings), _SCORED_DDL), refused


@lru_cache(maxsize=2)
def _zero_shot(settings_json: str) -> ZeroShot:
    settings = Settings.model_validate_json(settings_json)
    labels = load_labels(settings.conf_file(settings.classification.labels))
    return ZeroShot(labels, _threshold(settings), open_embedder(settings.classification.model, settings))


def _score_vectors(settings: Settings, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    zero_shot: ZeroShot | None = None
    for batch in batches:
        if not batch.num_rows:
            continue
        zero_shot = zero_shot or _zero_shot(settings.model_dump_json())  # a partition without rows loads no model
        flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False).astype(np.float32)
        yield _scored(batch.column("text_hash"), zero_shot.classify(flat.reshape(batch.num_rows, -1)))


def _by_chat(context: TaskContext, texts: DataFrame) -> Scored:
    refused = label_missing(context, texts)
    return replies(context, texts), refused


def _by_champion(context: TaskContext, version: str, texts: DataFrame) -> Scored:
    folder = "" if context.settings.classification.endpoint else str(fetch_champion(context.settings, version))
    context.announce(texts.count())
    classify = partial(_classify_texts, context.settings, folder, context.task_key)
    return texts.repartition(context.settings.slices.partitions).mapInArrow(classify, _SCORED_DDL), None


def _champion(settings: Settings, folder: str) -> Champion | ServedChampion:
    chosen = settings.classification
    if not chosen.endpoint:
        return open_champion(folder, chosen.champion_threshold)
    token = read_key(settings.keys.serving, settings.storage.root).decode()
    return served_champion(chosen.endpoint, token, settings.serving, settings.calls, chosen.champion_threshold)


def _classify_texts(settings: Settings, folder: str, task_key: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if batch.num_rows:
            champion = _champion(settings, folder)
            yield _scored(batch.column("text_hash"), champion.classify(batch.column("text").to_pylist()))
            tick(settings.storage.progress_folder, task_key, batch.num_rows)


def _scored(hashes: pa.Array, found: list[LabelScore]) -> pa.RecordBatch:
    columns = [
        hashes, pa.array([score.label for score in found]), pa.array([score.confidence for score in found], pa.float64()),
        pa.array([list(score.scores.items()) for score in found], pa.map_(pa.string(), pa.float64())),
    ]  # fmt: skip
    return pa.RecordBatch.from_arrays(columns, schema=_SCORED_SCHEMA)
