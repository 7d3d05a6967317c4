"""The embedded engine: RapidOCR, whose models are in its wheel."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
from PIL import Image

from lakedocs.errors import ModelError
from lakedocs.vision.protocol import Insight

_SAME_LINE = 0.5
"""Boxes that overlap in height by this share of the lower one stand in one line."""


class OcrReader:
    """Reads text, line by line from top to bottom; says nothing of what else an image shows.

    Args:
        min_score: how sure the engine must be of a piece of text.
    """

    def __init__(self, min_score: float) -> None:
        try:
            from rapidocr_onnxruntime import RapidOCR

            self._engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)  # Spark fills the cores with workers
        except ImportError as error:
            raise ModelError(
                "vision.engine ocr needs rapidocr-onnxruntime; where the import of OpenCV fails on a server, install opencv-python-headless."
            ) from error
        self._min_score = min_score

    def read(self, image: bytes) -> Insight:
        with Image.open(io.BytesIO(image)) as opened:
            pixels = np.asarray(opened.convert("RGB"))[:, :, ::-1]  # the engine takes BGR
        found, _ = self._engine(pixels)
        pieces = [(box, text, float(score)) for box, text, score in found or [] if float(score) >= self._min_score and text.strip()]
        raw = json.dumps([{"box": np.asarray(box).round(1).tolist(), "text": text, "score": round(score, 4)} for box, text, score in pieces])
        return Insight("\n".join(_lines([(np.asarray(box), text) for box, text, _ in pieces])), raw=raw)


def _lines(pieces: list[tuple[Any, str]]) -> list[str]:
    """The pieces of one line, from left to right, as one line."""
    lines: list[list[tuple[float, float, float, str]]] = []
    for box, text in sorted(pieces, key=lambda piece: float(piece[0][:, 1].mean())):
        top, bottom, left = float(box[:, 1].min()), float(box[:, 1].max()), float(box[:, 0].min())
        last = lines[-1] if lines else None
        if last and min(bottom, last[0][1]) - max(top, last[0][0]) > _SAME_LINE * min(bottom - top, last[0][1] - last[0][0]):
            last.append((top, bottom, left, text))
        else:
            lines.append([(top, bottom, left, text)])
    return [" ".join(piece[3] for piece in sorted(line, key=lambda piece: piece[2])) for line in lines]
