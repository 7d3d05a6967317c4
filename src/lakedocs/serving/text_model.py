"""A text model as MLflow and Azure ML serve it: texts in, a label with all probabilities or a vector out.

MLflow logs this file itself (models from code), and endpoints have no lakedocs: it imports nothing of it. The model's folder
holds model.onnx (token ids and mask to probabilities or vectors), tokenizer.json and serving.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

MOST_TEXTS = 2048
MOST_CHARACTERS = 100_000
_BATCH_TOKENS = 4096


class TextModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
    """Column `text` in; per text a label, its confidence and every label's probability, or a vector."""

    def load_context(self, context: Any) -> None:
        """Load the folder that the model was logged with."""
        self.load(Path(context.artifacts["model"]), int((context.model_config or {}).get("threads", 0)))

    def load(self, folder: Path, threads: int = 0) -> None:
        """Load the model; `threads` 0: as many as there are cores."""
        import onnxruntime
        from tokenizers import Tokenizer

        self._facts = json.loads((folder / "serving.json").read_text(encoding="utf-8"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(self._facts["max_tokens"])
        self._tokenizer.no_padding()

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        """One row per text. A classifier's columns: label, confidence, probability_<label>; an embedder's rows are vectors.

        Args:
            context: MLflow's.
            model_input: the column `text`.
            params: `kind`: `passage` or `query`, for embedders that read the two in different ways.

        Raises:
            MlflowException: saying which row can't be used and why, never quoting it.
        """
        del context
        texts = _checked(model_input)
        labels = self._facts.get("labels")
        if labels is None:
            kind = (params or {}).get("kind", "passage")
            prompts = self._facts.get("prompts", {})
            if kind not in ("passage", "query"):
                raise _refused("kind must be passage or query")
            return self.outputs([prompts.get(kind, "") + text for text in texts])
        probabilities = self.outputs(texts)
        best = probabilities.argmax(axis=1) if len(texts) else np.zeros(0, dtype=int)
        columns: dict[str, Any] = {"label": [labels[number] for number in best], "confidence": probabilities.max(axis=1, initial=0.0)}
        return pd.DataFrame({**columns, **{f"probability_{label}": probabilities[:, number] for number, label in enumerate(labels)}})

    def outputs(self, texts: list[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """What the network says of each text, row n for text n; batched by length."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        found = np.zeros((len(texts), self._facts["outputs"]))
        order = sorted(range(len(texts)), key=lambda position: -len(tokens[position]))
        while order:
            size = max(_BATCH_TOKENS // max(len(tokens[order[0]]), 1), 1)
            batch, order = order[:size], order[size:]
            ids = np.full((len(batch), len(tokens[batch[0]])), self._facts["pad_token_id"], dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, position in enumerate(batch):
                ids[row, : len(tokens[position])] = tokens[position]
                mask[row, : len(tokens[position])] = 1
            found[batch] = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return found


def _checked(given: Any) -> list[str]:
    if not isinstance(given, pd.DataFrame) or list(given.columns).count("text") != 1:
        raise _refused("the input must have one column named text")
    texts = given["text"].tolist()
    if len(texts) > MOST_TEXTS:
        raise _refused(f"{len(texts)} texts are more than the {MOST_TEXTS} of one request")
    for number, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip():
            raise _refused(f"row {number} is not a text, or an empty one")
        if len(text) > MOST_CHARACTERS:
            raise _refused(f"row {number} has {len(text)} characters, more than {MOST_CHARACTERS}")
    return texts


def _refused(reason: str) -> MlflowException:
    return MlflowException(f"Invalid input: {reason}.", error_code=INVALID_PARAMETER_VALUE)


mlflow.models.set_model(TextModel())
