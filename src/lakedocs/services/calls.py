"""The one discipline of every call to an outside service: within its rate, tried again as it asks, bounded in time, with failover.

The SDKs' own retries are switched off wherever a `Caller` is used: they would pass the rate by and hide what was asked.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from tenacity import RetryCallState, Retrying, wait_random_exponential

from lakedocs.errors import RefusedError, ServiceError
from lakedocs.services.options import CallSettings
from lakedocs.services.rates import UNLIMITED, Rate

T = TypeVar("T")

_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_ITEM = frozenset({400, 413, 422})
_EXPIRED = 401
_BACKOFF = wait_random_exponential(multiplier=0.5, max=30)
_JITTER = wait_random_exponential(multiplier=0.05, max=0.5)
_DIGITS = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an error of a service means.

    Attributes:
        reason: what the service did, as the rest of a sentence: "answered 429".
        passes: how it may end at another try: at any, only if the try before ended otherwise, or at none.
        wait: seconds that the service asks for.
        is_of_item: what was asked is at fault, not the service: another question may be answered.
    """

    reason: str
    passes: Literal["always", "once", "never"] = "always"
    wait: float | None = None
    is_of_item: bool = False


Judge = Callable[[BaseException], Verdict | None]
"""What an error of an SDK means; nothing for one that is none of the service's."""


def answered(status: int, headers: Mapping[str, str]) -> Verdict:
    """What an HTTP status means, wherever it came from."""
    reason = f"answered {status}"
    if status in _PASSING:
        return Verdict(reason, wait=asked_wait(headers))
    if status == _EXPIRED:
        return Verdict(reason, "once")  # a token may have run out under way; the next one is fresh, a wrong key stays wrong
    return Verdict(reason, "never", is_of_item=status in _ITEM)


def unreachable(error: BaseException) -> Verdict:
    """A connection that failed, a time-out, an answer that broke off."""
    return Verdict(f"can't be reached ({type(error).__name__}: check its address)")


def unreadable(error: BaseException) -> Verdict:
    """An answer that can't be read: cut off, or not what it should be."""
    return Verdict(f"gave an answer that can't be read ({type(error).__name__})")


def judge_requests(error: BaseException) -> Verdict | None:
    """What an error of the requests package means, or of reading its answer (a ValueError)."""
    import requests  # which tasks without services do without

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return answered(error.response.status_code, error.response.headers)
    if isinstance(error, requests.RequestException) and not isinstance(error, requests.JSONDecodeError):
        return unreachable(error)
    return unreadable(error) if isinstance(error, ValueError) else None


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` ask for."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name) or ""
        if _DIGITS.fullmatch(value):
            return float(value) / unit
    return None


class Caller:
    """Calls one service.

    Args:
        service: its name in messages.
        judge: what the errors of its SDK mean.
        bounds: how long a call with its tries may take.
        rates: of each deployment; a call that fails at one is tried at the next right away.
    """

    def __init__(self, service: str, judge: Judge, bounds: CallSettings, rates: Sequence[Rate] = (UNLIMITED,)) -> None:
        self._service = service
        self._judge = judge
        self._bounds = bounds
        self._rates = rates

    def call(self, ask: Callable[[int], T], tokens: int = 0) -> T:
        """What `ask`, given the number of a deployment, returns.

        Args:
            ask: one try.
            tokens: what it takes from the deployment's rate.

        Raises:
            RefusedError: when the service refuses what was asked.
            ServiceError: when it refuses the caller, or has not answered in time.
        """
        held_back = 0.0

        def is_late(state: RetryCallState) -> bool:
            return time.monotonic() - state.start_time - held_back + state.upcoming_sleep > self._bounds.total_seconds

        before: list[Verdict] = []

        def may_pass(state: RetryCallState) -> bool:
            verdict = self._verdict(state)
            if verdict is None:
                return False
            if not verdict.is_of_item and state.attempt_number < len(self._rates):
                return True  # another deployment has not been asked yet
            if verdict.passes == "never":
                return False
            is_again = bool(before) and before[-1].passes == "once"
            before.append(verdict)
            return verdict.passes == "always" or not is_again

        retrying = Retrying(retry=may_pass, wait=self._waiting, stop=is_late, reraise=True)
        try:
            for attempt in retrying:
                with attempt:
                    deployment = (attempt.retry_state.attempt_number - 1) % len(self._rates)
                    held_back += self._rates[deployment].take(tokens)
                    return ask(deployment)
        except Exception as error:
            verdict = self._judge(error)
            if verdict is None:
                raise
            kind = RefusedError if verdict.is_of_item else ServiceError
            raise kind(f"{self._service} {verdict.reason}; finished work is kept. {_advice(verdict.reason)}") from error
        raise AssertionError("tenacity returns or raises")

    def _verdict(self, state: RetryCallState) -> Verdict | None:
        error = state.outcome.exception() if state.outcome else None
        return self._judge(error) if error else None

    def _waiting(self, state: RetryCallState) -> float:
        """As long as the service asks for, and a little more so that all do not come back at once; else longer from try to try."""
        if state.attempt_number % len(self._rates):
            return 0.0  # the next deployment has not been asked yet
        verdict = self._verdict(state)
        asked = verdict.wait if verdict else None
        return _BACKOFF(state) if asked is None else asked + _JITTER(state)


def _advice(reason: str) -> str:
    if reason in ("answered 401", "answered 403"):
        return "Check the key in the secret scope, or the role of the cluster's identity."
    if reason == "answered 404":
        return "Check the endpoint and the name of the deployment or index."
    if reason in {f"answered {status}" for status in _ITEM}:
        return "What was sent does not suit it."
    return "Run again later."
