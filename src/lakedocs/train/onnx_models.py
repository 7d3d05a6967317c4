"""A classifier as ONNX, whole or with weights in eight bits, in the folder that `serving/text_model.py` runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lakedocs.embed.export import INPUTS, to_onnx, without_advice
from lakedocs.train.fit import MAX_TOKENS

_CALIBRATION_BATCH = 8


class _Probabilities(torch.nn.Module):
    """Softmax over logits that a temperature has calmed."""

    def __init__(self, network: Any, temperature: float) -> None:
        super().__init__()
        self._network = network
        self._temperature = temperature

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        logits = self._network(input_ids=input_ids, attention_mask=attention_mask).logits
        return torch.softmax(logits.float() / self._temperature, dim=1)


def export(model_folder: Path, path: Path, temperature: float = 1.0) -> None:
    """Write the transformers classifier of a folder to `path`, from token ids and mask to calibrated probabilities."""
    from transformers import AutoModelForSequenceClassification
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    network = AutoModelForSequenceClassification.from_pretrained(model_folder, attn_implementation="eager").eval()
    to_onnx(_Probabilities(network, temperature), path)


def quantise_static(source: Path, path: Path, tokenizer: Any, texts: Sequence[str]) -> None:
    """Weights and activations in eight bits, the range of each activation taken from `texts`."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Texts(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime is untyped
        def __init__(self) -> None:
            self._batches = _batches(tokenizer, texts)

        def get_next(self) -> dict[str, Any] | None:
            return next(self._batches, None)

    prepared = path.with_suffix(".prepared")
    with without_advice():
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared), str(path), Texts(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"],
        )  # fmt: skip
    prepared.unlink(missing_ok=True)


def _batches(tokenizer: Any, texts: Sequence[str]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(texts), _CALIBRATION_BATCH):
        found = tokenizer(list(texts[start : start + _CALIBRATION_BATCH]), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="np")
        yield {name: np.asarray(found[name], dtype=np.int64) for name in INPUTS}


def write_served(folder: Path, onnx: Path, tokenizer: Any, labels: Sequence[str]) -> None:
    """Fill `folder` with what `TextModel` loads."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(onnx, folder / "model.onnx")
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    facts = {"labels": list(labels), "outputs": len(labels), "max_tokens": MAX_TOKENS, "pad_token_id": tokenizer.pad_token_id or 0}
    (folder / "serving.json").write_text(json.dumps(facts), encoding="utf-8")
