"""Requests within a service's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def by_request_limits(lengths: Sequence[int], budget: int, most: int) -> Iterator[list[int]]:
    """Positions in batches in their own order; the sum of a batch's lengths stays within the budget.

    Args:
        lengths: of each item, in tokens or bytes.
        budget: of a request; an item longer than this is a request of its own.
        most: items of a request.
    """
    batch: list[int] = []
    total = 0
    for position, length in enumerate(lengths):
        if batch and (total + length > budget or len(batch) >= most):
            yield batch
            batch, total = [], 0
        batch.append(position)
        total += length
    if batch:
        yield batch
