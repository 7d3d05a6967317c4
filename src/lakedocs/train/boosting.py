"""train_xgboost: gradient-boosted trees on the embedder's vectors, trained by Spark's workers together.

Reads: docs.training_examples. Writes: an MLflow run with model and importance; docs.predictions_xgboost.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.embed.open import model_key, open_embedder
from lakedocs.lakehouse.stage import Figures, TaskContext, materialised
from lakedocs.settings import Settings
from lakedocs.train.figures import importance_figure
from lakedocs.train.runs import examples, label_names, numbered, store_predictions, timed, tracked
from lakedocs.train.tfidf import as_scores

MODEL = "xgboost"
_VECTOR_DDL = "example_id string, vector array<float>"


def run(context: TaskContext) -> Figures:
    """Train with early stopping on the validation split, and score validation and test."""
    import mlflow
    from xgboost.spark import SparkXGBClassifier

    logging.getLogger("XGBoost-PySpark").setLevel(logging.WARNING)
    settings, chosen, labels = context.settings, context.settings.training, label_names(context.settings)
    rows = numbered(with_vectors(context, examples(context)), labels)
    learnt_from = rows.where(F.col("split") != "test").withColumn("is_validation", F.col("split") == "validation")
    workers = chosen.boosting_workers or parallelism(context)
    parameters: dict[str, Any] = {
        "max_depth": 4, "learning_rate": 0.1, "subsample": 0.9, "colsample_bytree": 0.3, "tree_method": "hist", "device": chosen.boosting_device,
        "random_state": chosen.seed,
    }  # fmt: skip
    described = {**parameters, "rounds": chosen.boosting_rounds, "workers": workers, "embedding": model_key(settings.classification.model)}
    classifier = SparkXGBClassifier(
        features_col="features", label_col="target", weight_col="weight", validation_indicator_col="is_validation", num_workers=workers,
        n_estimators=chosen.boosting_rounds, early_stopping_rounds=chosen.boosting_patience, eval_metric="mlogloss", verbosity=0,
        verbose=False, **parameters,
    )  # fmt: skip
    with tracked(context, MODEL, described):
        model = classifier.fit(learnt_from)
        booster = model.get_booster()
        mlflow.log_metric("best_round", int(booster.attr("best_iteration") or chosen.boosting_rounds))
        mlflow.log_figure(importance_figure(booster.get_score(importance_type="gain")), "importance.png")
        mlflow.xgboost.log_model(booster, name="model", pip_requirements=["xgboost"])
        store_predictions(context, MODEL, *timed(context, as_scores(model.transform(rows.where(F.col("split") != "train")), labels), MODEL))
    return Figures(stale=1, rows_out=1)


def parallelism(context: TaskContext) -> int:
    """How many tasks Spark runs at once here."""
    return int(context.spark.sparkContext.defaultParallelism)


def with_vectors(context: TaskContext, rows: DataFrame) -> DataFrame:
    """The rows with `features`, their text's vector by 07's model."""
    spread = rows.select("example_id", "text").repartition(context.settings.slices.partitions)
    vectors = materialised(context, spread.mapInArrow(partial(_embed, context.settings), _VECTOR_DDL), "vectors")
    return rows.join(vectors, "example_id").withColumn("features", array_to_vector(F.col("vector"))).drop("vector")


def _embed(settings: Settings, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if batch.num_rows:
            vectors = open_embedder(settings.classification.model, settings).embed_passages(batch.column("text").to_pylist())
            yield pa.RecordBatch.from_arrays(
                [batch.column("example_id"), pa.array(vectors.tolist(), pa.list_(pa.float32()))], names=["example_id", "vector"]
            )
