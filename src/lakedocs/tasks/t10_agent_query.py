"""10: questions to the index, answered with citations.

Reads: the index; questions from the settings or a file with one a line. Writes: docs.answers (append only), a trace per
question in MLflow. Returns at once where `answer.enabled` is false or nobody asked anything.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import Row

from lakedocs.embed.open import model_key, open_embedder
from lakedocs.errors import LakeError, SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lists import list_entries
from lakedocs.lakehouse.stage import Figures, TaskContext
from lakedocs.lakehouse.tracking import traced
from lakedocs.search.open import open_index
from lakedocs.services.prices import embedding_price
from lakedocs.settings import Settings

if TYPE_CHECKING:
    from lakedocs.answer.extractive import Answer


def run(context: TaskContext) -> Figures:
    """Answer the questions of this run."""
    settings = context.settings
    questions = _questions(settings) if settings.answer.enabled else []
    if not questions:
        return Figures()
    from lakedocs.answer.agent import Agent  # with Presidio: seconds that a run without a question saves
    from lakedocs.redact.policy import text_redactor

    context.announce(len(questions))
    index = open_index(settings, model_key(settings.embedding))
    embedder = open_embedder(settings.embedding, settings)
    if not index.exists():
        raise LakeError("There is no index to ask yet, or it is of another embedding model: run 09_push_to_ai_search first.")
    agent = Agent(text_redactor(settings.model_dump_json(), list_entries(context.lake)).redact, embedder, index, settings.answer)
    before = embedder.tokens
    answers = [traced(settings, context.run_id, agent, question) for question in questions]
    if price := embedding_price(settings, settings.embedding):
        context.bill.add(embedder.tokens - before, price.cost(embedder.tokens - before))
    context.lake.ensure(tables.ANSWERS)
    rows = [_row(answer, context.run_id) for answer in answers]
    context.lake.append(tables.ANSWERS, context.spark.createDataFrame(rows, tables.ANSWERS.ddl))
    return Figures(stale=len(answers), rows_out=len(answers))


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
