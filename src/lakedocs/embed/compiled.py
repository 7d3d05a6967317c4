"""A sentence-transformers model compiled for this processor, by OpenVINO or ONNX Runtime: the same vectors in a third of the time.

A model is converted once per machine, in a child process whose PyTorch goes with it; what the conversion finds out, how well
its vectors agree with the model's own among it, stands in a file beside the converted model.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from lakedocs.embed.batches import by_token_budget
from lakedocs.embed.identity import folder_digest, local_key, model_source
from lakedocs.embed.packaged import PACKAGED_SHA256
from lakedocs.embed.protocol import Vectors
from lakedocs.embed.reading import as_read
from lakedocs.errors import ModelError
from lakedocs.services.options import EmbeddingSettings

_BATCH_TOKENS = 2048
_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}
_GPU = Path("/proc/driver/nvidia/version")

Tokens = NDArray[np.int64]
Infer = Callable[[Tokens, Tokens], Vectors]
"""From token ids and attention mask, both (texts, tokens), to unit-length vectors."""


class Facts(BaseModel):
    """What must be known of a converted model to use it without PyTorch.

    Attributes:
        agreement: mean cosine of its vectors with those of sentence-transformers.
    """

    model_config = ConfigDict(frozen=True)
    pad_token_id: int
    max_tokens: int
    dimensions: int
    passage_prompt: str
    query_prompt: str
    agreement: float


class CompiledEmbedder:
    """Embeds with a converted model: texts sorted by length, batches of a bounded number of tokens, padding included."""

    tokens = 0

    def __init__(self, settings: EmbeddingSettings, source: Path, path: Path, facts: Facts) -> None:
        from tokenizers import Tokenizer

        self._settings = settings
        self._facts = facts
        self._infer = _onnx(path) if path.suffix == ".onnx" else _openvino(path, settings)
        self._tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
        self._tokenizer.enable_truncation(facts.max_tokens)
        self._tokenizer.no_padding()

    @property
    def key(self) -> str:
        return local_key(self._settings)

    @property
    def dimensions(self) -> int:
        return self._settings.dimensions or self._facts.dimensions

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed([self._facts.passage_prompt + as_read(text) for text in texts])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed([self._facts.query_prompt + as_read(text) for text in texts])

    def _embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self._facts.dimensions), dtype=np.float32)
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        for batch in by_token_budget([len(ids) for ids in tokens], _BATCH_TOKENS):
            longest = max(len(tokens[position]) for position in batch)
            ids = np.full((len(batch), longest), self._facts.pad_token_id, dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, position in enumerate(batch):
                ids[row, : len(tokens[position])] = tokens[position]
                mask[row, : len(tokens[position])] = 1
            vectors[batch] = self._infer(ids, mask)
        if self.dimensions != self._facts.dimensions:
            vectors = vectors[:, : self.dimensions]
            vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return vectors


def compiled_embedder(settings: EmbeddingSettings, cache: Path) -> CompiledEmbedder | None:
    """The compiled model, or None where PyTorch must do it: it can't be converted, a GPU waits, or, with `runtime: auto`, its vectors differ.

    Args:
        settings: `runtime: auto` takes a conversion only if it agrees as `min_agreement` says; any other name takes it as it is.
        cache: a folder that lasts.

    Raises:
        ModelError: when conf names a runtime that can't run this model.
    """
    if settings.precision == "int8" and settings.runtime in ("torch", "openvino"):
        raise ModelError("Eight bits run in ONNX Runtime: set runtime to onnx or auto, or another precision.")
    if not _may_be_compiled(settings):
        return None
    by_itself = _is_chosen_by_itself(settings)
    source, path = _places(settings, cache)
    if not _converted(source, path):
        if by_itself:
            return None
        raise ModelError("The embedding model can't be converted; set runtime: torch and another precision than int8 for it.")
    facts = Facts.model_validate_json(_facts_of(path).read_text(encoding="utf-8"))
    if by_itself and facts.agreement < settings.min_agreement:
        return None
    return CompiledEmbedder(settings, source, path, facts)


def convert_ahead(settings: EmbeddingSettings, cache: Path) -> None:
    """Convert the model now, where it may be needed, so that no worker waits for it later."""
    if settings.engine in ("packaged", "sentence_transformers") and _may_be_compiled(settings):
        _converted(*_places(settings, cache))


def _is_chosen_by_itself(settings: EmbeddingSettings) -> bool:
    return settings.runtime == "auto" and settings.precision != "int8"


def _may_be_compiled(settings: EmbeddingSettings) -> bool:
    return settings.runtime != "torch" and not (_is_chosen_by_itself(settings) and _GPU.exists())


def _places(settings: EmbeddingSettings, cache: Path) -> tuple[Path, Path]:
    """Where the model lies, and where it lies or will lie converted."""
    source = Path(model_source(settings))
    name = settings.model if settings.engine == "packaged" else source.name
    return source, cache / f"{name}-{_digest(settings, source)}{_suffix(settings)}"


def _digest(settings: EmbeddingSettings, source: Path) -> str:
    return PACKAGED_SHA256[:8] if settings.engine == "packaged" else folder_digest(source)


def _suffix(settings: EmbeddingSettings) -> str:
    if settings.precision == "int8":
        return ".int8.onnx"
    return ".onnx" if settings.runtime == "onnx" else ".xml"


def _facts_of(path: Path) -> Path:
    """Written last: where it stands, the model is whole."""
    return path.with_name(f"{path.name}.json")


def _converted(source: Path, path: Path) -> bool:
    """Whether the model stands at `path`; the first process of a machine converts it, or finds that it can't be and notes that."""
    if not (source / "tokenizer.json").is_file():
        return False
    failed = path.with_name(f"{path.name}.failed")
    if not _facts_of(path).is_file() and not failed.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{path.name}.lock")):
            if not _facts_of(path).is_file() and not failed.exists():
                command = [sys.executable, "-m", "lakedocs.embed.convert", str(source), str(path)]
                # a child that was killed says nothing of the model: it is tried again
                if subprocess.run(command, capture_output=True, check=False).returncode > 0:  # noqa: S603 - our own module
                    failed.touch()
    return _facts_of(path).is_file()


def _openvino(path: Path, settings: EmbeddingSettings) -> Infer:
    import openvino

    # one thread, on any core: Spark fills them with workers, and pinned ones would all sit on the first
    options: dict[str, object] = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "ENABLE_CPU_PINNING": False}
    if settings.precision in _PRECISIONS:
        options["INFERENCE_PRECISION_HINT"] = _PRECISIONS[settings.precision]
    model = openvino.Core().compile_model(str(path), "CPU", options)
    return lambda ids, mask: model({"input_ids": ids, "attention_mask": mask})[0]


def _onnx(path: Path) -> Infer:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # it would write of its optimisations into the run's progress
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
