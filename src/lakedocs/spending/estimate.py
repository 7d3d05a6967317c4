"""What a run would cost at each outside service, from what there is to do: arithmetic alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lakedocs.services.prices import Price

CHUNK_TOKENS, SUMMARY_TOKENS = 3000, 300
_TOKENS_A_WORD = 4 / 3
"""Of English prose, as OpenAI's tokenizers count."""
_TEXTS_A_REQUEST = 2048


@dataclass(frozen=True)
class Measured:
    """What there is to do.

    Attributes:
        files: found, of which `files_read` were opened; everything else is raised from these to all.
        unlisted: files and folders that can't be listed.
        unreadable: files and attachments that give no text.
        tokens: of all passages; `distinct_tokens` of those that differ from each other, which are embedded once.
        summaries: a summary of every document.
        images: that differ from each other.
        pages: that a service for documents would read: those that the settings give it, else those that show text, but hold none.
    """

    files: int
    files_read: int
    unlisted: int
    documents: int
    unreadable: int
    passages: int
    tokens: int
    distinct_passages: int
    distinct_tokens: int
    summaries: Chat
    images: int
    pages: int


@dataclass(frozen=True)
class Chat:
    """Requests to a language model, with the tokens that go in and come out."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: Chat) -> Chat:
        return Chat(self.calls + other.calls, self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out)

    def raised(self, factor: float) -> Chat:
        """So many times as much."""
        return Chat(round(self.calls * factor), round(self.tokens_in * factor), round(self.tokens_out * factor))


@dataclass(frozen=True)
class Line:
    """One service's share: what it would do, in how many calls, for how many US dollars, in how many seconds at its limits at least."""

    model: str
    work: str
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float
    seconds: float


def summary_of(tokens: int) -> Chat:
    """A text's summary by map and reduce: chunks of 3,000 tokens to 300 each, their summaries again, until one is left."""
    total = Chat()
    while tokens > 0:
        chunks = math.ceil(tokens / CHUNK_TOKENS)
        total += Chat(chunks, tokens, chunks * SUMMARY_TOKENS)
        tokens = chunks * SUMMARY_TOKENS if chunks > 1 else 0
    return total


def summary_of_words(words: int) -> Chat:
    """The same of a text of so many words."""
    return summary_of(math.ceil(words * _TOKENS_A_WORD))


def chat_lines(chat: Chat, work: str, prices: Mapping[str, Price]) -> Iterator[Line]:
    """What every language model would take for it."""
    for model, price in prices.items():
        if price.kind == "chat":
            cost, seconds = price.cost(chat.tokens_in, chat.tokens_out), price.seconds(chat.calls, chat.tokens_in + chat.tokens_out)
            yield Line(model, work, chat.calls, chat.tokens_in, chat.tokens_out, cost, seconds)


def lines(measured: Measured, prices: Mapping[str, Price], batch_tokens: int) -> Iterator[Line]:
    """What each service would take to do all of its part.

    Args:
        batch_tokens: of one request for embeddings.
    """
    for model, price in prices.items():
        if price.kind == "embedding":
            tokens = measured.distinct_tokens
            calls = max(math.ceil(tokens / batch_tokens), math.ceil(measured.distinct_passages / _TEXTS_A_REQUEST))
            work = f"{measured.distinct_passages:,} texts as vectors"
            yield Line(model, work, calls, tokens, 0, price.cost(tokens), price.seconds(calls, tokens))
    yield from chat_lines(measured.summaries, f"{measured.documents:,} documents summarised", prices)
    for model, price in prices.items():
        if price.kind in ("image", "page"):
            items, what = (measured.images, "images read") if price.kind == "image" else (measured.pages, "pages read")
            yield Line(model, f"{items:,} {what}", items, 0, 0, price.cost(items=items), price.seconds(items))
