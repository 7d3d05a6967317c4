"""Networks that read token ids and mask as ONNX, whole or with weights in eight bits: embedders and classifiers alike."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

INPUTS = ("input_ids", "attention_mask")


def example() -> torch.Tensor:
    """Ids, or a mask, that a network can be traced with."""
    return torch.ones(2, 16, dtype=torch.long)


def to_onnx(network: torch.nn.Module, path: Path) -> None:
    """Write a network from `INPUTS`, both (texts, tokens), to one row per text."""
    axes = {**{name: {0: "texts", 1: "tokens"} for name in INPUTS}, "rows": {0: "texts"}}
    with warnings.catch_warnings(action="ignore"):  # of values that tracing takes for constants; which they are
        torch.onnx.export(
            network, (example(), example()), str(path), input_names=list(INPUTS), output_names=["rows"], dynamic_axes=axes, opset_version=18,
            dynamo=False,
        )  # fmt: skip


def quantise_dynamic(source: Path, path: Path) -> None:
    """Weights in eight bits by output channel; activations are measured and rounded as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with without_advice():
        quantize_dynamic(source, path, weight_type=QuantType.QInt8, per_channel=True)


@contextmanager
def without_advice() -> Iterator[None]:
    """onnxruntime's quantisation advises in the root logger what is done already, or does not apply."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
