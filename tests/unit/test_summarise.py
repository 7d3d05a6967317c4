"""Summaries: a document's own central sentences, and what a language model is asked and replies."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.fakes.azure_openai import FakeAzureOpenAI
from tests.fakes.server import serving
from tests.fakes.words import SharedWordsEmbedder

from lakedocs.llm.openai_chat import OpenAIChat
from lakedocs.services.cl100k import count_cl100k
from lakedocs.services.openai_models import Deployment
from lakedocs.services.options import CallSettings, ChatSettings
from lakedocs.summarise.by_chat import summarised
from lakedocs.summarise.extractive import central_sentences
from lakedocs.summarise.sentences import whole_sentences

LEASE = [
    "The lease of the office in Rotterdam ends in September 2027.", "The tenant of the office may end the lease with a year of notice.",
    "The rent of the office is due on the first day of each month.", "The lease of the office in Rotterdam ends in September of 2027.",
]  # fmt: skip
ASIDE = "Coffee was served by the window during the break."


def test_the_most_central_sentences_stand_in_their_order_and_say_nothing_twice() -> None:
    passages = [f"{LEASE[0]} {ASIDE}", f"{LEASE[1]} {LEASE[2]}", LEASE[3]]
    summary = central_sentences(passages, SharedWordsEmbedder(), 36)
    assert ASIDE not in summary
    assert (LEASE[0] in summary) != (LEASE[3] in summary)
    chosen = [sentence for sentence in LEASE if sentence in summary]
    assert sorted(chosen, key=summary.index) == sorted(chosen, key=" ".join(passages).index)
    assert count_cl100k(summary) <= 40


@pytest.mark.parametrize("passages", [[], [""], ["Kent | 1 | 2 | 3"], ["Total 12 400 500 600 700 800"], ["Kind regards"]])
def test_what_is_no_sentence_is_no_summary(passages: list[str]) -> None:
    assert central_sentences(passages, SharedWordsEmbedder(), 300) == ""


def test_a_long_document_is_represented_by_all_of_it() -> None:
    passages = [f"Sentence number {n} is about subject {n % 7} of the report." for n in range(3000)]
    summary = central_sentences(passages, SharedWordsEmbedder(), 300)
    assert 0 < count_cl100k(summary) <= 320


def test_whole_sentences_leave_rows_and_scraps() -> None:
    assert whole_sentences(f"Heading\n{LEASE[0]} Yes.\na | b | c | d | e | f\n{LEASE[1]}") == [LEASE[0], LEASE[1]]


@pytest.fixture
def service() -> Iterator[FakeAzureOpenAI]:
    with serving(FakeAzureOpenAI()) as running:
        assert isinstance(running, FakeAzureOpenAI)
        yield running


@pytest.mark.parametrize(
    ("replies", "text", "calls"),
    [
        ([json.dumps({"summary": " The lease ends. "})], "The lease ends.", 1),
        (["sorry", json.dumps({"summary": "The lease ends."})], "The lease ends.", 2),
        ([json.dumps({"summary": ""}), '{"summary": 3}'], "", 2),
    ],
)
def test_a_reply_that_can_not_be_read_is_asked_for_once_more(service: FakeAzureOpenAI, replies: list[str], text: str, calls: int) -> None:
    left = list(replies)
    service.chat = lambda messages: left.pop(0)
    chat = OpenAIChat(ChatSettings(engine="azure_openai"), [Deployment(service.url, "gpt", "key", "2024-10-21")], CallSettings())
    part = summarised(chat, LEASE[0], 300)
    assert (part.text, len(service.requests)) == (text, calls)
    assert part.tokens_in + part.tokens_out == service.tokens
    assert "210 words" in service.requests[0][2]["messages"][0]["content"]
