"""Whether the passages bear a statement out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lakedocs.answer.draft import Statement
from lakedocs.answer.options import AnswerSettings
from lakedocs.answer.orders import is_order
from lakedocs.answer.words import sentences, telling_words
from lakedocs.embed.protocol import Embedder, Vectors
from lakedocs.records import Hit

_SIGNS = re.compile(r"<[A-Z_]+>|\b[A-Z_]+_[0-9a-f]{4,}\b|https?://\S+|\bwww\.\S+|\S+@\S+|\w*\d[\w.,:/%-]*")
_NOT_WORD = re.compile(r"\W+")
_SHORTEST_QUOTE = 2
"""A quote has so many words that tell something, or is all of its passage."""
_SAME_WORDS = 0.8
_NEW_WORDS = 0.34


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

    def harmless(self, follow_ups: Sequence[str]) -> tuple[str, ...]:
        """Questions that hold no number, address or name that is in neither question nor passages, and no order."""
        known = _signs(" ".join([self._question, *(f"{hit.title} {hit.text}" for hit in self._shown)]))
        return tuple(one for one in follow_ups if one.strip() and _signs(one) <= known and not is_order(one))

    def _passage_of(self, statement: Statement) -> Hit | None:
        """The cited passage in which the quoted words stand, if all else that the statement says is there too."""
        quote = _plain(statement.quote)
        cited = [self._shown[number - 1] for number in statement.citations if 0 < number <= len(self._shown)]
        quoted = next((hit for hit in cited if quote and f" {quote} " in f" {_plain(hit.text)} "), None)
        if quoted is None or not statement.text.strip():
            return None
        if len(telling_words(statement.quote)) < _SHORTEST_QUOTE and quote != _plain(quoted.text):
            return None
        evidence = " ".join(f"{hit.title} {hit.heading_path} {hit.place} {hit.text}" for hit in cited)
        if not _signs(statement.text) <= _signs(evidence):
            return None
        return quoted if self._says_so(statement, quoted, evidence) else None

    def _says_so(self, statement: Statement, quoted: Hit, evidence: str) -> bool:
        """Whether a statement says what its quote does, or the sentence in which that stands, speaks of the question, and hardly of anything else."""
        quote = _plain(statement.quote)
        around = [sentence for sentence in sentences(quoted.text) if quote in _plain(sentence)]
        said, *there = self._embedder.embed_passages([statement.text, statement.quote, *around])
        words, asked = telling_words(statement.text), telling_words(self._question)
        in_quote = len(words & telling_words(" ".join([statement.quote, *around]))) / len(words) if words else 0.0
        new = len(words - asked - telling_words(evidence)) / len(words) if words else 1.0
        is_same = in_quote >= _SAME_WORDS or max(float(said @ vector) for vector in there) >= self._settings.min_support
        is_near = float(said @ self._vector) >= self._settings.min_similarity or bool(asked & words)
        return is_same and new <= _NEW_WORDS and is_near


def _signs(text: str) -> set[str]:
    """The numbers, replacements and addresses in a text."""
    return {sign.casefold().strip(".,:;%/-") for sign in _SIGNS.findall(text)} - {""}


def _plain(text: str) -> str:
    return _NOT_WORD.sub(" ", text).strip().casefold()


def bears_out(sentence: str, passage: str, embedder: Embedder, least: float) -> bool:
    """Whether a sentence says nothing that one sentence of the passage does not: its numbers and replacements stand there, and it means the same."""
    if not _signs(sentence) <= _signs(passage):
        return False
    if _plain(sentence) in _plain(passage):
        return True
    pieces = sentences(passage)
    if not pieces:
        return False
    said, *there = embedder.embed_passages([sentence, *pieces])
    return max(float(said @ vector) for vector in there) >= least
