"""A served model as an MLflow pyfunc: the file that endpoints run, the model's folder, signature, example, requirements; and back."""

from __future__ import annotations

import json
import shutil
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lakedocs.errors import ModelError, SettingsError
from lakedocs.serving import text_model

_EXAMPLE = "The lease of the office ends on 30 September."
_REQUIREMENTS = ("mlflow", "numpy", "onnxruntime", "pandas", "tokenizers")


def log_text_model(folder: Path, **options: Any) -> Any:
    """Log `folder` as the model of the active MLflow run; MLflow's description of it.

    Args:
        folder: model.onnx, tokenizer.json, serving.json.
        options: of `mlflow.pyfunc.log_model`, such as a name in the registry.
    """
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature

    model = text_model.TextModel()
    model.load(folder)
    example = pd.DataFrame({"text": [_EXAMPLE]})
    is_classifier = "labels" in json.loads((folder / "serving.json").read_text(encoding="utf-8"))
    params = None if is_classifier else {"kind": "passage"}
    signature = infer_signature(example, model.predict(None, example), params)
    with warnings.catch_warnings(action="ignore"):
        return mlflow.pyfunc.log_model(
            name="model", python_model=str(Path(text_model.__file__)), artifacts={"model": str(folder)}, signature=signature,
            input_example=(example, params) if params else example, model_config={"threads": 0},
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS], **options,
        )  # fmt: skip


def copy_served(logged: Path, folder: Path) -> None:
    """Fill the new `folder` with the model's own files, out of the folder of a model that `log_text_model` logged.

    Raises:
        ModelError: when another kind of model was logged.
        SettingsError: when the folder is there already.
    """
    from mlflow.models import Model

    if folder.exists():
        raise SettingsError(f"{folder.name} is there already; name a folder that is not.")
    artifacts = Model.load(str(logged)).flavors["python_function"].get("artifacts", {})
    source = logged / artifacts["model"]["path"] if "model" in artifacts else logged
    if not (source / "serving.json").is_file():
        raise ModelError("That version is not the fine-tuned classifier as it gets served; name one with --version.")
    shutil.copytree(source, folder)
