"""The discipline of calls: what is tried again, when, where and for how long; rates that are shared; calls side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakedocs.errors import RefusedError, ServiceError
from lakedocs.services.calls import Caller, Verdict, answered, asked_wait
from lakedocs.services.options import CallSettings
from lakedocs.services.rates import UNLIMITED, SharedRate
from lakedocs.services.side_by_side import side_by_side


class SaidError(Exception):
    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.verdict = answered(status, headers or {})


def judge(error: BaseException) -> Verdict | None:
    return error.verdict if isinstance(error, SaidError) else None


def caller(total_seconds: float = 5, deployments: int = 1) -> Caller:
    return Caller("The service", judge, CallSettings(total_seconds=total_seconds), [UNLIMITED] * deployments)


def failing(*statuses: int, headers: dict[str, str] | None = None) -> tuple[Callable[[int], str], list[int]]:
    """A call that ends with these statuses before it returns, and the deployments that were asked."""
    left, asked = list(statuses), []

    def ask(deployment: int) -> str:
        asked.append(deployment)
        if left:
            raise SaidError(left.pop(0), headers)
        return "said"

    return ask, asked


AT_ONCE = {"retry-after-ms": "1"}


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    ask, asked = failing(status, status, headers=AT_ONCE)
    assert caller().call(ask) == "said"
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [(400, RefusedError, "does not suit"), (413, RefusedError, "does not suit"), (422, RefusedError, "does not suit"),
     (403, ServiceError, "secret scope"), (404, ServiceError, "endpoint"), (501, ServiceError, "later")],
)  # fmt: skip
def test_what_does_not_pass_says_who_must_act(status: int, error: type[Exception], says: str) -> None:
    ask, asked = failing(status)
    with pytest.raises(error, match=f"The service answered {status}.*{says}") as raised:
        caller().call(ask)
    assert isinstance(raised.value, RefusedError) == (error is RefusedError)
    assert len(asked) == 1


def test_a_token_may_run_out_now_and_then_but_a_wrong_one_stays_wrong() -> None:
    ask, _ = failing(401, 503, 401, headers=AT_ONCE)
    assert caller().call(ask) == "said"
    ask, asked = failing(401, 401, headers=AT_ONCE)
    with pytest.raises(ServiceError, match="401"):
        caller().call(ask)
    assert len(asked) == 2


def test_it_waits_as_long_as_the_service_asks() -> None:
    ask, _ = failing(429, headers={"retry-after-ms": "300"})
    start = time.monotonic()
    caller().call(ask)
    assert 0.3 <= time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "2"}, 2.0), ({"retry-after-ms": "1500"}, 1.5), ({"retry-after-ms": "500", "retry-after": "9"}, 0.5), ({}, None),
     ({"retry-after": "Wed, 25 Nov 2026 07:28:00 GMT"}, None), ({"retry-after": "-1"}, None)],
)  # fmt: skip
def test_headers_that_ask_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers) == seconds


def test_it_ends_in_bounded_time() -> None:
    ask, _ = failing(*[503] * 100)
    start = time.monotonic()
    with pytest.raises(ServiceError, match=r"answered 503; finished work is kept\. Run again later\."):
        caller(total_seconds=1).call(ask)
    assert time.monotonic() - start < 1.5
    ask, asked = failing(429, headers={"retry-after": "60"})
    with pytest.raises(ServiceError):
        caller(total_seconds=1).call(ask)
    assert len(asked) == 1, "a wait that passes the bound is not begun"


def test_deployments_take_turns_without_a_wait_between() -> None:
    ask, asked = failing(429, 429, 429, headers={"retry-after-ms": "200"})
    start = time.monotonic()
    caller(deployments=2).call(ask)
    assert asked == [0, 1, 0, 1]
    assert 0.2 <= time.monotonic() - start < 1


def test_an_error_of_our_own_is_not_the_service_s() -> None:
    def ask(_: int) -> str:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        caller().call(ask)


def test_a_rate_is_shared_out_and_held() -> None:
    rate = SharedRate(requests_per_minute=0, tokens_per_minute=60_000, workers=2, largest=1000)
    assert rate.take(1000) + sum(rate.take(1000) for _ in range(4)) < 1, "5,000 in ten seconds are this worker's share"
    waited: list[float] = []
    held = threading.Thread(target=lambda: waited.append(rate.take(1000)), daemon=True)
    held.start()
    held.join(1)
    assert held.is_alive()


def test_a_call_larger_than_the_share_is_let_through_all_the_same() -> None:
    assert SharedRate(requests_per_minute=0, tokens_per_minute=1000, workers=4, largest=8000).take(8000) < 1


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 6))
def test_calls_side_by_side_return_each_item_with_its_own_result(items: list[int], at_once: int) -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def call(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.0005 * (item % 3))
        with lock:
            running -= 1
        return item * item

    done = list(side_by_side(call, items, at_once))
    assert sorted(done) == sorted((item, item * item) for item in items)
    assert most <= at_once


def test_after_an_error_nothing_new_begins() -> None:
    begun: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            begun.append(number)
            yield number

    def call(item: int) -> int:
        time.sleep(0.05)
        if item == 1:
            raise ServiceError("down")
        return item

    done: list[int] = []

    def gather() -> None:
        done.extend(item for item, _ in side_by_side(call, items(), 3))

    with pytest.raises(ServiceError):
        gather()
    assert len(begun) < 8
