"""One question through its steps: redact, retrieve, rank again, leave orders out, answer; each step's time is part of the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from lakedocs.answer.answers import Answer
from lakedocs.answer.extractive import compose
from lakedocs.answer.grounded import Grounded, OnText
from lakedocs.answer.options import AnswerSettings
from lakedocs.answer.orders import without_orders
from lakedocs.answer.rerank import Rerank
from lakedocs.embed.protocol import Embedder, Vectors
from lakedocs.records import Hit, Redacted, SearchFilter
from lakedocs.search.protocol import SearchIndex

Span = Callable[[str], AbstractContextManager[object]]
"""Opens a named step in a trace."""


@contextmanager
def no_span(name: str) -> Iterator[None]:
    """A step that nobody records."""
    yield


class Agent:
    """Answers questions from an index.

    Args:
        redact: what the documents' text went through.
        embedder: of the model that the index holds vectors of.
        index: where to look.
        settings: how much to look at, and how sure an answer must be.
        grounded: answers by a language model; without it, answers are made of the documents' own sentences.
        rerank: ranks what the search brings back again.
    """

    def __init__(
        self, redact: Callable[[str], Redacted], embedder: Embedder, index: SearchIndex, settings: AnswerSettings,
        grounded: Grounded | None = None, rerank: Rerank | None = None,
    ) -> None:  # fmt: skip
        self._redact = redact
        self._embedder = embedder
        self._index = index
        self._settings = settings
        self._grounded = grounded
        self.rerank = rerank

    def answer(
        self,
        question: str,
        narrow: SearchFilter = SearchFilter(),  # noqa: B008 - frozen
        span: Span = no_span,
        on_text: OnText | None = None,
    ) -> Answer:
        """The answer to a question; all that it holds is redacted text, the question too.

        Raises:
            ServiceError: when a service that it takes does not answer.
        """
        clock = _Clock()
        with span("redact_question"), clock.timed("redact"):
            asked = self.redacted(question)
        with span("embed_question"), clock.timed("embed"):
            vector = self._embedder.embed_queries([asked])[0]
        with span("search"), clock.timed("search"):
            hits = self._index.search(asked, vector, self._settings.candidates if self.rerank else self._settings.passages, narrow)
        if self.rerank:
            with span("rerank"), clock.timed("rerank"):
                hits = self.rerank(asked, hits)[: self._settings.passages]
        pure, suspect, orders = without_orders(hits)
        with span("compose"), clock.timed("compose"):
            answer = self._composed(asked, vector, pure, clock.milliseconds, on_text)
            if suspect and not answer.found:
                first, answer = answer, self._composed(asked, vector, suspect, clock.milliseconds, on_text)
                answer = replace(answer, usage=first.usage + answer.usage, withheld=first.withheld + answer.withheld)
        return replace(answer, orders_ignored=orders)

    @property
    def candidates(self) -> int:
        """How much of what the search brings back is ranked again."""
        return self._settings.candidates

    def redacted(self, question: str) -> str:
        """A question as the index is asked."""
        return self._redact(question.strip()).text

    def _composed(self, asked: str, vector: Vectors, hits: Sequence[Hit], milliseconds: dict[str, float], on_text: OnText | None) -> Answer:
        if self._grounded:
            return self._grounded.answer(asked, vector, hits, milliseconds, on_text)
        return compose(asked, vector, hits, self._embedder, self._settings, milliseconds)


class _Clock:
    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        start = time.perf_counter()
        self.milliseconds[step] = 0.0
        try:
            yield
        finally:
            self.milliseconds[step] = round((time.perf_counter() - start) * 1000, 1)
