"""The cutter of a lake: passages that every chosen model reads whole."""

from __future__ import annotations

from lakedocs.embed.open import model_key
from lakedocs.embed.tokens import token_limit
from lakedocs.passages.cut import Cutter, TokenLimit
from lakedocs.settings import Settings


def cutter_of(settings: Settings) -> Cutter:
    """Cuts for the models of 07 and 08, once where they are the same."""
    most = settings.passages.max_tokens
    limits = []
    for model in dict.fromkeys((settings.classification.model, settings.embedding)):
        spans, tokens = token_limit(model)
        limits.append(TokenLimit(spans, min(tokens, most or tokens)))
    if len({model_key(model) for model in (settings.classification.model, settings.embedding)}) == 1:
        limits = limits[:1]
    return Cutter(limits, settings.passages.overlap_tokens, settings.passages.regions_left_out)
