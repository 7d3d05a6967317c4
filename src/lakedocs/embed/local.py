"""sentence-transformers models in this process: the packaged MiniLM, or any by name, path or volume."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lakedocs.embed.batches import by_token_budget
from lakedocs.embed.identity import local_key, model_source
from lakedocs.embed.protocol import Vectors
from lakedocs.embed.reading import as_read
from lakedocs.errors import ModelError
from lakedocs.services.options import EmbeddingSettings

_E5_PROMPTS = {"query": "query: ", "document": "passage: "}
"""Wang et al. 2022, arXiv:2212.03533: E5 is trained with these prefixes and loses quality without them."""


class LocalEmbedder:
    """A sentence-transformers model with pooling and normalisation as its own configuration says."""

    tokens = 0

    def __init__(self, settings: EmbeddingSettings) -> None:
        import torch

        self._settings = settings
        torch.set_num_threads(1)  # Spark fills the cores with workers
        on_gpu = torch.cuda.is_available()
        half = settings.precision == "bfloat16" or (settings.precision == "auto" and (on_gpu or _computes_bfloat16()))
        self._model = load_model(model_source(settings), model_kwargs={"dtype": torch.bfloat16} if half else {})

    @property
    def key(self) -> str:
        return local_key(self._settings)

    @property
    def dimensions(self) -> int:
        return self._settings.dimensions or int(self._model.get_embedding_dimension() or 0)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed([as_read(text) for text in texts], "document")

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed([as_read(text) for text in texts], "query")

    def _embed(self, texts: Sequence[str], prompt: str) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        if not texts:
            return vectors
        limit = self._model.max_seq_length or 512
        lengths = [min(len(ids), limit) for ids in self._model.tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"]]
        name = prompt if self._model.prompts.get(prompt) else None
        for batch in by_token_budget(lengths, self._settings.batch_tokens):
            vectors[batch] = self._model.encode(
                [texts[position] for position in batch], prompt_name=name, batch_size=len(batch), show_progress_bar=False,
                convert_to_numpy=True, normalize_embeddings=True, truncate_dim=self._settings.dimensions or None,
            )  # fmt: skip
        # in bfloat16 the length comes out as 1 only roughly
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return vectors


def load_model(source: str, **options: Any) -> Any:
    """The sentence-transformers model at a path or of a name, with E5's prompts where it has none of its own.

    Raises:
        ModelError: when it can't be loaded.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    try:
        model = SentenceTransformer(source, **options)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The embedding model {Path(source).name} can't be loaded; name an installed path or volume (no hub may be reachable)."
        ) from error
    if not any(model.prompts.values()) and _is_e5(source):
        model.prompts = dict(_E5_PROMPTS)
    return model.eval()


def _computes_bfloat16() -> bool:
    path = Path("/proc/cpuinfo")
    return path.exists() and "avx512_bf16" in path.read_text(encoding="ascii", errors="replace")


def _is_e5(source: str) -> bool:
    config = Path(source) / "config.json"
    if "e5" in Path(source).name.lower():
        return True
    return config.is_file() and "e5" in str(json.loads(config.read_text(encoding="utf-8")).get("_name_or_path", "")).lower()
