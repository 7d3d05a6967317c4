"""A summary made of a document's own sentences: those nearest to what all of them say, and unlike each other (maximal marginal relevance)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lakedocs.embed.protocol import Embedder
from lakedocs.services.cl100k import count_cl100k
from lakedocs.summarise.sentences import whole_sentences

VERSION = "extractive-summary/1"
_MOST_SENTENCES = 120
"""A long document is represented by so many, taken evenly from all of it."""
_CENTRAL = 0.7
"""Weight of nearness to the whole against unlikeness to what is chosen already (Carbonell and Goldstein, 1998)."""


def central_sentences(passages: Sequence[str], embedder: Embedder, most_tokens: int) -> str:
    """The sentences in the document's order, `most_tokens` at most; empty where there are none."""
    found = list(dict.fromkeys(sentence for passage in passages for sentence in whole_sentences(passage)))
    if not found:
        return ""
    if len(found) > _MOST_SENTENCES:
        found = [found[int(place)] for place in np.linspace(0, len(found) - 1, _MOST_SENTENCES)]
    vectors = embedder.embed_passages(found)
    central = vectors @ vectors.mean(axis=0)
    lengths = [count_cl100k(sentence) for sentence in found]
    chosen: list[int] = []
    left, room = set(range(len(found))), most_tokens
    while left:
        fitting = [place for place in left if lengths[place] <= room]
        if not fitting:
            break
        likeness = {place: max((float(vectors[place] @ vectors[other]) for other in chosen), default=0.0) for place in fitting}
        best = max(fitting, key=lambda place: (_CENTRAL * float(central[place]) - (1 - _CENTRAL) * likeness[place], -place))
        chosen.append(best)
        left.discard(best)
        room -= lengths[best]
    return " ".join(found[place] for place in sorted(chosen))
