"""Several calls at the same time, so many and no more; results as they come, each with what it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Asked = TypeVar("Asked")
Result = TypeVar("Result")


def side_by_side(call: Callable[[Asked], Result], items: Iterable[Asked], at_once: int) -> Iterator[tuple[Asked, Result]]:
    """Each item with its result, in the order in which they are done; items are taken only as calls become free.

    When a call raises, no other is begun, those under way are waited for, their results given out, and the error comes last.
    """
    left = iter(items)
    failure: BaseException | None = None
    running: dict[Future[Result], Asked] = {}
    with ThreadPoolExecutor(at_once) as pool:
        while True:
            while failure is None and len(running) < at_once and (item := next(left, None)) is not None:
                running[pool.submit(call, item)] = item
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                item = running.pop(future)
                if error := future.exception():
                    failure = failure or error
                else:
                    yield item, future.result()
    if failure:
        raise failure
