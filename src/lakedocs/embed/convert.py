"""Converts a sentence-transformers model as a whole, pooling and normalisation included: `python -m lakedocs.embed.convert SOURCE TARGET`.

TARGET ends in .xml (OpenVINO), .onnx, or .int8.onnx (ONNX with weights in eight bits).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lakedocs.embed.compiled import CompiledEmbedder, Facts
from lakedocs.embed.export import INPUTS, example, quantise_dynamic, to_onnx
from lakedocs.embed.local import load_model
from lakedocs.services.options import EmbeddingSettings

_PROBES = (
    "The lease of the office ends on 30 September, and the deposit is returned within four weeks.",
    "A penalty was charged because the return was filed late; the client disputes it.",
    "Wij verzoeken u om uitstel voor het indienen van de aangifte vennootschapsbelasting.",
    "Die Umsatzsteuer auf Reisekosten kann nur mit einer ordnungsgemäßen Rechnung abgezogen werden.",
    "El tribunal anuló la liquidación por falta de motivación.",
    "Region  Amount  VAT 2023  1250  263  North 2024 1310 275 South",
    "Approved",
    "Depreciation of machinery is spread over ten years; land is not depreciated, buildings over thirty. " * 6,
)
"""What the conversion is compared on: languages, lengths and a table as the pipeline meets them."""


class _Whole(torch.nn.Module):
    """From token ids and mask to unit-length vectors, by whatever modules the model has."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self._model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        found = self._model({"input_ids": input_ids, "attention_mask": attention_mask})["sentence_embedding"]
        return torch.nn.functional.normalize(found, dim=1)


def convert(source: Path, path: Path) -> None:
    """Write the model to `path` and, last, what is known of it beside it."""
    model = load_model(str(source), device="cpu", model_kwargs={"attn_implementation": "eager"} if path.suffix == ".onnx" else {})
    partial = path.with_name(f"partial-{os.getpid()}-{path.name}")  # a killed run may have left a child that still writes
    if path.suffix == ".xml":
        _to_openvino(_Whole(model).eval(), partial)
        partial.with_suffix(".bin").replace(path.with_suffix(".bin"))
        facts = _facts(model)
    else:
        facts = write_onnx(model, partial)
        if path.name.endswith(".int8.onnx"):
            quantise_dynamic(partial, partial)
    partial.replace(path)
    compiled = CompiledEmbedder(EmbeddingSettings(), source, path, facts.model_copy(update={"passage_prompt": ""}))
    agreement = agreement_with(model, compiled._embed)  # noqa: SLF001 - the probes as they are
    path.with_name(f"{path.name}.json").write_text(facts.model_copy(update={"agreement": agreement}).model_dump_json(), encoding="utf-8")


def agreement_with(model: Any, embed: Callable[[list[str]], Any]) -> float:
    """Mean cosine of what `embed` makes of the probes, as they are, with the model's own vectors."""
    own = model.encode(list(_PROBES), prompt="", normalize_embeddings=True, show_progress_bar=False)
    return float(np.mean(np.sum(own * embed(list(_PROBES)), axis=1)))


def _to_openvino(whole: torch.nn.Module, path: Path) -> None:
    import openvino

    # types are part of it: without a declared one, some models' masks come out as integers of another width
    model = openvino.convert_model(whole, example_input=(example(), example()), input=[(name, [-1, -1]) for name in INPUTS])
    openvino.save_model(model, path, compress_to_fp16=False)


def write_onnx(model: Any, path: Path) -> Facts:
    """What must be known of a sentence-transformers model, once it stands as ONNX at `path`; its agreement is not measured."""
    to_onnx(_Whole(model).eval(), path)
    return _facts(model)


def _facts(model: Any) -> Facts:
    return Facts(
        pad_token_id=model.tokenizer.pad_token_id or 0, max_tokens=min(model.max_seq_length or 512, 512),
        dimensions=int(model.get_embedding_dimension() or 0), passage_prompt=model.prompts.get("document") or "",
        query_prompt=model.prompts.get("query") or "", agreement=0.0,
    )  # fmt: skip


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
