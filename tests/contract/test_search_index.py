"""What every search index promises, asked of LanceDB and of Azure AI Search behind its SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from azure.core.credentials import AzureKeyCredential
from tests.fakes.azure_search import FakeAzureSearch
from tests.fakes.server import Fault, serving

from lakedocs.errors import ServiceError
from lakedocs.records import IndexEntry, PushResult, SearchFilter
from lakedocs.search.azure import AzureSearchIndex
from lakedocs.search.lance import LanceIndex
from lakedocs.search.protocol import SearchIndex
from lakedocs.services.options import CallSettings, SearchSettings

DIMENSIONS = 4
EVERYTHING = SearchFilter()


def entry(number: int, text: str = "", groups: tuple[str, ...] = (), **values: str) -> IndexEntry:
    vector = np.eye(DIMENSIONS, dtype=np.float32)[number % DIMENSIONS]
    fields = {
        "passage_id": f"p{number}",
        "doc_id": f"d{number}",
        "kind": "word",
        "title": "T",
        "heading_path": "",
        "place": "page 1",
        "summary": "",
        "label": "none",
        "language": "en",
        **values,
    }
    return IndexEntry(text=text or f"passage number {number}", vector=tuple(map(float, vector)), groups=groups, **fields)


@pytest.fixture
def service() -> Iterator[FakeAzureSearch]:
    with serving(FakeAzureSearch()) as running:
        assert isinstance(running, FakeAzureSearch)
        yield running


def azure(service: FakeAzureSearch, name: str = "docs", total_seconds: float = 20, **settings: object) -> AzureSearchIndex:
    chosen = SearchSettings.model_validate({"endpoint": service.url, **settings})
    return AzureSearchIndex(chosen, name, AzureKeyCredential("key"), CallSettings(total_seconds=total_seconds))


@pytest.fixture(params=["lancedb", "azure"])
def make(request: pytest.FixtureRequest, tmp_path: Path, service: FakeAzureSearch) -> Callable[[str], SearchIndex]:
    if request.param == "lancedb":
        return lambda name: LanceIndex(tmp_path, name, SearchSettings())
    return lambda name: azure(service, name)


@pytest.fixture
def index(make: Callable[[str], SearchIndex]) -> SearchIndex:
    made = make("docs")
    made.ensure(DIMENSIONS)
    return made


def test_an_index_exists_once_it_was_ensured_and_keeps_what_it_holds(make: Callable[[str], SearchIndex]) -> None:
    assert not make("docs").exists()
    make("docs").ensure(DIMENSIONS)
    assert make("docs").exists()
    make("docs").upsert([entry(1)])
    make("docs").ensure(DIMENSIONS)
    assert make("docs").count() == 1


def test_an_entry_is_found_by_its_words_and_comes_back_whole(index: SearchIndex) -> None:
    index.upsert([entry(1, "the lease ends in autumn", label="year", title="Lease", place="page 7"), entry(2, "something else")])
    index.finish()
    hit = index.search("lease autumn", np.array([0, 1, 0, 0], dtype=np.float32), 1, EVERYTHING)[0]
    assert (hit.passage_id, hit.doc_id, hit.title, hit.place, hit.label, hit.text) == (
        "p1", "d1", "Lease", "page 7", "year", "the lease ends in autumn",
    )  # fmt: skip


def test_an_entry_is_found_by_nearness_without_a_word_in_common(index: SearchIndex) -> None:
    index.upsert([entry(number) for number in range(4)])
    index.finish()
    assert index.search("quite other words", np.array([0, 0, 1, 0], dtype=np.float32), 1, EVERYTHING)[0].passage_id == "p2"


def test_upsert_replaces_and_answers_for_every_key_in_order(index: SearchIndex) -> None:
    assert index.upsert([entry(1), entry(2), entry(3)]) == [PushResult(f"p{n}", ok=True) for n in (1, 2, 3)]
    index.upsert([entry(2, "now it says this")])
    assert index.count() == 3
    index.finish()
    assert index.search("says", np.array([0, 0, 1, 0], dtype=np.float32), 1, EVERYTHING)[0].text == "now it says this"


def test_delete_removes_and_does_not_mind_what_is_not_there(index: SearchIndex) -> None:
    index.upsert([entry(1), entry(2)])
    assert index.delete(["p1", "p9"]) == [PushResult("p1", ok=True), PushResult("p9", ok=True)]
    assert index.count() == 1


@pytest.mark.parametrize(
    ("narrow", "expected"),
    [
        pytest.param(SearchFilter(labels=("problem",)), {"p1"}, id="label"),
        pytest.param(SearchFilter(kinds=("pdf",)), {"p2"}, id="kind"),
        pytest.param(SearchFilter(doc_ids=("d3", "d1")), {"p1", "p3"}, id="documents"),
        pytest.param(SearchFilter(labels=("problem",), kinds=("pdf",)), set(), id="both must hold"),
        pytest.param(SearchFilter(labels=("it's",)), {"p4"}, id="a quote is no way out of the filter"),
        pytest.param(SearchFilter(labels=("x') or (1 eq 1",)), set(), id="nor is an expression"),
    ],
)
def test_filters(index: SearchIndex, narrow: SearchFilter, expected: set[str]) -> None:
    index.upsert([entry(1, label="problem"), entry(2, kind="pdf"), entry(3), entry(4, label="it's")])
    index.finish()
    assert {hit.passage_id for hit in index.search("passage", np.ones(4, dtype=np.float32) / 2, 10, narrow)} == expected


@pytest.mark.parametrize(
    ("groups", "expected"),
    [((), {"p1", "p2", "p3"}), (("hr",), {"p1"}), (("tax", "it's"), {"p1", "p2"}), (("nobody",), set()), (("x') or (1 eq 1",), set())],
)
def test_a_search_for_groups_finds_only_what_they_may_read(index: SearchIndex, groups: tuple[str, ...], expected: set[str]) -> None:
    index.upsert([entry(1, groups=("hr", "tax")), entry(2, groups=("it's",)), entry(3)])
    index.finish()
    found = index.search("passage", np.ones(4, dtype=np.float32) / 2, 10, SearchFilter(groups=groups))
    assert {hit.passage_id for hit in found} == expected


def test_a_search_may_be_narrowed_to_a_language(index: SearchIndex) -> None:
    index.upsert([entry(1, language="nl"), entry(2)])
    index.finish()
    found = index.search("passage", np.ones(4, dtype=np.float32) / 2, 10, SearchFilter(languages=("nl",)))
    assert [hit.passage_id for hit in found] == ["p1"]


def test_one_index_at_a_time_stands_under_the_alias(make: Callable[[str], SearchIndex]) -> None:
    old, new = make("old"), make("new")
    old.ensure(DIMENSIONS)
    assert not old.is_published()
    old.publish()
    new.ensure(DIMENSIONS)
    assert (old.is_published(), new.is_published()) == (True, False)
    new.publish()
    assert (old.is_published(), new.is_published()) == (False, True)
    new.drop("old")
    assert make("new").is_published()


@pytest.mark.parametrize("fusion", ["weighted", "rrf"])
def test_both_ways_to_fuse_find_what_both_searches_like(tmp_path: Path, fusion: str) -> None:
    index = LanceIndex(tmp_path, "fused", SearchSettings.model_validate({"fusion": fusion}))
    index.ensure(DIMENSIONS)
    index.upsert([entry(0, "rent"), entry(1, "rent of the office"), entry(2, "weather")])
    index.finish()
    assert index.search("rent", np.array([0, 1, 0, 0], dtype=np.float32), 3, EVERYTHING)[0].passage_id in ("p0", "p1")
    best = index.search("office rent", np.array([0, 1, 0, 0], dtype=np.float32), 3, EVERYTHING)
    assert best[0].passage_id == "p1"


def test_a_search_may_go_by_words_or_vectors_alone(index: SearchIndex) -> None:
    index.upsert([entry(0, "the rent is due"), entry(1, "something else")])
    index.finish()
    vector = np.array([0, 1, 0, 0], dtype=np.float32)
    assert index.search("rent due", vector, 1, EVERYTHING, "words")[0].passage_id == "p0"
    assert index.search("rent due", vector, 1, EVERYTHING, "vectors")[0].passage_id == "p1"


@pytest.mark.parametrize("text", ["", "   ", "?!", '"unbalanced (quotes AND', "*:*"])
def test_odd_questions_do_not_fail(index: SearchIndex, text: str) -> None:
    index.upsert([entry(1)])
    index.finish()
    assert len(index.search(text, np.array([0, 1, 0, 0], dtype=np.float32), 3, EVERYTHING)) == 1


def test_an_empty_index_has_no_hits(index: SearchIndex) -> None:
    index.finish()
    assert index.search("anything", np.array([0, 1, 0, 0], dtype=np.float32), 3, EVERYTHING) == []


def test_drop_removes_another_index_but_never_its_own(make: Callable[[str], SearchIndex]) -> None:
    old, new = make("old"), make("new")
    old.ensure(DIMENSIONS)
    new.ensure(DIMENSIONS)
    new.upsert([entry(1)])
    new.drop("old")
    new.drop("old")
    new.drop("new")
    assert new.count() == 1
    assert not make("old").exists()


# What only the service does.


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(429), id="429 without a header"),
        pytest.param(Fault(429, {"retry-after": "1"}), id="429 with one"),
        pytest.param(Fault(503), id="503"),
        pytest.param(Fault(502), id="502"),
        pytest.param(Fault(409), id="409"),
    ],
)
def test_azure_sends_a_throttled_batch_again(service: FakeAzureSearch, fault: Fault) -> None:
    index = azure(service)
    index.ensure(DIMENSIONS)
    service.faults.append(fault)
    assert all(result.ok for result in index.upsert([entry(n) for n in range(5)]))
    assert index.count() == 5


def test_azure_sends_failed_keys_alone_again(service: FakeAzureSearch) -> None:
    index = azure(service)
    index.ensure(DIMENSIONS)
    service.item_faults = {"p3": [503, 429], "p7": [503]}
    assert all(result.ok for result in index.upsert([entry(n) for n in range(10)]))
    assert service.batch_sizes == [10, 2, 1]
    assert index.count() == 10


def test_azure_reports_a_key_that_is_refused_for_good(service: FakeAzureSearch) -> None:
    index = azure(service)
    index.ensure(DIMENSIONS)
    service.item_faults = {"p2": [400]}
    results = index.upsert([entry(n) for n in range(4)])
    assert [result.passage_id for result in results if not result.ok] == ["p2"]
    assert index.count() == 3


def test_azure_batches_stay_within_documents_and_bytes(service: FakeAzureSearch) -> None:
    index = azure(service, batch_documents=3)
    index.ensure(DIMENSIONS)
    index.upsert([entry(n) for n in range(8)])
    assert service.batch_sizes == [3, 3, 2]
    service.batch_sizes.clear()
    azure(service, batch_mb=1).upsert([entry(n, "x" * 400_000) for n in range(4)])
    assert service.batch_sizes == [2, 2]


def test_azure_gives_up_in_time_and_says_who_must_act(service: FakeAzureSearch) -> None:
    index = azure(service, total_seconds=1)
    service.faults.extend([Fault(403)])
    with pytest.raises(ServiceError, match="secret scope"):
        index.ensure(DIMENSIONS)
    service.faults.clear()
    index.ensure(DIMENSIONS)
    service.item_faults = {"p1": [503] * 50}
    assert [result.ok for result in index.upsert([entry(0), entry(1)])] == [True, False]


def test_azure_makes_an_index_with_vector_profile_and_semantic_configuration(service: FakeAzureSearch) -> None:
    azure(service).ensure(1024)
    definition = service.indexes["docs"]
    vector = next(field for field in definition["fields"] if field["name"] == "vector")
    assert vector["dimensions"] == 1024
    assert vector["vectorSearchProfile"] in {profile["name"] for profile in definition["vectorSearch"]["profiles"]}
    assert definition["semantic"]["configurations"]
    filterable = {field["name"] for field in definition["fields"] if field.get("filterable")}
    assert {"label", "kind", "doc_id"} <= filterable


@pytest.mark.parametrize(("compression", "kind"), [("none", None), ("scalar", "scalarQuantization"), ("binary", "binaryQuantization")])
def test_azure_compresses_vectors_as_the_settings_say(service: FakeAzureSearch, compression: str, kind: str | None) -> None:
    azure(service, compression=compression).ensure(DIMENSIONS)
    vectors = service.indexes["docs"]["vectorSearch"]
    assert [entry["kind"] for entry in vectors.get("compressions") or []] == ([kind] if kind else [])
    assert vectors["profiles"][0].get("compression") == ("compressed" if kind else None)


def test_azure_weighs_vectors_and_ranks_by_meaning_as_the_settings_say(service: FakeAzureSearch) -> None:
    index = azure(service, vector_weight=0.75, semantic=True)
    index.ensure(DIMENSIONS)
    index.upsert([entry(1)])
    index.search("passage", np.array([0, 1, 0, 0], dtype=np.float32), 1, EVERYTHING)
    body = service.requests[-1][2]
    assert body["vectorQueries"][0]["weight"] == 3
    assert (body["queryType"], body["semanticConfiguration"]) == ("semantic", "passages")
