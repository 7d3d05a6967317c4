"""Retrieval and answers on questions of which a person has said what should be found."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakedocs.answer.agent import Agent
from lakedocs.answer.answers import Answer
from lakedocs.answer.support import bears_out
from lakedocs.embed.protocol import Embedder
from lakedocs.errors import SettingsError
from lakedocs.records import Hit, SearchFilter
from lakedocs.search.protocol import By, SearchIndex

CUT = 10
"""nDCG and recall look at so many hits."""
_POOL = 50
_WAYS: tuple[By, ...] = ("both", "words", "vectors")
RERANKED: Final = "reranked"
Way = Literal["both", "words", "vectors", "reranked"]
NAMES: dict[Way, str] = {"both": "words and vectors", "words": "words alone", "vectors": "vectors alone", "reranked": "both, ranked again"}
_NOT_WORD = re.compile(r"\W+")
_REPLACED = re.compile(r"<[A-Z_]+(?:_[0-9a-f]+)?>")


class Asked(BaseModel):
    """A question, and what should be found: ids of passages, or words of the answer that a passage must hold."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    question: str = Field(min_length=1, repr=False)
    passages: frozenset[str] = frozenset()
    answer: str = Field("", repr=False)


@dataclass
class _Mean:
    total: float = 0.0
    number: int = 0

    def add(self, value: float) -> None:
        self.total += value
        self.number += 1

    @property
    def value(self) -> float:
        return self.total / self.number if self.number else 0.0


@dataclass(frozen=True)
class Retrieval:
    """Means over the questions: of recall and nDCG among the first ten hits."""

    recall: float
    ndcg: float


@dataclass(frozen=True)
class AnswerScores:
    """How good answers are.

    Attributes:
        found: share of the questions that got an answer.
        right: share of the questions with a known answer whose answer holds it.
        citation_precision: share of the citations that are relevant.
        groundedness: share of the sentences that the passage that they cite bears out.
        seconds: median time of an answer.
    """

    found: float
    right: float
    citation_precision: float
    groundedness: float
    seconds: float


@dataclass(frozen=True)
class Evaluation:
    """Retrieval by words and vectors together, each alone, and where there is a reranker, ranked again by it; and the answers."""

    retrieval: dict[Way, Retrieval]
    answers: AnswerScores
    without_relevant: int = field(default=0)
    """Questions to which no way of searching found anything relevant; they count as nothing found."""


def read_questions(path: Path) -> list[Asked]:
    """A JSON object a line: `question`, and `passages` or `answer`.

    Raises:
        SettingsError: naming the line that is something else.
    """
    asked = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            one = Asked.model_validate(json.loads(line))
        except (ValueError, ValidationError) as error:
            raise SettingsError(f"Line {number} of {path.name} is not a JSON object with `question` and `passages` or `answer`.") from error
        if not one.passages and not one.answer.strip():
            raise SettingsError(f"Line {number} of {path.name} says neither in `passages` nor in `answer` what should be found.")
        asked.append(one)
    return asked


def evaluate(asked: Iterable[Asked], agent: Agent, index: SearchIndex, embedder: Embedder, least_support: float) -> Evaluation:
    """The scores.

    Args:
        index: the agent's.
        embedder: the agent's.
        least_support: cosine from which a sentence says what its passage does.
    """
    ways: tuple[Way, ...] = (*_WAYS, *((RERANKED,) if agent.rerank else ()))
    recall = {way: _Mean() for way in ways}
    ndcg = {way: _Mean() for way in ways}
    found, right, cited, grounded = _Mean(), _Mean(), _Mean(), _Mean()
    seconds: list[float] = []
    nothing = 0
    for one in asked:
        question = agent.redacted(one.question)
        vector = embedder.embed_queries([question])[0]
        hits: dict[Way, list[Hit]] = {way: index.search(question, vector, max(_POOL, agent.candidates), SearchFilter(), way) for way in _WAYS}
        if agent.rerank:
            hits[RERANKED] = agent.rerank(question, hits["both"][: agent.candidates])
        answer = agent.answer(one.question)
        texts = {hit.passage_id: hit.text for found_by in hits.values() for hit in found_by}
        wanted = agent.redacted(one.answer)
        relevant = one.passages or {key for key, text in texts.items() if _holds(text, wanted)}
        nothing += not relevant & set(texts)
        for way in ways:
            recall[way].add(_recall(hits[way], relevant))
            ndcg[way].add(_ndcg(hits[way], relevant))
        found.add(answer.found)
        if one.answer:
            right.add(answer.found and _holds(answer.text, wanted))
        for citation in answer.citations:
            cited.add(citation.passage_id in relevant)
        for is_grounded in _grounded(answer, texts, embedder, least_support):
            grounded.add(is_grounded)
        seconds.append(sum(answer.milliseconds.values()) / 1000)
    retrieval = {way: Retrieval(recall[way].value, ndcg[way].value) for way in ways}
    median = sorted(seconds)[len(seconds) // 2] if seconds else 0.0
    return Evaluation(retrieval, AnswerScores(found.value, right.value, cited.value, grounded.value, median), nothing)


def _recall(hits: Sequence[Hit], relevant: Iterable[str]) -> float:
    wanted = set(relevant)
    return len(wanted & {hit.passage_id for hit in hits[:CUT]}) / min(len(wanted), CUT) if wanted else 0.0


def _ndcg(hits: Sequence[Hit], relevant: Iterable[str]) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002) of the first ten hits, each relevant or not."""
    wanted = set(relevant)
    gain = sum(1 / math.log2(rank + 1) for rank, hit in enumerate(hits[:CUT], start=1) if hit.passage_id in wanted)
    best = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(wanted), CUT) + 1))
    return gain / best if best else 0.0


def _grounded(answer: Answer, texts: dict[str, str], embedder: Embedder, least: float) -> Iterator[bool]:
    """For each sentence with a citation, whether a passage that it cites bears it out."""
    passage_of = {citation.number: citation.passage_id for citation in answer.citations}
    for sentence, number in re.findall(r"(.+?) \[(\d+)\](?:\s|$)", answer.text, re.DOTALL):
        text = texts.get(passage_of.get(int(number), ""), "")
        yield bool(text) and bears_out(sentence, text, embedder, least)


def _holds(text: str, wanted: str) -> bool:
    """Whether a text holds the words; of an answer of which nothing but replacements is left, nobody can tell."""
    if not any(map(str.isalnum, _REPLACED.sub("", wanted))):
        return False
    return f" {_plain(wanted)} " in f" {_plain(text)} "


def _plain(text: str) -> str:
    return _NOT_WORD.sub(" ", text).strip().casefold()
