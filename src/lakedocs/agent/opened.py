"""The agent that the settings name, and what its questions may be narrowed to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lakedocs.classify.labels import NONE, load_labels
from lakedocs.errors import SettingsError
from lakedocs.redact.opened import open_redactor
from lakedocs.settings import Settings

if TYPE_CHECKING:
    from lakedocs.answer.agent import Agent
    from lakedocs.records import Redacted
    from lakedocs.redact.lists import Entry


def opened_agent(settings: Settings, entries: tuple[Entry, ...] = ()) -> Agent:
    """The agent on the index of these settings.

    Args:
        settings: of the run that filled the index.
        entries: the customer's own lists, by which questions are redacted, too.

    Raises:
        MissingKeyError: when a service needs a key that is not there.
        ModelError: when a model can't be loaded.
    """
    from lakedocs.answer.agent import Agent  # with Presidio: seconds that a run without a question saves
    from lakedocs.answer.grounded import Grounded
    from lakedocs.answer.rerank import open_reranker
    from lakedocs.embed.open import model_key, open_embedder
    from lakedocs.llm.open import open_chat
    from lakedocs.search.open import open_index
    from lakedocs.services.prices import chat_price

    embedder = open_embedder(settings.embedding, settings)
    redactor = open_redactor(settings, entries)
    redacting = threading.Lock()

    def redact(text: str) -> Redacted:
        with redacting:  # an endpoint answers several at a time, and what the redactor remembers is not made for that
            return redactor.redact(text)

    price, chat = chat_price(settings), open_chat(settings)
    grounded = Grounded(chat, embedder, settings.answer, settings.chat, price.cost) if chat and price else None
    rerank = open_reranker(settings.answer.reranker) if settings.answer.reranker else None
    return Agent(redact, embedder, open_index(settings, model_key(settings.embedding)), settings.answer, grounded, rerank)


def known_labels(settings: Settings) -> tuple[str, ...]:
    """The labels that a passage can have."""
    return (*load_labels(settings.conf_file(settings.classification.labels)).labels, NONE)


def check_narrowing(settings: Settings) -> None:
    """Nothing, where the labels and groups that questions are narrowed to exist.

    Raises:
        SettingsError: else the answer would be that nobody knows.
    """
    labels = known_labels(settings)
    groups = sorted({group for known in settings.search.groups.values() for group in known})
    if unknown := [label for label in settings.answer.labels if label not in labels]:
        raise SettingsError(f"There is no label {unknown[0]}; there are {', '.join(labels)}.")
    if unknown := [group for group in settings.answer.groups if group not in groups]:
        there = ", ".join(groups) or "none"
        raise SettingsError(f"There is no group {unknown[0]} in search.groups, which has {there}: set it there, and run 09_push_to_ai_search again.")
