"""Whether the passages bear a statement out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lakedocs.answer.draft import Statement
from lakedocs.answer.words import sentences, telling_words
from lakedocs.embed.protocol import Embedder, Vectors
from lakedocs.records import Hit
from lakedocs.settings import AnswerSettings

_SIGNS = re.compile(r"<[A-Z_]+>|\b[A-Z_]+_[0-9a-f]{4,}\b|https?://\S+|\bwww\.\S+|\S+@\S+|\w*\d[\w.,:/%-]*")
_NOT_WORD = re.compile(r"\W+")
_SHORTEST_QUOTE = 3


class Support:
    """Judges the statements of one answer, each once, in their order.

    Args:
        question: redacted.
        vector: the question's, shape (dimensions,).
        shown: the passages, numbered from 1.
        embedder: of the model of `vector`.
        settings: how near is near.
    """

    def __init__(self, question: str, vector: Vectors, shown: Sequence[Hit], embedder: Embedder, settings: AnswerSettings) -> None:
        self._question = question
        self._vector = vector
        self._shown = shown
        self._embedder = embedder
        self._settings = settings
        self._judged: list[tuple[Statement, Hit | None]] = []

    @property
    def borne_out(self) -> list[tuple[Statement, Hit]]:
        """The statements that count, each with the passage that says so."""
        return [(statement, hit) for statement, hit in self._judged if hit is not None]

    @property
    def withheld(self) -> int:
        """How many do not."""
        return len(self._judged) - len(self.borne_out)

    def judge(self, statements: Sequence[Statement]) -> bool:
        """Judge those that are new; whether more of them count than before. A reply that began anew is judged anew."""
        known = [statement for statement, _ in self._judged]
        if known != list(statements[: len(known)]):
            self._judged, known = [], []
        before = len(self.borne_out)
        self._judged += [(statement, self._passage_of(statement)) for statement in statements[len(known) :]]
        return len(self.borne_out) > before

    def _passage_of(self, statement: Statement) -> Hit | None:
        """The cited passage in which the quoted words stand, if all else that the statement says is there too."""
        quote = _plain(statement.quote)
        cited = [self._shown[number - 1] for number in statement.citations if 0 < number <= len(self._shown)]
        quoted = next((hit for hit in cited if quote and quote in _plain(hit.text)), None)
        if quoted is None or not statement.text.strip():
            return None
        if len(quote.split()) < _SHORTEST_QUOTE and quote != _plain(quoted.text):
            return None
        evidence = " ".join([self._question, *(f"{hit.title} {hit.heading_path} {hit.place} {hit.text}" for hit in cited)]).casefold()
        if any(sign.casefold().rstrip(".,:") not in evidence for sign in _SIGNS.findall(statement.text)):
            return None
        return quoted if self._means(statement) else None

    def _means(self, statement: Statement) -> bool:
        """Whether a statement says what its quote does, and speaks of the question."""
        said, quoted = self._embedder.embed_passages([statement.text, statement.quote])
        words, in_quote, asked = telling_words(statement.text), telling_words(statement.quote), telling_words(self._question)
        share = len(words & in_quote) / len(words) if words else 0.0
        is_same = float(said @ quoted) >= self._settings.min_support or share >= self._settings.min_support
        return is_same and (float(said @ self._vector) >= self._settings.min_similarity or bool(asked & words))


def _plain(text: str) -> str:
    return _NOT_WORD.sub(" ", text).strip().casefold()


def bears_out(sentence: str, passage: str, embedder: Embedder, least: float) -> bool:
    """Whether a sentence says nothing that one sentence of the passage does not: its numbers and replacements stand there, and it means the same."""
    if any(sign.casefold().rstrip(".,:") not in passage.casefold() for sign in _SIGNS.findall(sentence)):
        return False
    if _plain(sentence) in _plain(passage):
        return True
    pieces = sentences(passage)
    if not pieces:
        return False
    said, *there = embedder.embed_passages([sentence, *pieces])
    return max(float(said @ vector) for vector in there) >= least
