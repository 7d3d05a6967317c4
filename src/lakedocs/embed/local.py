"""sentence-transformers models in this process: the packaged MiniLM, or any by name, path or volume."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from lakedocs.embed.batches import by_token_budget
from lakedocs.embed.packaged import packaged_folder, packaged_key
from lakedocs.embed.protocol import Vectors
from lakedocs.embed.reading import VERSION, as_read
from lakedocs.errors import ModelError
from lakedocs.settings import EmbeddingSettings

_E5_PROMPTS = {"query": "query: ", "document": "passage: "}
"""Wang et al. 2022, arXiv:2212.03533: E5 is trained with these prefixes and loses quality without them."""


def model_source(settings: EmbeddingSettings) -> str:
    """The path or name that the model is loaded from."""
    return str(packaged_folder()) if settings.engine == "packaged" else settings.model


class LocalEmbedder:
    """A sentence-transformers model with pooling and normalisation as its own configuration says."""

    def __init__(self, settings: EmbeddingSettings) -> None:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        self._settings = settings
        source = model_source(settings)
        disable_progress_bar()
        torch.set_num_threads(1)  # Spark fills the cores with workers
        on_gpu = torch.cuda.is_available()
        half = settings.precision == "bfloat16" or (settings.precision == "auto" and (on_gpu or _computes_bfloat16()))
        try:
            self._model = SentenceTransformer(source, model_kwargs={"dtype": torch.bfloat16} if half else {})
        except (OSError, ValueError) as error:
            raise ModelError(
                f"The embedding model {settings.model} can't be loaded; name an installed path or volume (no hub may be reachable)."
            ) from error
        if not any(self._model.prompts.values()) and _is_e5(source):
            self._model.prompts = dict(_E5_PROMPTS)
        self._model.eval()

    @property
    def key(self) -> str:
        return model_key(self._settings)

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


def model_key(settings: EmbeddingSettings) -> str:
    """Name, checksum and dimensions of a model; a model in a folder is known by its weights, not by where it lies."""
    if settings.engine == "packaged":
        return packaged_key()
    folder = Path(settings.model)
    if not folder.is_dir():
        return f"{settings.model}:{settings.dimensions}:{VERSION}"
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".safetensors", ".bin", ".json"))
    return f"{folder.name}:{_digest(tuple(map(_state_of, files)))}:{settings.dimensions}:{VERSION}"


def _state_of(path: Path) -> tuple[str, int, int]:
    """A file with its size and time: weights are gigabytes, and are not read again while these stay."""
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns


@lru_cache(maxsize=8)
def _digest(files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _, _ in files:
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:8]


def _computes_bfloat16() -> bool:
    path = Path("/proc/cpuinfo")
    return path.exists() and "avx512_bf16" in path.read_text(encoding="ascii", errors="replace")


def _is_e5(source: str) -> bool:
    config = Path(source) / "config.json"
    if "e5" in Path(source).name.lower():
        return True
    return config.is_file() and "e5" in str(json.loads(config.read_text(encoding="utf-8")).get("_name_or_path", "")).lower()
