"""An answer made of the documents' own sentences, each with the number of its citation; invents nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from lakedocs.embed.protocol import Embedder, Vectors
from lakedocs.records import Hit
from lakedocs.settings import AnswerSettings

UNKNOWN = "I do not know: nothing in the indexed documents fits this question."
_SENTENCE_END = re.compile(r"(?<=[.!?。])\s+(?=\S)|\n+")
_WORD = re.compile(r"\w+")
_LONGEST_SENTENCE = 600
_WORD_SHARE_WEIGHT = 0.3
_NEAR_THE_BEST = 0.85
_STOP_TEXT = """
a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my no not of on or our
shall should so than that the their them then there these they this to was we were what when where which who whom whose why will
with would you your
"""
_STOP_WORDS = frozenset(_STOP_TEXT.split())


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence of the answer stands."""

    number: int
    doc_id: str
    passage_id: str
    title: str
    place: str
    label: str
    quote: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its citations; `confidence` is the best sentence's cosine with the question."""

    question: str = field(repr=False)
    found: bool
    text: str = field(repr=False)
    citations: tuple[Citation, ...]
    confidence: float
    passages_read: int
    milliseconds: dict[str, float]

    def to_json(self) -> str:
        """The answer as one JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: str
    hit: Hit
    words: float
    cosine: float

    @property
    def score(self) -> float:
        return self.cosine + _WORD_SHARE_WEIGHT * self.words


def compose(
    question: str, vector: Vectors, hits: Sequence[Hit], embedder: Embedder, settings: AnswerSettings, milliseconds: dict[str, float]
) -> Answer:
    """The answer: the sentences nearest to the question, or that it is not known.

    Args:
        question: redacted.
        vector: the question's, shape (dimensions,).
        hits: what the search brought back, best first.
        embedder: the model of `vector`.
        settings: how many sentences, and how sure they must be.
        milliseconds: time of each step; the caller goes on filling it.
    """
    candidates = _candidates(question, vector, hits, embedder)
    best = max(candidates, key=lambda candidate: candidate.score, default=None)
    if best is None or not _fits(best, settings):
        return Answer(question, False, UNKNOWN, (), round(best.cosine, 4) if best else 0.0, len(hits), milliseconds)
    chosen = _chosen(candidates, best, settings)
    numbers: dict[str, int] = {}
    for candidate in chosen:
        numbers.setdefault(candidate.hit.passage_id, len(numbers) + 1)
    text = " ".join(f"{candidate.text} [{numbers[candidate.hit.passage_id]}]" for candidate in chosen)
    first_of = {candidate.hit.passage_id: candidate for candidate in reversed(chosen)}
    citations = tuple(
        Citation(number, hit.doc_id, hit.passage_id, hit.title, hit.place, hit.label, first_of[key].text)
        for key, number in numbers.items()
        for hit in (first_of[key].hit,)
    )
    return Answer(question, True, text, citations, round(best.cosine, 4), len(hits), milliseconds)


def _candidates(question: str, vector: Vectors, hits: Sequence[Hit], embedder: Embedder) -> list[_Candidate]:
    pairs: dict[str, Hit] = {}
    for hit in hits:
        for sentence in sentences(hit.text):
            pairs.setdefault(sentence, hit)
    if not pairs:
        return []
    asked = _words(question)
    cosines = embedder.embed_passages(list(pairs)) @ vector
    found = []
    for (text, hit), cosine in zip(pairs.items(), cosines, strict=True):
        context = _words(f"{text} {hit.title} {hit.heading_path}")
        found.append(_Candidate(text, hit, len(asked & context) / len(asked) if asked else 0.0, float(cosine)))
    return found


def _fits(candidate: _Candidate, settings: AnswerSettings) -> bool:
    sure = candidate.cosine >= settings.min_similarity
    return sure and (candidate.words >= settings.min_keyword_share or candidate.cosine >= settings.sure_similarity)


def _chosen(candidates: list[_Candidate], best: _Candidate, settings: AnswerSettings) -> list[_Candidate]:
    """The best sentences; those far behind the very best one would only dilute it, and a heading says nothing that its text does not."""
    near = [c for c in candidates if c.score >= _NEAR_THE_BEST * best.score and _fits(c, settings)]
    said = [(c, _words(c.text)) for c in near]
    telling = [c for c, words in said if not any(words < others or (words == others and c.score < other.score) for other, others in said)]
    return sorted(telling, key=lambda candidate: -candidate.score)[: settings.sentences]


def sentences(text: str) -> list[str]:
    """The sentences and lines of a passage, very long ones cut."""
    pieces = (" ".join(piece.split()) for piece in _SENTENCE_END.split(text))
    return [piece[:_LONGEST_SENTENCE] for piece in pieces if any(character.isalnum() for character in piece)]


def _words(text: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(text.casefold()) if word not in _STOP_WORDS}


def _stem(word: str) -> str:
    """A word without its plural or past ending: enough for counting words in common."""
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
