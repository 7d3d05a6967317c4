"""What may be asked of a service in a minute, shared out over the worker processes that ask it."""

from __future__ import annotations

import time
from typing import Protocol

from pyrate_limiter import Duration, Limiter
from pyrate_limiter import Rate as Bound

_TOKENS_A_UNIT = 100
_SHORT_SECONDS, _MINUTE = 10, 60


class Rate(Protocol):
    """Holds calls back."""

    def take(self, tokens: int) -> float:
        """Return once a call with so many tokens may be made; how many seconds that took."""


class _Unlimited:
    def take(self, tokens: int) -> float:
        return 0.0


UNLIMITED: Rate = _Unlimited()


class SharedRate:
    """A process's share of what a deployment allows.

    Args:
        requests_per_minute: of the deployment; 0: no bound.
        tokens_per_minute: of the deployment; 0: no bound.
        workers: processes that ask at the same time.
        largest: tokens of the largest call.
    """

    def __init__(self, requests_per_minute: int, tokens_per_minute: int, workers: int, largest: int) -> None:
        self._requests = _limiter(requests_per_minute // workers, 1) if requests_per_minute else None
        # a bucket keeps a list, so tokens are counted by the hundred
        units = max(tokens_per_minute // workers // _TOKENS_A_UNIT, 1)
        self._most = min(max(-(-largest // _TOKENS_A_UNIT), 1), units)
        self._tokens = _limiter(units, self._most) if tokens_per_minute else None

    def take(self, tokens: int) -> float:
        start = time.monotonic()
        if self._tokens:
            self._tokens.try_acquire(weight=min(max(-(-tokens // _TOKENS_A_UNIT), 1), self._most))
        if self._requests:
            self._requests.try_acquire()
        return time.monotonic() - start


def _limiter(a_minute: int, largest: int) -> Limiter:
    """Spread over the minute where the largest call allows it: services count in stretches of seconds, too."""
    short = a_minute * _SHORT_SECONDS // _MINUTE
    if short >= largest and short > 1:
        return Limiter(Bound(short, _SHORT_SECONDS * Duration.SECOND))
    return Limiter(Bound(max(a_minute, 1), Duration.MINUTE))
