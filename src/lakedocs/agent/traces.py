"""A trace per question in MLflow; it holds redacted text and figures alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING

from lakedocs.records import SearchFilter

if TYPE_CHECKING:
    from lakedocs.answer.agent import Agent
    from lakedocs.answer.answers import Answer
    from lakedocs.answer.grounded import OnText


def traced_answer(
    agent: Agent, question: str, narrow: SearchFilter, on_text: OnText | None = None, attributes: Mapping[str, str] = MappingProxyType({})
) -> Answer:
    """The agent's answer, with a trace of its steps: the redacted question, the answer and figures.

    Args:
        agent: what is asked.
        question: as it came.
        narrow: where to look; not in the trace, for groups are names of clients.
        on_text: told the answer so far.
        attributes: more that the trace says.
    """
    import mlflow

    with mlflow.start_span("answer") as root:
        answer = agent.answer(question, narrow, span=lambda name: mlflow.start_span(name), on_text=on_text)
        root.set_inputs({"question": answer.question})
        root.set_outputs({"found": answer.found, "answer": answer.text, "confidence": answer.confidence})
        steps = {f"milliseconds.{step}": value for step, value in answer.milliseconds.items()}
        model = {f"model.{name}": value for name, value in asdict(answer.usage).items()} if answer.usage.model else {}
        root.set_attributes({**attributes, **steps, **model, "withheld": answer.withheld, "orders_ignored": answer.orders_ignored})
    return answer
