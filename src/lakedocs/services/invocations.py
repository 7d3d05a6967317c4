"""Asks a serving endpoint (Databricks, MLflow's own server): texts in batches, an answer for every text or an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

from lakedocs.services.calls import Caller, judge_requests
from lakedocs.services.options import CallSettings, ServingSettings


class Endpoint:
    """A model behind a URL.

    Args:
        url: ends in /invocations.
        token: of the workspace; empty for a server without one.
        bounds: how long a call may take.
    """

    def __init__(self, url: str, token: str, settings: ServingSettings, bounds: CallSettings) -> None:
        self._url = url
        self._settings = settings
        self._seconds = bounds.seconds
        self._caller = Caller("The serving endpoint", judge_requests, bounds)
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, texts: Sequence[str], params: Mapping[str, str] | None = None) -> list[Any]:
        """One prediction per text, in their order.

        Raises:
            RefusedError: when the endpoint refuses these texts.
            ServiceError: when it refuses the caller, or has not answered in time.
        """
        return [prediction for batch in self._batches(texts) for prediction in self._asked(batch, dict(params or {}))]

    def _batches(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        for start in range(0, len(texts), self._settings.batch_texts):
            yield texts[start : start + self._settings.batch_texts]

    def _asked(self, texts: Sequence[str], params: dict[str, str]) -> list[Any]:
        body: dict[str, Any] = {"dataframe_split": {"columns": ["text"], "data": [[text] for text in texts]}}
        if params:
            body["params"] = params
        return self._caller.call(lambda _: self._post(body, len(texts)))

    def _post(self, body: dict[str, Any], wanted: int) -> list[Any]:
        answer = self._session.post(self._url, json=body, timeout=self._seconds)
        answer.raise_for_status()
        try:
            predictions = list(answer.json()["predictions"])
        except (KeyError, TypeError) as error:
            raise ValueError("no predictions") from error
        if len(predictions) != wanted:
            raise ValueError("another number of predictions than there were texts")
        return predictions
