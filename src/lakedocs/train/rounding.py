"""Quantisation-aware training: a network whose encoder rounds to eight bits as it learns, the way it will be rounded when it serves.

Jacob et al. 2018, arXiv:1712.05877: the forward pass rounds, the gradient passes straight through.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.utils import parametrize

_LARGEST = 127


class _RoundedWeight(torch.nn.Module):
    """Weights on a grid of 255 steps by output channel, symmetric around zero: that of ONNX Runtime's dynamic quantisation."""

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        scale = (weight.detach().abs().amax(dim=1) / _LARGEST).clamp(min=1e-8)
        zero = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -_LARGEST, _LARGEST)


def _rounded_input(module: torch.nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """A layer's input on a grid of 256 steps from its own lowest to its own highest value, as it comes."""
    del module
    values, *others = inputs
    low, high = values.detach().amin().clamp(max=0), values.detach().amax().clamp(min=0)
    scale = ((high - low) / 255).clamp(min=1e-8)
    zero = torch.round(-low / scale).to(torch.int32)
    return (torch.fake_quantize_per_tensor_affine(values, scale, zero, 0, 255), *others)


class Rounding:
    """Rounding in every linear layer of an encoder, from its making until `end`."""

    def __init__(self, encoder: torch.nn.Module) -> None:
        self._layers = [module for module in encoder.modules() if isinstance(module, torch.nn.Linear)]
        self._hooks = [layer.register_forward_pre_hook(_rounded_input) for layer in self._layers]
        for layer in self._layers:
            parametrize.register_parametrization(layer, "weight", _RoundedWeight())

    def end(self) -> None:
        """Leave the layers as they were, with the weights that they have learnt, on their grid."""
        for hook in self._hooks:
            hook.remove()
        for layer in self._layers:
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
