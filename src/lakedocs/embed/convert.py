"""Writes the packaged MiniLM, with mean pooling and normalisation, in OpenVINO's format: `python -m lakedocs.embed.convert FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

import openvino
import torch
from transformers import AutoModel

from lakedocs.embed.packaged import packaged_folder


class _Pooled(torch.nn.Module):
    """Token vectors averaged over the text, at length 1: what the model's own configuration says."""

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self._encoder = encoder

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self._encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9), dim=1)


def convert(path: Path) -> None:
    """Write the model and its weights to `path` (.xml) and beside it (.bin); the .xml comes last."""
    encoder = AutoModel.from_pretrained(packaged_folder()).eval()
    example = torch.ones(2, 16, dtype=torch.long)
    names = [("input_ids", [-1, -1]), ("attention_mask", [-1, -1])]
    model = openvino.convert_model(_Pooled(encoder), example_input=(example, example), input=names)
    partial = path.with_name(f"partial-{path.name}")
    openvino.save_model(model, partial, compress_to_fp16=False)
    partial.with_suffix(".bin").replace(path.with_suffix(".bin"))
    partial.replace(path)


if __name__ == "__main__":
    convert(Path(sys.argv[1]))
