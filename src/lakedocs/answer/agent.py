"""One question through its steps: redact, retrieve, answer; each step's time is part of the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from lakedocs.answer.extractive import Answer, compose
from lakedocs.embed.protocol import Embedder
from lakedocs.records import Redacted, SearchFilter
from lakedocs.search.protocol import SearchIndex
from lakedocs.settings import AnswerSettings

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
    """

    def __init__(self, redact: Callable[[str], Redacted], embedder: Embedder, index: SearchIndex, settings: AnswerSettings) -> None:
        self._redact = redact
        self._embedder = embedder
        self._index = index
        self._settings = settings

    def answer(self, question: str, narrow: SearchFilter = SearchFilter(), span: Span = no_span) -> Answer:  # noqa: B008 - frozen
        """The answer to a question; all that it holds is redacted text, the question too."""
        clock = _Clock()
        with span("redact_question"), clock.timed("redact"):
            asked = self._redact(question.strip()).text
        with span("embed_question"), clock.timed("embed"):
            vector = self._embedder.embed_queries([asked])[0]
        with span("search"), clock.timed("search"):
            hits = self._index.search(asked, vector, self._settings.passages, narrow)
        with span("compose"), clock.timed("compose"):
            return compose(asked, vector, hits, self._embedder, self._settings, clock.milliseconds)


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
