"""train_tfidf: TF-IDF and logistic regression in Spark ML, with the terms that speak for and against each label.

Reads: docs.training_examples. Writes: an MLflow run with model, coefficients and figure; docs.predictions_tfidf.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pyspark.ml import Pipeline
from pyspark.ml.classification import LogisticRegression, LogisticRegressionModel
from pyspark.ml.feature import IDF, HashingTF, IDFModel, Tokenizer
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.lakehouse.stage import Figures, TaskContext
from lakedocs.train.figures import term_figure
from lakedocs.train.runs import examples, label_names, numbered, store_predictions, timed, tracked

MODEL = "tfidf"
_MOST_TERMS = 50_000
_TERMS_SHOWN = 12


def run(context: TaskContext) -> Figures:
    """Train, tell what was learnt, and score validation and test."""
    import mlflow

    chosen, labels = context.settings.training, label_names(context.settings)
    rows = numbered(examples(context), labels)
    hashing = HashingTF(numFeatures=chosen.hash_features, inputCol="words", outputCol="counts")
    pipeline = Pipeline(
        stages=[
            Tokenizer(inputCol="text", outputCol="words"),
            hashing,
            IDF(inputCol="counts", outputCol="features", minDocFreq=1),
            LogisticRegression(labelCol="target", weightCol="weight", regParam=chosen.regularisation, maxIter=200, probabilityCol="probability"),
        ]
    )
    parameters = {"features": chosen.hash_features, "regularisation": chosen.regularisation}
    with tracked(context, MODEL, parameters):
        model = pipeline.fit(rows.where(F.col("split") == "train"))
        _, _, idf, regression = model.stages
        assert isinstance(idf, IDFModel)
        assert isinstance(regression, LogisticRegressionModel)
        terms = coefficients(rows.where(F.col("split") == "train"), hashing, idf, regression, labels)
        mlflow.log_table(terms, "coefficients.json")
        mlflow.log_figure(term_figure(terms, labels, _TERMS_SHOWN), "terms.png")
        mlflow.log_metric("collisions", int((terms.groupby("feature")["term"].nunique() > 1).sum()))
        folder = str(context.settings.storage.path / "work" / "mlflow")
        mlflow.spark.log_model(model, artifact_path="model", dfs_tmpdir=folder, pip_requirements=["pyspark"])
        store_predictions(context, MODEL, *timed(context, as_scores(model.transform(rows.where(F.col("split") != "train")), labels), MODEL))
    return Figures(stale=1, rows_out=len(terms))


def as_scores(predicted: DataFrame, labels: list[str]) -> DataFrame:
    """The rows with `scores`, label to probability, from Spark ML's vector of probabilities."""
    values = vector_to_array(F.col("probability"))
    return predicted.withColumn("scores", F.map_from_arrays(F.array(*(F.lit(label) for label in labels)), values))


def coefficients(train: DataFrame, hashing: HashingTF, idf: IDFModel, regression: LogisticRegressionModel, labels: list[str]) -> pd.DataFrame:
    """What each term adds for each label where it occurs once: term, feature, label, weight, documents, shares_feature_with.

    Terms that hash to one feature share its weight: which they are stands in `shares_feature_with`.
    """
    words = train.select(F.explode(F.array_distinct(F.split(F.lower("text"), r"\s"))).alias("term")).where(F.col("term") != "")
    counted = words.groupBy("term").agg(F.count("*").alias("documents")).orderBy(F.desc("documents"), "term").limit(_MOST_TERMS)
    found = [(row["term"], int(row["documents"])) for row in counted.toLocalIterator()]
    terms = pd.DataFrame(found, columns=["term", "documents"])
    terms["feature"] = [hashing.indexOf(term) for term in terms["term"]]
    weights = regression.coefficientMatrix.toArray() * np.asarray(idf.idf.toArray())
    sharing = terms.groupby("feature")["term"].agg(list).to_dict()
    terms["shares_feature_with"] = [
        " ".join(other for other in sharing[feature] if other != term) for term, feature in zip(terms["term"], terms["feature"], strict=True)
    ]
    parts = [terms.assign(label=label, weight=weights[number, terms["feature"]]) for number, label in enumerate(labels)]
    return pd.concat(parts, ignore_index=True)
