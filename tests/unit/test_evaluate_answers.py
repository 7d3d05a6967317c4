"""Retrieval and answers are scored as the formulas say."""

from __future__ import annotations

import json
from math import log2
from pathlib import Path

import pytest
from tests.fakes.words import SharedWordsEmbedder

from lakedocs.answer.agent import Agent
from lakedocs.answer.evaluate import Asked, Evaluation, evaluate, read_questions
from lakedocs.answer.figure import draw
from lakedocs.answer.options import AnswerSettings
from lakedocs.embed.protocol import Vectors
from lakedocs.errors import SettingsError
from lakedocs.records import Hit, Redacted, SearchFilter
from lakedocs.search.protocol import By

TEXTS = {
    "p0": "The weather was fine.", "p1": "The lease ends in May.", "p2": "The rent is 400 euros.",
    "p3": "The lease may be ended in May by the tenant.",
}  # fmt: skip


class Ranked:
    """An index that brings passages back in a fixed order for each way of searching."""

    def __init__(self, **orders: str) -> None:
        self._orders = orders

    def search(self, text: str, vector: Vectors, top: int, narrow: SearchFilter, by: By = "both") -> list[Hit]:
        return [Hit(key, f"d{key}", "word", "T", "", "", TEXTS[key], "none", 1.0) for key in self._orders[by].split()[:top]]


def scores(asked: Asked, **orders: str) -> Evaluation:
    index = Ranked(**orders)
    agent = Agent(Redacted, SharedWordsEmbedder(), index, AnswerSettings(min_similarity=0.1))
    return evaluate([asked], agent, index, SharedWordsEmbedder(), 0.5)


def test_recall_and_ndcg_by_hand() -> None:
    asked = Asked(question="When does the lease end?", passages=frozenset({"p1", "p3"}))
    found = scores(asked, both="p1 p0 p3", words="p0 p2 p1", vectors="p0 p2").retrieval
    best = 1 + 1 / log2(3)
    assert (found["both"].recall, found["both"].ndcg) == (1, pytest.approx((1 + 1 / log2(4)) / best))
    assert (found["words"].recall, found["words"].ndcg) == (0.5, pytest.approx((1 / log2(4)) / best))
    assert (found["vectors"].recall, found["vectors"].ndcg) == (0, 0)


def test_an_answer_is_found_by_its_words_whichever_search_brings_it() -> None:
    asked = Asked(question="When does the lease end?", answer="in May")
    found = scores(asked, both="p1 p3 p0", words="p0 p3", vectors="p2")
    assert found.retrieval["both"].recall == 1
    assert found.retrieval["words"].recall == 0.5
    assert (found.answers.found, found.answers.right, found.answers.citation_precision, found.answers.groundedness) == (1, 1, 1, 1)
    assert found.without_relevant == 0


def test_a_reranker_has_a_row_of_its_own_and_its_ranks_count() -> None:
    index = Ranked(both="p0 p1 p3", words="p0", vectors="p0")
    asked = Asked(question="When does the lease end?", passages=frozenset({"p1"}))
    agent = Agent(
        Redacted, SharedWordsEmbedder(), index, AnswerSettings(min_similarity=0.1, candidates=2), rerank=lambda _, hits: sorted(hits, key=lease_first)
    )
    found = evaluate([asked], agent, index, SharedWordsEmbedder(), 0.5)
    assert (found.retrieval["both"].ndcg, found.retrieval["reranked"].ndcg) == (pytest.approx(1 / log2(3)), 1)


def lease_first(hit: Hit) -> bool:
    return "lease" not in hit.text


def test_scores_are_drawn(tmp_path: Path) -> None:
    found = scores(Asked(question="When does the lease end?", answer="in May"), both="p1", words="p1", vectors="p2")
    draw(found, 1, tmp_path / "scores.svg")
    assert "<svg" in (tmp_path / "scores.svg").read_text()
    for name in ("scores.doc", "nowhere/scores.svg"):
        with pytest.raises(SettingsError, match=r"name an \.svg, \.png or \.pdf file"):
            draw(found, 1, tmp_path / name)


def test_what_nothing_finds_counts_as_nothing_found() -> None:
    found = scores(Asked(question="Who signed?", answer="the director"), both="p0", words="p0", vectors="p2")
    assert found.without_relevant == 1
    assert found.retrieval["both"].ndcg == 0
    assert found.answers.right == 0


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("no json", "Line 2 of q.jsonl is not"),
        ('{"answer": "x"}', "Line 2 of q.jsonl is not"),
        ('{"question": "x"}', "Line 2 of q.jsonl says neither"),
        ('{"question": "x", "answer": " "}', "says neither"),
        ("[1]", "is not"),
    ],
)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(json.dumps({"question": "x", "answer": "y"}) + f"\n{line}\n")
    with pytest.raises(SettingsError, match=says):
        read_questions(file)
    file.write_text(json.dumps({"question": "x", "answer": "y"}) + "\n\n")
    assert len(read_questions(file)) == 1
