"""The agent as MLflow serves it: a conversation in; out comes the answer to its last question, with citations, whole or as it is written.

MLflow logs this file itself (models from code), with the files of conf/ that redaction and prices need, and lakedocs without what needs
Spark. Keys are the process's environment variables.
"""

from __future__ import annotations

import contextvars
import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, INVALID_PARAMETER_VALUE, TEMPORARILY_UNAVAILABLE
from mlflow.types.responses import (
    ResponsesAgentRequest,
    ResponsesAgentResponse,
    ResponsesAgentStreamEvent,
    create_text_delta,
    create_text_output_item,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakedocs.agent.opened import opened_agent
from lakedocs.agent.traces import traced_answer
from lakedocs.answer.answers import Answer, Citation
from lakedocs.errors import LakedocsError, MissingKeyError, RefusedError, ServiceError
from lakedocs.records import SearchFilter
from lakedocs.settings import Settings

if TYPE_CHECKING:
    from lakedocs.answer.agent import Agent
    from lakedocs.answer.grounded import OnText

MOST_CHARACTERS = 10_000
NO_QUESTION = "Ask a question about the indexed documents."


class _Narrowing(BaseModel):
    """What a request may say beside its question; a list of nothing could mean all or nothing, so there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    labels: tuple[str, ...] | None = Field(None, min_length=1)
    groups: tuple[str, ...] | None = Field(None, min_length=1)


class _Answering:
    """What the agent does with requests.

    MLflow traces the methods that a ResponsesAgent itself defines, with the request as it came: names and all. Those that it inherits
    from here are left alone, and the only trace is our own, of redacted text.
    """

    def load_context(self, context: Any) -> None:
        """Take up the settings, and open what they name where the keys are there; whoever only logs the model has none."""
        config = context.model_config
        self._scratch = TemporaryDirectory(prefix="lakedocs-")
        storage = {"root": config["root"] or self._scratch.name}
        self._settings = Settings.model_validate({**config["settings"], "storage": storage, "conf_folder": context.artifacts["conf"]})
        self._labels = set(self._settings.answer.labels or config["labels"])
        self._agent: Agent | None = None
        self._opening = threading.Lock()
        with suppress(MissingKeyError):  # the first question says which
            self._opened()

    def predict(self, request: ResponsesAgentRequest) -> ResponsesAgentResponse:
        """The answer and where it stands as one text; `custom_outputs` has its parts, with tokens, cost and times.

        Raises:
            MlflowException: saying what is wrong with the request, never quoting it, or which service is away.
        """
        answer = self._answered(request)
        return ResponsesAgentResponse(output=[_item(answer, _new_id())], custom_outputs=_parts(answer))

    def predict_stream(self, request: ResponsesAgentRequest) -> Iterator[ResponsesAgentStreamEvent]:
        """The same in pieces, as statements are borne out; the last event has it whole, and is what counts."""
        heard: SimpleQueue[str | None] = SimpleQueue()
        key, sent = _new_id(), ""
        with ThreadPoolExecutor(1) as worker:
            asked = worker.submit(contextvars.copy_context().run, self._answered, request, heard.put)
            asked.add_done_callback(lambda _: heard.put(None))
            while (text := heard.get()) is not None:
                if text.startswith(sent) and text != sent:  # a reply that the model began anew is told at the end
                    yield _delta(text[len(sent) :], key)
                    sent = text
            answer = asked.result()
        whole = _written(answer)
        yield _delta(whole[len(sent) :] if whole.startswith(sent) else f"\n\n{whole}", key)
        yield ResponsesAgentStreamEvent(type="response.output_item.done", item=_item(answer, key), custom_outputs=_parts(answer))

    def _answered(self, request: ResponsesAgentRequest, on_text: OnText | None = None) -> Answer:
        question, narrow = _question(request), self._narrowed(request.custom_inputs)
        if not question:
            return Answer("", False, NO_QUESTION, (), 0.0, 0, {})
        try:
            return traced_answer(self._opened(), question, narrow, on_text)
        except RefusedError as error:
            raise MlflowException(str(error), INVALID_PARAMETER_VALUE) from error
        except ServiceError as error:
            raise MlflowException(str(error), TEMPORARILY_UNAVAILABLE) from error
        except LakedocsError as error:
            raise MlflowException(str(error), INTERNAL_ERROR) from error

    def _opened(self) -> Agent:
        with self._opening:
            if self._agent is None:
                self._agent = opened_agent(self._settings)
            return self._agent

    def _narrowed(self, given: dict[str, Any] | None) -> SearchFilter:
        """Where to look: at most where the settings allow it."""
        try:
            wanted = _Narrowing.model_validate(given or {})
        except ValidationError:
            raise _refused("custom_inputs takes `labels` and `groups`, each a list of one name or more") from None  # pydantic quotes
        allowed = self._settings.answer
        if not self._labels.issuperset(wanted.labels or ()):
            raise _refused(f"custom_inputs.labels must be among {', '.join(sorted(self._labels))}")
        if not set(allowed.groups).issuperset(wanted.groups or ()):
            raise _refused("custom_inputs.groups must be among those that this agent may read for (answer.groups when it was logged)")
        return SearchFilter(labels=wanted.labels or allowed.labels, groups=wanted.groups or allowed.groups)


class ServedAgent(_Answering, mlflow.pyfunc.ResponsesAgent):  # type: ignore[misc]  # mlflow is untyped here
    """Redacts the last question of a conversation, searches, answers."""


def _question(request: ResponsesAgentRequest) -> str:
    """The text of the user's last message; empty where there is none."""
    contents = [message.content for message in request.input if getattr(message, "role", "") == "user"]
    if not contents:
        return ""
    last = contents[-1]
    parts = [{"type": "input_text", "text": last}] if isinstance(last, str) else [part if isinstance(part, dict) else dict(part) for part in last]
    if any(part["type"] != "input_text" for part in parts):
        raise _refused("a question is text alone, without images and files")
    question = "\n".join(part["text"] for part in parts).strip()
    if len(question) > MOST_CHARACTERS:
        raise _refused(f"the question has {len(question)} characters, more than {MOST_CHARACTERS}")
    return question


def _written(answer: Answer) -> str:
    """The answer as plain text, its citations below it."""
    places = [f"[{one.number}] {one.title}{f', {one.place}' if one.place else ''}" for one in answer.citations]
    return "\n".join([answer.text, *(["", *places] if places else [])])


def _item(answer: Answer, key: str) -> dict[str, Any]:
    item: dict[str, Any] = create_text_output_item(_written(answer), key, [_annotation(one) for one in answer.citations])
    return item


def _annotation(citation: Citation) -> dict[str, Any]:
    return {"type": "file_citation", "file_id": citation.doc_id, "index": citation.number, "filename": citation.title}


def _parts(answer: Answer) -> dict[str, Any]:
    parts: dict[str, Any] = json.loads(answer.to_json())
    return parts


def _delta(text: str, key: str) -> ResponsesAgentStreamEvent:
    return ResponsesAgentStreamEvent(**create_text_delta(text, key))


def _new_id() -> str:
    return f"msg_{uuid.uuid4().hex}"


def _refused(reason: str) -> MlflowException:
    return MlflowException(f"Invalid request: {reason}.", INVALID_PARAMETER_VALUE)


mlflow.models.set_model(ServedAgent())
