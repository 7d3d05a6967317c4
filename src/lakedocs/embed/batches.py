"""Batches under a token budget: texts of like length together, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def by_token_budget(lengths: Sequence[int], budget: int, most: int = 512) -> Iterator[list[int]]:
    """Positions in batches, longest texts first; the longest of a batch times its size stays within the budget.

    Args:
        lengths: tokens of each text.
        budget: tokens of a batch, padding included; a text longer than this is a batch of its own.
        most: texts of a batch.
    """
    batch: list[int] = []
    longest = 0
    for position in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (max(longest, lengths[position]) * (len(batch) + 1) > budget or len(batch) >= most):
            yield batch
            batch, longest = [], 0
        batch.append(position)
        longest = max(longest, lengths[position])
    if batch:
        yield batch
