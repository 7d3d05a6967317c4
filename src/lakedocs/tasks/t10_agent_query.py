"""10: questions to the index, answered with citations.

Reads: the index; questions from the settings or a file with one a line. Writes: docs.answers and docs.answer_reviews (append only), a
trace per question in MLflow. Returns at once where `answer.enabled` is false or nobody asked anything. What was answered before
a service fails or the budget is spent is kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import Row
from pyspark.sql import functions as F

from lakedocs.agent.opened import check_narrowing, opened_agent
from lakedocs.answer.answers import REFUSED
from lakedocs.embed.open import model_key, open_embedder
from lakedocs.errors import BudgetError, LakeError, SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.budget import charge, money_left
from lakedocs.lakehouse.lists import list_entries
from lakedocs.lakehouse.stage import Figures, TaskContext
from lakedocs.lakehouse.tracking import traced
from lakedocs.records import SearchFilter
from lakedocs.search.open import open_index
from lakedocs.services.prices import chat_price, embedding_price
from lakedocs.settings import Settings

if TYPE_CHECKING:
    from lakedocs.answer.agent import Agent
    from lakedocs.answer.answers import Answer

_MOST_REQUESTS = 4
"""Of one question: a reply that can't be read is asked for again, and passages that give orders may be asked about after the others."""


def run(context: TaskContext) -> Figures:
    """Answer the questions of this run.

    Raises:
        LakeError: when there is no index of this embedding model.
        BudgetError: when the next question might cost more than is left.
        ServiceError: when the chat model or the index's service does not answer.
    """
    settings = context.settings
    questions = _questions(settings) if settings.answer.enabled else []
    if not questions:
        return Figures()
    check_narrowing(settings)
    context.announce(len(questions))
    index = open_index(settings, model_key(settings.embedding))
    if not index.is_published():
        raise LakeError("There is no complete index of this embedding model yet: run 09_push_to_ai_search to its end first.")
    agent = opened_agent(settings, list_entries(context.lake))
    answers: list[Answer] = []
    try:
        for question in questions[_answered_before(context) :]:
            _check_budget(context)
            answers.append(_answered(context, agent, question))
    finally:
        _keep(context, answers)
    return Figures(stale=len(questions), kept=len(questions) - len(answers), rows_out=len(answers))


def _answered_before(context: TaskContext) -> int:
    """How many of the questions an earlier attempt of this run has answered: they are asked in their order."""
    return context.lake.read(tables.ANSWERS).where(F.col("run_id") == context.run_id).count() if context.recovering else 0


def _check_budget(context: TaskContext) -> None:
    settings, price = context.settings, chat_price(context.settings)
    if not price or not settings.spending.budget:
        return
    left = money_left(context)
    if _MOST_REQUESTS * price.cost(settings.chat.context_tokens, settings.chat.answer_tokens) > left:
        raise BudgetError(f"Another question might cost more than the {left:.4f} US dollars that are left; the answers so far are kept.")


def _answered(context: TaskContext, agent: Agent, question: str) -> Answer:
    settings = context.settings
    embedder, price = open_embedder(settings.embedding, settings), embedding_price(settings, settings.embedding)
    before = embedder.tokens
    try:
        narrow = SearchFilter(labels=settings.answer.labels, groups=settings.answer.groups)
        answer = traced(settings, context.run_id, agent, question, narrow, context.hear)
    finally:
        if price:
            charge(context, embedder.tokens - before, price.cost(embedder.tokens - before))
    charge(context, answer.usage.tokens_in + answer.usage.tokens_out, answer.usage.cost)
    return answer


def _keep(context: TaskContext, answers: Sequence[Answer]) -> None:
    """Append the answers, and those that a person should look at to their own table too."""
    if not answers:
        return
    rows = [_row(answer, context.run_id) for answer in answers]
    context.lake.ensure(tables.ANSWERS)
    context.lake.append(tables.ANSWERS, context.spark.createDataFrame(rows, tables.ANSWERS.ddl))
    below = context.settings.answer.review_below
    reviews = [
        Row(answer_id=row.answer_id, question=row.question, answer=row.answer, reason=reason, asked_at=row.asked_at, run_id=row.run_id)
        for answer, row in zip(answers, rows, strict=True)
        if (reason := _why_review(answer, below))
    ]
    if reviews:
        context.lake.ensure(tables.ANSWER_REVIEWS)
        context.lake.append(tables.ANSWER_REVIEWS, context.spark.createDataFrame(reviews, tables.ANSWER_REVIEWS.ddl))


def _why_review(answer: Answer, below: float) -> str:
    """Why a person should look at an answer of a language model; empty: nobody needs to."""
    if not answer.usage.model:
        return ""
    if answer.text == REFUSED:
        return "The chat model refused to answer."
    if answer.withheld:
        return f"Statements withheld, because no passage bears them out: {answer.withheld}."
    if answer.orders_ignored:
        return f"Orders to the reader in the passages, which were ignored: {answer.orders_ignored}."
    return f"Its confidence is below {below:g}." if answer.found and answer.confidence < below else ""


def _questions(settings: Settings) -> list[str]:
    asked = [settings.answer.question]
    if settings.answer.questions_file:
        try:
            asked += Path(settings.answer.questions_file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError("answer.questions_file can't be read: it must be a UTF-8 text file with one question a line.") from error
    return [question.strip() for question in asked if question.strip()]


def _row(answer: Answer, run_id: str) -> Row:
    return Row(
        answer_id=uuid.uuid4().hex, question=answer.question, found=answer.found, answer=answer.text, answer_json=answer.to_json(),
        citations=len(answer.citations), confidence=answer.confidence, milliseconds=sum(answer.milliseconds.values()),
        asked_at=datetime.now(UTC), run_id=run_id,
    )  # fmt: skip
