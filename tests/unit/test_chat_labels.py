"""Labels by a language model: batches that fit, replies that are checked, and asked for once more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.azure_openai import FakeAzureOpenAI
from tests.fakes.server import Fault, serving

from lakedocs.classify.by_chat import ChatClassifier, prompt_tokens, texts_a_request
from lakedocs.classify.labels import LabelFile, load_labels
from lakedocs.errors import RefusedError, SettingsError
from lakedocs.llm.openai_chat import OpenAIChat
from lakedocs.services.cl100k import count_cl100k
from lakedocs.services.openai_models import Deployment
from lakedocs.services.options import CallSettings, ChatSettings
from lakedocs.settings import Settings, bundle_folder

LABELS = LabelFile.model_validate({"labels": {"problem": ["It went wrong."], "solution": ["It was mended."]}})
TEXTS = ["a failure", "a repair", "hello"]


@pytest.fixture
def service() -> Iterator[FakeAzureOpenAI]:
    with serving(FakeAzureOpenAI()) as running:
        assert isinstance(running, FakeAzureOpenAI)
        running.chat = labelling
        yield running


def labelling(messages: list[dict[str, str]]) -> str:
    """What a good model replies, last passage first."""
    passages = json.loads(messages[-1]["content"])
    return said(*((passage["number"], label_of(passage["text"])) for passage in reversed(passages)))


def label_of(text: str) -> str:
    return "problem" if "failure" in text else "solution" if "repair" in text else "none"


def said(*results: tuple[object, object]) -> str:
    return json.dumps({"results": [{"number": number, "label": label, "confidence": 0.8} for number, label in results]})


def classifier(service: FakeAzureOpenAI, labels: LabelFile = LABELS, **limits: int) -> ChatClassifier:
    chosen = ChatSettings.model_validate({"engine": "azure_openai", **limits})
    chat = OpenAIChat(chosen, [Deployment(service.url, "gpt", "key", "2024-10-21")], CallSettings(total_seconds=5))
    return ChatClassifier(chat, labels, chosen)


def test_every_text_gets_its_own_label(service: FakeAzureOpenAI) -> None:
    labelled = classifier(service).classify(TEXTS)
    assert [score.label for score in labelled.scores if score] == ["problem", "solution", "none"]
    assert labelled.tokens_in + labelled.tokens_out == service.tokens


@pytest.mark.parametrize(
    ("first", "asked_again"),
    [
        pytest.param("sorry", [1, 2, 3], id="no JSON"),
        pytest.param('{"results": "none"}', [1, 2, 3], id="another shape"),
        pytest.param(said((1, "problem"), (3, "none")), [2], id="one left out"),
        pytest.param(said((1, "problem"), (2, "disaster"), (3, "none")), [2], id="a label of its own"),
        pytest.param(said((1, "problem"), (2, "solution"), (2, "problem"), (3, "none")), [2], id="one twice"),
        pytest.param(said((1, "problem"), (2, "solution"), (3, "none"), (9, "none")), [], id="one too many"),
        pytest.param(said((1, "problem"), ("2", "solution"), (3, "none")), [2], id="a number as text"),
    ],
)
def test_what_has_no_valid_label_is_asked_for_once_more(service: FakeAzureOpenAI, first: str, asked_again: list[int]) -> None:
    replies = [first]
    service.chat = lambda messages: replies.pop() if replies else labelling(messages)
    assert [score.label for score in classifier(service).classify(TEXTS).scores if score] == ["problem", "solution", "none"]
    assert len(service.requests) == (2 if asked_again else 1)
    if asked_again:
        assert [passage["number"] for passage in json.loads(service.requests[1][2]["messages"][-1]["content"])] == asked_again


def test_of_a_reply_that_is_cut_off_what_came_is_kept_and_the_rest_asked_for(service: FakeAzureOpenAI) -> None:
    replies = [json.dumps(json.loads(said((1, "problem"), (2, "solution"), (3, "none"))), indent=4)[:-90]]
    service.chat = lambda messages: replies.pop() if replies else labelling(messages)
    assert [score.label for score in classifier(service).classify(TEXTS).scores if score] == ["problem", "solution", "none"]
    assert [passage["number"] for passage in json.loads(service.requests[1][2]["messages"][-1]["content"])] == [3]


def test_labels_of_the_first_reply_are_kept_where_the_second_is_refused(service: FakeAzureOpenAI) -> None:
    service.chat = lambda messages: said((1, "problem"))
    service.chaos = lambda: Fault(400) if len(service.requests) == 2 else None
    labelled = classifier(service).classify(TEXTS)
    assert [score and score.label for score in labelled.scores] == ["problem", None, None]
    assert labelled.tokens_in > 0


def test_twice_without_a_valid_label_is_none_for_that_text_alone(service: FakeAzureOpenAI) -> None:
    service.chat = lambda messages: labelling(messages).replace("solution", "unsure")
    assert [score and score.label for score in classifier(service).classify(TEXTS).scores] == ["problem", None, "none"]
    assert len(service.requests) == 2


def test_a_refused_request_says_so(service: FakeAzureOpenAI) -> None:
    service.refused = {'failure"}]', 'failure"},'}
    with pytest.raises(RefusedError):
        classifier(service).classify(["a failure"])


def test_requests_fit_and_lose_nothing(service: FakeAzureOpenAI) -> None:
    labels = load_labels(bundle_folder() / "conf" / "labels.yml")
    limits = {"context_tokens": 2300, "answer_tokens": 500}
    chosen = classifier(service, labels, **limits)
    texts = ["word " * (7 * n % 90) + "failure" for n in range(200)] + ["word " * 5000]
    batches = list(chosen.requests_of(texts))
    assert [position for batch in batches for position in batch] == list(range(len(texts)))
    assert max(map(len, batches)) <= texts_a_request(ChatSettings.model_validate(limits))
    for batch in batches:
        assert all(chosen.classify([texts[position] for position in batch]).scores)
    sent = [sum(count_cl100k(message["content"]) + 4 for message in body["messages"]) for _, _, body in service.requests]
    assert max(sent) <= 2300 - 500
    assert prompt_tokens(labels) < 700


def test_examples_are_shown_and_must_have_known_labels(service: FakeAzureOpenAI, tmp_path: Path) -> None:
    labels = LabelFile.model_validate({"labels": LABELS.labels, "examples": [{"text": "Oh", "label": "problem"}]})
    classifier(service, labels).classify(TEXTS)
    roles = [message["role"] for message in service.requests[0][2]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    file = tmp_path / "labels.yml"
    file.write_text("labels: {a: [x], b: [y]}\nexamples: [{text: t, label: c}]")
    with pytest.raises(SettingsError, match="label c"):
        load_labels(file)


def test_the_job_does_not_begin_without_a_model() -> None:
    settings = Settings.model_validate({"classification": {"method": "llm"}})
    with pytest.raises(SettingsError, match=r"chat\.engine is none"):
        settings.check_services()
