"""The passages most worth a person's label: those that 07 is least sure of, and among these unlike ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pyspark.sql import functions as F

from lakedocs.embed.open import model_key
from lakedocs.errors import LakeError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.settings import Settings

_CANDIDATES_A_CHOICE = 20
COLUMNS = ("text", "label", "group", "language", "passage_id", "found")


def write_sample(lake: Lake, settings: Settings, number: int, path: Path) -> int:
    """How many passages were written to `path`, a CSV that `training.examples` takes once its `label` is filled in.

    Sureness is the margin between the two best scores (Scheffer et al. 2001); of twenty times as many unsure texts as are
    wanted, each next one is the farthest by its vector from all before it (Gonzalez 1985). Texts that are examples already are left out.

    Raises:
        LakeError: when 07 has labelled nothing yet.
    """
    values = F.sort_array(F.map_values("scores"), asc=False)
    labels = lake.read(tables.LABELS).withColumn("margin", values[0] - values[1])
    passages = lake.read(tables.PASSAGES).select("passage_id", "doc_id", "text", "text_hash")
    examples = lake.read(tables.TRAINING_EXAMPLES).select(F.col("text").alias("known_text"))
    vectors = lake.read(tables.LABEL_VECTORS).where(F.col("model") == model_key(settings.classification.model)).select("text_hash", "vector")
    plain = F.trim(F.regexp_replace("text", r"\s+", " "))
    unsure = (
        passages.join(labels.select("passage_id", "label", "margin"), "passage_id")
        .join(examples, plain == F.col("known_text"), "left_anti")
        .groupBy("text_hash")
        .agg(F.min(F.struct("margin", "passage_id", "doc_id", "text", "label")).alias("p"))
        .join(vectors, "text_hash")
        .orderBy("p.margin", "text_hash")
        .limit(number * _CANDIDATES_A_CHOICE)
    )
    candidates = list(unsure.select("p.*", "vector").toLocalIterator())
    if not candidates:
        raise LakeError(
            "There are no labelled passages with vectors to choose from: run the documents job with classification.method=zero_shot first."
        )
    chosen = [candidates[position] for position in farthest_first(np.asarray([row["vector"] for row in candidates], dtype=np.float32), number)]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows((row["text"], "", f"passage:{row['doc_id']}", "", row["passage_id"], row["label"]) for row in chosen)
    return len(chosen)


def farthest_first(vectors: npt.NDArray[np.float32], number: int) -> list[int]:
    """Positions of at most `number` rows: the first one, then always the row that is farthest from all chosen."""
    chosen = [0]
    nearest = 1 - vectors @ vectors[0]
    nearest[0] = -np.inf
    while len(chosen) < min(number, len(vectors)):
        chosen.append(int(np.argmax(nearest)))
        nearest = np.minimum(nearest, 1 - vectors @ vectors[chosen[-1]])
        nearest[chosen] = -np.inf
    return chosen
