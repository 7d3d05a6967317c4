"""Asks a serving endpoint (Databricks, MLflow's own server): texts in batches, bounded retries, an answer for every text or an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay, wait_random_exponential

from lakedocs.errors import ServiceError
from lakedocs.services.options import ServingSettings

_PASSING = frozenset({408, 409, 429, 500, 502, 503, 504})
_BACKOFF = wait_random_exponential(multiplier=1, max=30)


class Endpoint:
    """A model behind a URL.

    Args:
        url: ends in /invocations.
        token: of the workspace; empty for a server without one.
    """

    def __init__(self, url: str, token: str, settings: ServingSettings) -> None:
        self._url = url
        self._settings = settings
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, texts: Sequence[str], params: Mapping[str, str] | None = None) -> list[Any]:
        """One prediction per text, in their order.

        Raises:
            ServiceError: when the endpoint refuses, can't be reached in time, or answers with another number of predictions.
        """
        return [prediction for batch in self._batches(texts) for prediction in self._asked(batch, dict(params or {}))]

    def _batches(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        for start in range(0, len(texts), self._settings.batch_texts):
            yield texts[start : start + self._settings.batch_texts]

    def _asked(self, texts: Sequence[str], params: dict[str, str]) -> list[Any]:
        body: dict[str, Any] = {"dataframe_split": {"columns": ["text"], "data": [[text] for text in texts]}}
        if params:
            body["params"] = params
        retrying = Retrying(retry=retry_if_exception(_is_passing), wait=_waiting, stop=stop_before_delay(self._settings.total_seconds), reraise=True)
        try:
            answer = retrying(self._post, body)
            predictions = list(answer.json()["predictions"])
        except requests.HTTPError as error:
            raise ServiceError(f"The serving endpoint answered {_status(error)}; finished work is kept.") from error
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise ServiceError(f"The serving endpoint gave no answer ({type(error).__name__}); finished work is kept.") from error
        if len(predictions) != len(texts):
            raise ServiceError("The serving endpoint answered with another number of predictions than there were texts.")
        return predictions

    def _post(self, body: dict[str, Any]) -> requests.Response:
        answer = self._session.post(self._url, json=body, timeout=self._settings.seconds)
        answer.raise_for_status()
        return answer


def _is_passing(error: BaseException) -> bool:
    """What may be gone at the next try: rate limits, an endpoint that scales up, time-outs, a connection that failed."""
    if isinstance(error, requests.HTTPError):
        return _status(error) in _PASSING
    return isinstance(error, requests.ConnectionError | requests.Timeout)


def _status(error: requests.HTTPError) -> int:
    return error.response.status_code if error.response is not None else 0


def _waiting(state: RetryCallState) -> float:
    """As long as the service asks for, else longer from try to try."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.response.headers.get("Retry-After", "") if isinstance(error, requests.HTTPError) and error.response is not None else ""
    return float(asked) if asked.isdigit() else _BACKOFF(state)
