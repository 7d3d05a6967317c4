"""What every chat model promises, asked of Azure OpenAI and of a service with an API like OpenAI's."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ConfigDict
from tests.fakes.azure_openai import FakeAzureOpenAI
from tests.fakes.server import Fault, serving

from lakedocs.errors import RefusedError, ServiceError
from lakedocs.llm.openai_chat import OpenAIChat
from lakedocs.llm.protocol import Message
from lakedocs.services.openai_models import Deployment
from lakedocs.services.options import CallSettings, ChatSettings

ASKED = [Message("system", "Reply in JSON."), Message("user", "How many?")]


class Count(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int


@pytest.fixture
def service() -> Iterator[FakeAzureOpenAI]:
    with serving(FakeAzureOpenAI()) as running:
        assert isinstance(running, FakeAzureOpenAI)
        running.chat = lambda messages: json.dumps({"number": 3})
        yield running


@pytest.fixture(params=["azure_openai", "openai_compatible"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def model(service: FakeAzureOpenAI, engine: str, *others: FakeAzureOpenAI, total_seconds: float = 20, **settings: object) -> OpenAIChat:
    version, path = ("2024-10-21", "") if engine == "azure_openai" else ("", "/v1")
    deployments = [Deployment(f"{place.url}{path}", "gpt", "key", version) for place in (service, *others)]
    chosen = ChatSettings.model_validate({"engine": engine, **settings})
    return OpenAIChat(chosen, deployments, CallSettings(seconds=1, total_seconds=total_seconds))


def test_a_reply_follows_the_schema_and_is_counted(service: FakeAzureOpenAI, engine: str) -> None:
    heard: list[str] = []
    reply = model(service, engine).ask(ASKED, Count, heard.append)
    assert json.loads(reply.text) == {"number": 3}
    assert reply.tokens_in + reply.tokens_out == service.tokens > 0
    assert heard[-1] == reply.text
    (_, path, body) = service.requests[0]
    assert path.startswith("/openai/deployments/gpt/chat" if engine == "azure_openai" else "/v1/chat")
    assert body["response_format"]["json_schema"]["strict"]
    assert (body["temperature"], body["stream"]) == (0, True)


def test_an_older_model_is_asked_for_any_json(service: FakeAzureOpenAI, engine: str) -> None:
    model(service, engine, structured="object").ask(ASKED, Count)
    assert service.requests[0][2]["response_format"] == {"type": "json_object"}


def test_a_reply_that_is_too_long_is_cut(service: FakeAzureOpenAI, engine: str) -> None:
    service.chat = lambda messages: "word " * 100
    assert 0 < len(model(service, engine, answer_tokens=10).ask(ASKED, Count).text) < 100


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(429, {"retry-after-ms": "20"}), id="429"),
        pytest.param(Fault(429), id="429 without a header"),
        pytest.param(Fault(503), id="503"),
        pytest.param(Fault(200, broken="half"), id="a stream that breaks off"),
        pytest.param(Fault(200, broken="stalled"), id="a stream that stalls"),
        pytest.param(Fault(200, broken="garbage"), id="no events"),
        pytest.param(Fault(200, broken="reset"), id="reset"),
    ],
)
def test_it_is_asked_again(service: FakeAzureOpenAI, engine: str, fault: Fault) -> None:
    service.faults.append(fault)
    assert json.loads(model(service, engine).ask(ASKED, Count).text) == {"number": 3}
    assert len(service.requests) == 2


def test_what_it_refuses_is_not_asked_again(service: FakeAzureOpenAI, engine: str) -> None:
    service.refused = {"How"}
    with pytest.raises(RefusedError, match="400"):
        model(service, engine).ask(ASKED, Count)
    assert len(service.requests) == 1


def test_a_service_that_stays_away_ends_in_time(service: FakeAzureOpenAI, engine: str) -> None:
    service.chaos = lambda: Fault(503)
    with pytest.raises(ServiceError, match="503"):
        model(service, engine, total_seconds=1).ask(ASKED, Count)


def test_the_second_deployment_answers_where_the_first_does_not(service: FakeAzureOpenAI, engine: str) -> None:
    with serving(FakeAzureOpenAI()) as second:
        assert isinstance(second, FakeAzureOpenAI)
        second.chat = service.chat
        service.chaos = lambda: Fault(429, {"retry-after": "30"})
        assert json.loads(model(service, engine, second).ask(ASKED, Count).text) == {"number": 3}
        assert (len(service.requests), len(second.requests)) == (1, 1)
