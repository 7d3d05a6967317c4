"""An answer made of the documents' own sentences, each with the number of its citation; invents nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lakedocs.answer.answers import UNKNOWN, Answer, Citation
from lakedocs.answer.options import AnswerSettings
from lakedocs.answer.words import sentences, telling_words
from lakedocs.embed.protocol import Embedder, Vectors
from lakedocs.records import Hit

_WORD_SHARE_WEIGHT = 0.3
_NEAR_THE_BEST = 0.85


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
    asked = telling_words(question)
    cosines = embedder.embed_passages(list(pairs)) @ vector
    found = []
    for (text, hit), cosine in zip(pairs.items(), cosines, strict=True):
        context = telling_words(f"{text} {hit.title} {hit.heading_path}")
        found.append(_Candidate(text, hit, len(asked & context) / len(asked) if asked else 0.0, float(cosine)))
    return found


def _fits(candidate: _Candidate, settings: AnswerSettings) -> bool:
    sure = candidate.cosine >= settings.min_similarity
    return sure and (candidate.words >= settings.min_keyword_share or candidate.cosine >= settings.sure_similarity)


def _chosen(candidates: list[_Candidate], best: _Candidate, settings: AnswerSettings) -> list[_Candidate]:
    """The best sentences; those far behind the very best one would only dilute it, and a heading says nothing that its text does not."""
    near = [c for c in candidates if c.score >= _NEAR_THE_BEST * best.score and _fits(c, settings)]
    said = [(c, telling_words(c.text)) for c in near]
    telling = [c for c, words in said if not any(words < others or (words == others and c.score < other.score) for other, others in said)]
    return sorted(telling, key=lambda candidate: -candidate.score)[: settings.sentences]
