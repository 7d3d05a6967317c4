"""What Azure ML's inference server runs: texts in, labels out, in the form of an MLflow server's /invocations.

It is uploaded with text_model.py beside it, and has no lakedocs: it imports nothing of it.

Request: `{"dataframe_split": {"columns": ["text"], "data": [["..."], ...]}}`. Answer: `{"predictions": [...]}`, one for each row, or
`{"error_code": ..., "message": ...}` with status 400 (not such a request), 405 (not POST) or 413 (too large); no message quotes a text.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse
from mlflow.exceptions import MlflowException
from text_model import TextModel  # type: ignore[import-not-found]  # beside this file where it runs

MOST_BYTES = 1_500_000
"""What a managed online endpoint takes in one request."""

_model = TextModel()


def init() -> None:
    """Load the model that the deployment names, once per worker process."""
    (facts,) = Path(os.environ["AZUREML_MODEL_DIR"]).rglob("serving.json")
    _model.load(facts.parent)


@rawhttp  # type: ignore[untyped-decorator]
def run(request: AMLRequest) -> AMLResponse:
    """The model's answer to one request."""
    if request.method != "POST":
        return _refused(405, "send a POST request")
    body = request.stream.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return _refused(413, f"the request has more than {MOST_BYTES} bytes; send fewer texts at once")
    try:
        texts = _frame(body)
    except (ValueError, KeyError, TypeError, RecursionError):
        return _refused(400, 'the body must be JSON: {"dataframe_split": {"columns": ["text"], "data": [["a text"], ["another"]]}}')
    try:
        predictions = _model.predict(None, texts)
    except MlflowException as error:
        return _refused(400, error.message)
    return AMLResponse({"predictions": _rows(predictions)}, 200, json_str=True)


def _frame(body: bytes) -> pd.DataFrame:
    split = json.loads(body)["dataframe_split"]
    return pd.DataFrame(split["data"], columns=split["columns"])


def _rows(predictions: Any) -> list[Any]:
    found: list[Any] = predictions.to_dict("records") if isinstance(predictions, pd.DataFrame) else predictions.tolist()
    return found


def _refused(status: int, message: str) -> AMLResponse:
    return AMLResponse({"error_code": "BAD_REQUEST", "message": message}, status, json_str=True)
