"""A cross-encoder ranks hits again: all of them, once, by its own score of question and passage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from sentence_transformers import CrossEncoder
from tests.fakes.encoder import tiny_cross_encoder
from tests.fakes.words import SharedWordsEmbedder

from lakedocs.answer.agent import Agent
from lakedocs.answer.options import AnswerSettings
from lakedocs.answer.rerank import open_reranker
from lakedocs.embed.protocol import Vectors
from lakedocs.errors import ModelError
from lakedocs.records import Hit, Redacted, SearchFilter
from lakedocs.search.protocol import By

TEXTS = ("rejected wrong 2019", "recommend file", "concerns describes", "2020 2019 wrong", "file file rejected")


def hit(number: int) -> Hit:
    return Hit(f"p{number}", f"d{number}", "word", "T", "", "", TEXTS[number], "none", 1.0 - number / 10)


def test_hits_come_back_once_each_by_the_model_s_score(tmp_path: Path) -> None:
    model = str(tiny_cross_encoder(tmp_path))
    hits = [hit(number) for number in range(len(TEXTS))]
    ranked = open_reranker(model)("wrong file", hits)
    expected = CrossEncoder(model).predict([("wrong file", text) for text in TEXTS])
    assert [found.passage_id for found in ranked] == [f"p{place}" for place in sorted(range(len(TEXTS)), key=lambda place: -expected[place])]
    assert [found.score for found in ranked] == pytest.approx(sorted(map(float, expected), reverse=True), abs=1e-5)
    assert [found.passage_id for found in ranked] != [found.passage_id for found in hits]
    assert open_reranker(model)("wrong file", []) == []


def test_what_is_no_reranker_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be loaded"):
        open_reranker(str(tmp_path / "nothing"))
    classifier = open_reranker(str(tiny_cross_encoder(tmp_path / "classifier", scores=3)))
    with pytest.raises(ModelError, match="more than one score"):
        classifier("wrong file", [hit(0), hit(1)])


def test_the_agent_shows_the_reranker_more_than_it_answers_from() -> None:
    seen: list[int] = []

    class Index:
        def search(self, text: str, vector: Vectors, top: int, narrow: SearchFilter, by: By = "both") -> list[Hit]:
            return [hit(number) for number in range(len(TEXTS))][:top]

    def last_first(question: str, hits: Sequence[Hit]) -> list[Hit]:
        seen.append(len(hits))
        return list(reversed(hits))

    settings = AnswerSettings(passages=2, candidates=4, min_similarity=0.1, min_keyword_share=0)
    answer = Agent(Redacted, SharedWordsEmbedder(), Index(), settings, rerank=last_first).answer("2020 wrong")
    assert seen == [4]
    assert {citation.passage_id for citation in answer.citations} <= {"p3", "p2"}
    assert answer.found
    assert "rerank" in answer.milliseconds
