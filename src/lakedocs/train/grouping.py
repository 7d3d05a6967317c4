"""Examples that say nearly the same share a group: near-duplicates and the sentences of one template."""

from __future__ import annotations

import networkx as nx
from pyspark.ml.feature import HashingTF, MinHashLSH, NGram, RegexTokenizer
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.errors import LakeError

_MOST_PAIRS = 2_000_000


def with_groups(examples: DataFrame, similarity: float) -> DataFrame:
    """The examples with `group_id`.

    Near-duplicates are found by MinHash over pairs of words (Broder 1997), numbers and redacted parts counted as equal.

    Args:
        examples: example_id, text, given_group (may be empty).
        similarity: Jaccard similarity from which two texts belong together.

    Raises:
        LakeError: when so many are alike that the data set should be looked at first.
    """
    named = examples.withColumn("own_group", F.when(F.col("given_group") != "", F.col("given_group")).otherwise(F.col("example_id")))
    pairs = _pairs(named, similarity).limit(_MOST_PAIRS + 1)
    graph = nx.Graph()
    graph.add_edges_from((row["left_group"], row["right_group"]) for row in pairs.toLocalIterator())
    if graph.number_of_edges() > _MOST_PAIRS:
        raise LakeError(f"More than {_MOST_PAIRS:,} pairs of training groups are nearly the same text; remove the copies first.")
    merged = [(group, min(component)) for component in nx.connected_components(graph) for group in component]
    known = examples.sparkSession.createDataFrame(merged, "own_group string, merged_group string")
    joined = named.join(F.broadcast(known), "own_group", "left")
    return joined.withColumn("group_id", F.coalesce("merged_group", "own_group")).drop("own_group", "merged_group", "given_group")


def _pairs(named: DataFrame, similarity: float) -> DataFrame:
    """Distinct pairs of groups that have nearly the same text on both sides."""
    # numbers, and what stands in the place of personal data, are what differs between the sentences of a template
    plain = named.select("own_group", F.regexp_replace(F.lower("text"), r"<[a-z_]+[^>]*>|\d+", "0").alias("plain"))
    words = RegexTokenizer(inputCol="plain", outputCol="words", pattern=r"[^\p{L}0]+").transform(plain)
    shingles = NGram(n=2, inputCol="words", outputCol="shingles").transform(words).where(F.size("shingles") > 0)
    hashed = HashingTF(numFeatures=2**18, binary=True, inputCol="shingles", outputCol="features").transform(shingles)
    model = MinHashLSH(inputCol="features", outputCol="hashes", numHashTables=8, seed=7).fit(hashed)
    alike = model.approxSimilarityJoin(hashed, hashed, 1 - similarity, distCol="distance")
    left, right = F.col("datasetA.own_group"), F.col("datasetB.own_group")
    return alike.where(left < right).select(left.alias("left_group"), right.alias("right_group")).distinct()
