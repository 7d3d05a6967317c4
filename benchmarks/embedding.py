"""Passages per second and core of each runtime of the embedder, beside sentence-transformers' own encode, on the passages of a lake.

make bench-embedding ROOT=.lakedocs
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

Encode = Callable[[list[str]], Any]
_WARM_UP = 8


def measured(encode: Encode, texts: list[str]) -> tuple[float, Any]:
    """(seconds of processor time, vectors); one thread, so that is what a Spark worker takes."""
    encode(texts[:_WARM_UP])
    start = time.process_time()
    vectors = encode(texts)
    return time.process_time() - start, vectors


@click.command()
@click.argument("root", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path(".lakedocs"))
@click.option("--passages", default=400, show_default=True, help="How many, drawn at random.")
@click.option("--model", default="", help="A sentence-transformers model in a folder; default: the packaged one.")
def main(root: Path, passages: int, model: str) -> None:
    """Print one table about the passages of the lake in ROOT."""
    import torch
    from sentence_transformers import SentenceTransformer

    from lakedocs.embed.compiled import compiled_embedder
    from lakedocs.embed.identity import model_source
    from lakedocs.embed.local import LocalEmbedder
    from lakedocs.lakehouse import tables
    from lakedocs.lakehouse.lake import Lake
    from lakedocs.lakehouse.session import local_session
    from lakedocs.services.options import EmbeddingSettings
    from lakedocs.settings import Storage

    storage = Storage(root=str(root.absolute()))
    spark = local_session(storage)
    rows = Lake(spark, storage).read(tables.PASSAGES).select("text_hash", "text").distinct().collect()
    spark.stop()
    texts = [row["text"] for row in sorted(rows)]
    random.Random(1).shuffle(texts)
    texts = texts[:passages]
    torch.set_num_threads(1)
    base = {"engine": "sentence_transformers", "model": model} if model else {}
    own = SentenceTransformer(model_source(EmbeddingSettings.model_validate(base)), device="cpu")
    runtimes: dict[str, Encode] = {
        "sentence-transformers encode": lambda batch: own.encode(batch, show_progress_bar=False, normalize_embeddings=True),
        "torch, sorted": LocalEmbedder(EmbeddingSettings.model_validate({**base, "precision": "float32"})).embed_passages,
    }
    choices = {"auto": {}, "onnx": {"runtime": "onnx"}, "int8": {"precision": "int8"}}
    for name, choice in choices.items():
        found = compiled_embedder(EmbeddingSettings.model_validate({**base, **choice}), storage.models)
        if found is not None:
            runtimes[name] = found.embed_passages
    print(f"{len(texts)} passages, {sum(map(len, texts)) // len(texts)} characters each")
    print(f"{'runtime':<30} {'passages/s':>10} {'ratio':>7} {'cosine':>8} {'lowest':>8}")
    first, reference = 0.0, None
    for name, encode in runtimes.items():
        seconds, vectors = measured(encode, texts)
        first = first or seconds
        # from the second on they read without table marks: agreement is told against the first that does
        reference = vectors if name == "torch, sorted" else reference
        agreement = np.sum(vectors * reference, axis=1) if reference is not None else np.ones(1)
        print(f"{name:<30} {len(texts) / seconds:>10.1f} {first / seconds:>7.2f} {agreement.mean():>8.5f} {agreement.min():>8.5f}", flush=True)


if __name__ == "__main__":
    main()
