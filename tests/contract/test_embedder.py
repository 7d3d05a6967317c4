"""What every embedder promises: the packaged model in each runtime, a model in a folder, Azure OpenAI behind its SDK, a serving endpoint."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.fakes.azure_openai import FakeAzureOpenAI
from tests.fakes.encoder import tiny_sentence_model
from tests.fakes.server import Fault, serving
from tests.fakes.serving import FakeServing

from lakedocs.embed.azure_openai import AzureOpenAIEmbedder
from lakedocs.embed.compiled import CompiledEmbedder, compiled_embedder, convert_ahead
from lakedocs.embed.endpoint import EndpointEmbedder
from lakedocs.embed.local import LocalEmbedder
from lakedocs.embed.open import model_key, open_embedder
from lakedocs.embed.packaged import packaged_folder
from lakedocs.embed.protocol import Embedder
from lakedocs.embed.reading import as_read
from lakedocs.embed.tokens import token_limit
from lakedocs.errors import ModelError, ServiceError
from lakedocs.services.openai_models import Deployment
from lakedocs.services.options import CallSettings, EmbeddingSettings, ServingSettings
from lakedocs.settings import Settings, Storage

TEXTS = ["The lease ends in September.", "A penalty was charged for late filing.", "x", "The lease ends in September.", "rent " * 400]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def tiny_e5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sentence_model(tmp_path_factory.mktemp("tiny") / "tiny-e5")


@pytest.fixture
def service() -> Iterator[FakeAzureOpenAI]:
    with serving(FakeAzureOpenAI()) as running:
        assert isinstance(running, FakeAzureOpenAI)
        yield running


def azure(service: FakeAzureOpenAI, *others: FakeAzureOpenAI, seconds: float = 5, **settings: object) -> AzureOpenAIEmbedder:
    chosen = {"engine": "azure_openai", "model": "m", "endpoint": service.url, "deployment": "emb", "dimensions": 64, **settings}
    deployments = [Deployment(place.url, "emb", "key") for place in (service, *others)]
    return AzureOpenAIEmbedder(EmbeddingSettings.model_validate(chosen), deployments, CallSettings(seconds=seconds, total_seconds=20))


def compiled(cache: Path, **settings: object) -> CompiledEmbedder:
    found = compiled_embedder(EmbeddingSettings.model_validate(settings), cache)
    assert found is not None
    return found


def folder(model: Path, **settings: object) -> dict[str, object]:
    return {"engine": "sentence_transformers", "model": str(model), "precision": "float32", **settings}


@pytest.fixture
def endpoint() -> Iterator[FakeServing]:
    with serving(FakeServing()) as running:
        assert isinstance(running, FakeServing)
        yield running


def served(endpoint: FakeServing, total_seconds: float = 20) -> EndpointEmbedder:
    chosen = EmbeddingSettings(engine="serving", model="e5", endpoint=f"{endpoint.url}/invocations", dimensions=endpoint.dimensions)
    return EndpointEmbedder(chosen, ServingSettings(batch_texts=2), CallSettings(total_seconds=total_seconds), "token")


@pytest.fixture(params=["packaged", "packaged in ONNX", "packaged in torch", "folder", "folder in torch", "azure", "endpoint"])
def embedder(request: pytest.FixtureRequest, cache: Path, tiny_e5: Path, service: FakeAzureOpenAI, endpoint: FakeServing) -> Embedder:
    made: dict[str, Callable[[], Embedder]] = {
        "packaged": lambda: compiled(cache),
        "packaged in ONNX": lambda: compiled(cache, runtime="onnx"),
        "packaged in torch": lambda: LocalEmbedder(EmbeddingSettings(runtime="torch")),
        "folder": lambda: compiled(cache, **folder(tiny_e5)),
        "folder in torch": lambda: LocalEmbedder(EmbeddingSettings.model_validate(folder(tiny_e5))),
        "azure": lambda: azure(service),
        "endpoint": lambda: served(endpoint),
    }
    return made[request.param]()


def test_row_n_belongs_to_text_n_whatever_the_company(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS)
    assert together.shape == (len(TEXTS), embedder.dimensions)
    assert together.dtype == np.float32
    for number, text in enumerate(TEXTS):
        assert np.allclose(together[number], embedder.embed_passages([text])[0], atol=0.02)
    assert np.allclose(together[0], together[3], atol=0.02)


def test_vectors_have_length_one(embedder: Embedder) -> None:
    assert np.allclose(np.linalg.norm(embedder.embed_passages(TEXTS), axis=1), 1, atol=0.01)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, embedder.dimensions)


def test_marks_of_tables_make_no_difference(embedder: Embedder) -> None:
    one, other = embedder.embed_passages(["rent | deposit <PHONE_NUMBER>", "rent   deposit  PHONE NUMBER "])
    assert one @ other > 0.999


def test_the_packaged_model_is_the_published_one(cache: Path) -> None:
    from sentence_transformers import SentenceTransformer

    published = SentenceTransformer(str(packaged_folder()), device="cpu").encode(TEXTS[:2], normalize_embeddings=True)
    ours = compiled(cache).embed_passages(TEXTS[:2])
    assert ((published * ours).sum(1) > 0.999).all()


def test_a_changed_model_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakedocs.embed.packaged.PACKAGED_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="not the published"):
        packaged_folder()


def test_e5_gets_its_prefixes(tiny_e5: Path) -> None:
    embedder = LocalEmbedder(EmbeddingSettings(engine="sentence_transformers", model=str(tiny_e5), precision="float32"))
    passage, query = embedder.embed_passages(["lease"])[0], embedder.embed_queries(["lease"])[0]
    assert not np.allclose(passage, query)
    plain = embedder._model.encode(["passage: lease", "query: lease"], normalize_embeddings=True, prompt_name=None)
    assert np.allclose(passage, plain[0], atol=1e-4)
    assert np.allclose(query, plain[1], atol=1e-4)


def test_a_model_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="path or volume"):
        LocalEmbedder(EmbeddingSettings(engine="sentence_transformers", model=str(tmp_path / "nothing")))


def test_a_folder_is_known_by_its_weights_not_by_its_place(tiny_e5: Path, tmp_path: Path) -> None:
    import shutil

    moved = tmp_path / tiny_e5.name
    shutil.copytree(tiny_e5, moved)
    key = model_key(EmbeddingSettings(engine="sentence_transformers", model=str(tiny_e5)))
    assert model_key(EmbeddingSettings(engine="sentence_transformers", model=str(moved))) == key
    (moved / "config.json").write_text(json.dumps({"changed": True}))
    assert model_key(EmbeddingSettings(engine="sentence_transformers", model=str(moved))) != key


def test_token_limits_are_the_model_s(tiny_e5: Path) -> None:
    packaged, most = token_limit(EmbeddingSettings())
    assert most == 256 - 8
    assert [TEXTS[0][start:end] for start, end in packaged(TEXTS[0])][:2] == ["The", "lease"]
    assert token_limit(EmbeddingSettings(engine="sentence_transformers", model=str(tiny_e5)))[1] == 64 - 8
    spans, _ = token_limit(EmbeddingSettings(engine="azure_openai", model="text-embedding-3-large"))
    assert len(spans("The lease ends in September.")) in range(5, 10)


def test_reading_keeps_every_place() -> None:
    text = "a_b | <X> 104.445 of 12.05.2020 and 1.2.3 is 74.78"
    assert len(as_read(text)) == len(text)
    assert as_read(text).split() == ["a", "b", "X", "104", "of", "12.05.2020", "and", "1.2.3", "is", "74.7"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param("Kent | 1 | 2 | 3 | 4 | 5", "Kent 1 2 3", id="three numbers of a row"),
        pytest.param("Kent | 1 |  | -3 % | € 4,000 | (5) | east | 6 | 7", "Kent 1 -3 % east 6 7", id="empty cells count, words begin anew"),
        pytest.param("a | 1 | 2 | 3 | 4\nb | 5 | 6", "a 1 2 3\nb 5 6", id="row by row"),
        pytest.param("numbers 1 2 3 4 5 6", "numbers 1 2 3 4 5 6", id="no cells"),
        pytest.param("a | 1 | 2 | 3 | 30 September 2027", "a 1 2 3 30 September 2027", id="a date in words is no number"),
    ],
)
def test_what_is_read_of_a_row(text: str, read: str) -> None:
    assert len(as_read(text)) == len(text)
    assert "\n".join(" ".join(line.split()) for line in as_read(text).split("\n")) == read


def test_a_model_is_converted_before_it_is_needed(tmp_path: Path, tiny_e5: Path) -> None:
    chosen = EmbeddingSettings.model_validate(folder(tiny_e5))
    convert_ahead(EmbeddingSettings(runtime="torch"), tmp_path)
    assert not list(tmp_path.iterdir())
    convert_ahead(chosen, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert compiled_embedder(chosen, tmp_path) is not None
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_the_opened_embedder_is_the_chosen_one(tmp_path: Path, cache: Path) -> None:
    settings = Settings(storage=Storage(root=str(tmp_path)))
    (tmp_path / "models").symlink_to(cache)
    assert open_embedder(settings.embedding, settings).key == model_key(settings.embedding)


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([Fault(429, {"retry-after-ms": "20"})], id="429 with header"),
        pytest.param([Fault(503)], id="503"),
        pytest.param([Fault(429, {"retry-after-ms": "20"})] * 6, id="longer than the SDK's own patience"),
        pytest.param([Fault(408), Fault(500, {"retry-after-ms": "20"})], id="time-out, then server error"),
        pytest.param([Fault(200, broken="reset")], id="connection reset"),
        pytest.param([Fault(200, broken="stalled")], id="time-out in mid-body"),
        pytest.param([Fault(200, broken="half")], id="half an answer"),
        pytest.param([Fault(200, broken="garbage")], id="no JSON"),
        pytest.param([Fault(200, body={"object": "list", "data": [], "model": "emb"})], id="no vectors"),
        pytest.param([Fault(401)], id="a token that ran out"),
        pytest.param(
            [Fault(503, {"retry-after-ms": "20"}), Fault(401), Fault(503, {"retry-after-ms": "20"}), Fault(401)], id="two tokens that ran out"
        ),
    ],
)
def test_azure_asks_again(service: FakeAzureOpenAI, faults: list[Fault]) -> None:
    service.faults.extend(faults)
    assert azure(service, seconds=1).embed_passages(["a b"]).shape == (1, 64)
    assert len(service.requests) == len(faults) + 1


@pytest.mark.parametrize("fault", [Fault(429, {"retry-after": "15"}), Fault(404), Fault(403), Fault(503)], ids=["429", "404", "403", "503"])
def test_azure_asks_the_second_deployment_at_once(service: FakeAzureOpenAI, fault: Fault) -> None:
    with serving(FakeAzureOpenAI()) as second:
        assert isinstance(second, FakeAzureOpenAI)
        service.faults.extend([fault] * 2)
        start = time.monotonic()
        embedder = azure(service, second, model="emb")
        assert embedder.embed_passages(["a b"]).shape == (1, 64)
        assert time.monotonic() - start < 3
        assert (len(service.requests), len(second.requests)) == (1, 1)


@pytest.mark.parametrize("first_answers", [True, False])
def test_azure_takes_no_vectors_of_another_model(service: FakeAzureOpenAI, first_answers: bool) -> None:
    with serving(FakeAzureOpenAI()) as second:
        assert isinstance(second, FakeAzureOpenAI)
        second.model = "another"
        embedder = azure(service, second, model="emb")
        if first_answers:
            embedder.embed_passages(["a"])
        service.faults.append(Fault(503))
        with pytest.raises(ModelError, match="another model"):
            embedder.embed_passages(["b"])


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (403, 1), (404, 1), (401, 2)])
def test_azure_does_not_repeat_what_can_not_pass(service: FakeAzureOpenAI, status: int, tries: int) -> None:
    service.faults.extend([Fault(status)] * 3)
    with pytest.raises(ServiceError, match=str(status)):
        azure(service).embed_passages(["a"])
    assert len(service.requests) == tries


def test_azure_notices_other_dimensions(service: FakeAzureOpenAI) -> None:
    service.dimensions = 32
    with pytest.raises(ModelError, match=r"embedding\.dimensions"):
        azure(service).embed_passages(["a"])


def test_a_compiled_model_agrees_with_its_own_in_torch(cache: Path, tiny_e5: Path) -> None:
    own = LocalEmbedder(EmbeddingSettings.model_validate(folder(tiny_e5)))
    for runtime in ("openvino", "onnx"):
        ours = compiled(cache, **folder(tiny_e5, runtime=runtime))
        assert ours.key == own.key
        assert ((own.embed_passages(TEXTS) * ours.embed_passages(TEXTS)).sum(1) > 0.999).all()
        assert ((own.embed_queries(TEXTS) * ours.embed_queries(TEXTS)).sum(1) > 0.999).all()


def test_a_conversion_that_disagrees_is_taken_only_if_conf_says_so(tmp_path: Path, tiny_e5: Path) -> None:
    assert compiled_embedder(EmbeddingSettings.model_validate(folder(tiny_e5)), tmp_path) is not None
    (facts,) = tmp_path.glob("*.xml.json")
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "agreement": 0.998}))
    assert compiled_embedder(EmbeddingSettings.model_validate(folder(tiny_e5)), tmp_path) is None
    for allowed in ({"runtime": "openvino"}, {"min_agreement": 0.99}):
        assert compiled_embedder(EmbeddingSettings.model_validate(folder(tiny_e5, **allowed)), tmp_path) is not None


def test_eight_bits_are_another_model(cache: Path) -> None:
    small = compiled(cache, precision="int8")
    assert small.key != model_key(EmbeddingSettings())
    assert ((small.embed_passages(TEXTS[:2]) * compiled(cache).embed_passages(TEXTS[:2])).sum(1) > 0.95).all()


def test_eight_bits_have_their_own_runtime(cache: Path) -> None:
    with pytest.raises(ModelError, match="ONNX Runtime"):
        compiled(cache, precision="int8", runtime="torch")


def test_a_model_that_can_not_be_converted_runs_in_torch_or_says_so(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tokenizer.json").write_text("{}")
    chosen = {"engine": "sentence_transformers", "model": str(tmp_path / "broken")}
    assert compiled_embedder(EmbeddingSettings.model_validate(chosen), tmp_path / "cache") is None
    with pytest.raises(ModelError, match="runtime: torch"):
        compiled_embedder(EmbeddingSettings.model_validate({**chosen, "runtime": "onnx"}), tmp_path / "cache")


@pytest.mark.parametrize("faults", [[Fault(429, {"Retry-After": "0"})], [Fault(503), Fault(504)]], ids=["429", "scaling up"])
def test_an_endpoint_is_asked_again(endpoint: FakeServing, faults: list[Fault]) -> None:
    endpoint.faults.extend(faults)
    assert served(endpoint).embed_passages(["a b", "c", "d"]).shape == (3, endpoint.dimensions)
    assert [len(body["dataframe_split"]["data"]) for _, _, body in endpoint.requests][-2:] == [2, 1]


def test_an_endpoint_knows_passages_from_queries(endpoint: FakeServing) -> None:
    embedder = served(endpoint)
    assert not np.allclose(embedder.embed_passages(["lease"]), embedder.embed_queries(["lease"]))


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_endpoint_s_refusal_is_not_repeated(endpoint: FakeServing, status: int) -> None:
    endpoint.faults.append(Fault(status))
    with pytest.raises(ServiceError, match=str(status)):
        served(endpoint).embed_passages(["a"])
    assert len(endpoint.requests) == 1


def test_an_endpoint_that_stays_away_ends_in_time(endpoint: FakeServing) -> None:
    endpoint.faults.extend([Fault(503, {"Retry-After": "1"})] * 20)
    with pytest.raises(ServiceError, match="503"):
        served(endpoint, total_seconds=1.5).embed_passages(["a"])
