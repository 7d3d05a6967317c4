"""Tokens as OpenAI's models from GPT-3.5 Turbo to text-embedding-3 count them; later ones (o200k) make fewer of the same text."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1)
def _cl100k() -> object:
    from rs_bpe import openai

    return openai.cl100k_base()


def count_cl100k(text: str) -> int:
    """How many tokens a text has."""
    return int(_cl100k().count(text))  # type: ignore[attr-defined]
