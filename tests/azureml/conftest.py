"""A small classifier made here, in the form in which one is served."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

LABELS = ("problem", "solution", "topic", "year")
WORDS = ("[UNK]", "dispute", "remedy", "overview", "2019")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each label has a word that speaks for it; probabilities are the softmax of their counts."""
    folder = tmp_path_factory.mktemp("model") / "champion"
    folder.mkdir()
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    facts = {"labels": LABELS, "outputs": len(LABELS), "max_tokens": 64, "pad_token_id": 0}
    (folder / "serving.json").write_text(json.dumps(facts), encoding="utf-8")
    weights = np.vstack([np.zeros(4), 3 * np.eye(4)]).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["weights", "input_ids"], ["words"]),
        helper.make_node("Cast", ["attention_mask"], ["seen"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["seen", "last"], ["mask"]),
        helper.make_node("Mul", ["words", "mask"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["counts"], keepdims=0),
        helper.make_node("Softmax", ["counts"], ["probabilities"], axis=-1),
    ]
    constants = [
        numpy_helper.from_array(weights, "weights"),
        numpy_helper.from_array(np.array([2]), "last"),
        numpy_helper.from_array(np.array([1]), "middle"),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"]) for name in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["texts", 4])]
    model = helper.make_model(helper.make_graph(nodes, "classifier", inputs, outputs, constants), opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, str(folder / "model.onnx"))
    return folder
