"""What is exported is pulled into the index by an indexer of the service, which says what it could not take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.credentials import AzureKeyCredential
from tests.contract.test_search_index import DIMENSIONS, azure, entry
from tests.fakes.azure_search_indexer import FakeAzureIndexers
from tests.fakes.server import Fault, serving

from lakedocs.errors import ServiceError
from lakedocs.records import IndexEntry
from lakedocs.search.azure_indexer import AzureSearchIndexer
from lakedocs.search.export import EntryFiles
from lakedocs.services.options import CallSettings, SearchSettings


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FakeAzureIndexers]:
    with serving(FakeAzureIndexers(tmp_path)) as running:
        assert isinstance(running, FakeAzureIndexers)
        yield running


@pytest.fixture
def files(tmp_path: Path) -> EntryFiles:
    return EntryFiles(tmp_path / "lake", "docs")


def indexer_of(service: FakeAzureIndexers, wait_minutes: float = 1) -> AzureSearchIndexer:
    pull = {"folder": "unused", "connection": "ResourceId=/x;", "container": "c", "container_folder": "/lake/", "wait_minutes": wait_minutes}
    settings = SearchSettings.model_validate({"endpoint": service.url, "feed": "pull", "pull": pull})
    azure(service).ensure(DIMENSIONS)
    indexer = AzureSearchIndexer(settings, "docs", AzureKeyCredential("key"), CallSettings(total_seconds=5))
    indexer.ensure()
    return indexer


def of_document(name: str, *numbers: int) -> list[IndexEntry]:
    return [entry(number, passage_id=f"passage-{number}", doc_id=name) for number in numbers]


def test_data_source_and_indexer_are_as_the_service_wants_them(service: FakeAzureIndexers) -> None:
    indexer_of(service)
    assert service.sources["docs"] == {
        "name": "docs",
        "type": "adlsgen2",
        "credentials": {"connectionString": "ResourceId=/x;"},
        "container": {"name": "c", "query": "lake/docs"},
        "dataDeletionDetectionPolicy": {
            "@odata.type": "#Microsoft.Azure.Search.SoftDeleteColumnDeletionDetectionPolicy",
            "softDeleteColumnName": "is_deleted",
            "softDeleteMarkerValue": "true",
        },
    }
    indexer = service.indexers["docs"]
    assert (indexer["dataSourceName"], indexer["targetIndexName"]) == ("docs", "docs")
    assert indexer["schedule"]["interval"] in ("PT20M", "PT20M00S")
    assert indexer["parameters"] == {
        "maxFailedItems": -1,
        "maxFailedItemsPerBatch": -1,
        "configuration": {"parsingMode": "jsonLines", "indexedFileNameExtensions": ".jsonl"},
    }


def test_a_run_takes_what_is_new_and_changed(service: FakeAzureIndexers, files: EntryFiles) -> None:
    indexer = indexer_of(service)
    files.write("document-1", of_document("document-1", 1, 2))
    files.write("document-2", of_document("document-2", 3))
    assert indexer.run(None).failed == 0
    held = service.documents["docs"]
    assert sorted(held) == ["passage-1", "passage-2", "passage-3"]
    assert held["passage-2"]["vector"] == [0.0, 0.0, 1.0, 0.0]
    files.write("document-1", of_document("document-1", 4))
    assert indexer.run(indexer.settle()).failed == 0
    assert service.history["docs"][0]["itemsProcessed"] == 1
    files.remove("document-1")
    assert [path.name for path in sorted(service.container.rglob("*.jsonl"))] == ["document-2.0.jsonl"]


def test_a_large_document_is_cut_into_files_and_grows_smaller_again(files: EntryFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakedocs.search.export._MOST_BYTES", 500)
    files.write("document-1", of_document("document-1", *range(8)))
    written = sorted(tmp_path.rglob("*.jsonl"))
    assert len(written) > 2
    assert all(path.stat().st_size <= 500 for path in written)
    assert sum(len(path.read_text().splitlines()) for path in written) == 8
    files.write("document-1", of_document("document-1", 1))
    assert [path.name for path in tmp_path.rglob("*.jsonl")] == ["document-1.0.jsonl"]


def test_what_it_can_not_take_is_named_and_nothing_else_is_kept_back(service: FakeAzureIndexers, files: EntryFiles) -> None:
    indexer = indexer_of(service)
    files.write("document-1", of_document("document-1", 1, 2))
    service.unreadable = {"passage-1": 1}
    pulled = indexer.run(None)
    assert pulled.failed == 1
    assert {"passage-1", "document-1"} <= pulled.named[0].words
    assert pulled.named[0].reason == "status 400", "the service's own words may show text"
    assert list(service.documents["docs"]) == ["passage-2"]


def test_a_run_of_the_schedule_is_waited_for_and_its_failures_count(service: FakeAzureIndexers, files: EntryFiles) -> None:
    indexer = indexer_of(service)
    files.write("document-1", of_document("document-1", 1))
    assert indexer.run(None).failed == 0
    since = indexer.settle()
    files.write("document-1", of_document("document-1", 2))
    started = service.handle

    def first_the_schedule(method: str, path: str, body: object) -> tuple[int, object]:
        if path.split("?")[0].endswith("/search.run") and len(service.history["docs"]) == 1:
            service.start("docs")
        return started(method, path, body)

    service.handle = first_the_schedule  # type: ignore[method-assign]
    service.unreadable = {"passage-2": 1}
    assert indexer.run(since).failed == 1
    assert len(service.history["docs"]) == 3


def test_what_the_schedule_could_not_take_while_it_was_exported_counts(service: FakeAzureIndexers, files: EntryFiles) -> None:
    indexer = indexer_of(service)
    since = indexer.settle()
    files.write("document-1", of_document("document-1", 1))
    service.unreadable = {"passage-1": 1}
    service.start("docs")
    assert indexer.settle() != since
    assert indexer.run(since).failed == 1


@pytest.mark.parametrize("fault", [Fault(503), Fault(429, {"retry-after": "0"})], ids=["503", "429"])
def test_a_passing_fault_is_tried_again(service: FakeAzureIndexers, files: EntryFiles, fault: Fault) -> None:
    indexer = indexer_of(service)
    files.write("document-1", of_document("document-1", 1))
    service.faults.extend([fault, fault])
    assert indexer.run(None).failed == 0
    assert list(service.documents["docs"]) == ["passage-1"]


def test_a_run_that_fails_or_does_not_end_says_what_to_do(service: FakeAzureIndexers) -> None:
    service.fails = True
    with pytest.raises(ServiceError, match="execution history"):
        indexer_of(service).run(None)
    service.looks = 10**6
    with pytest.raises(ServiceError, match=r"search\.pull\.wait_minutes"):
        indexer_of(service, wait_minutes=0.02).run(None)


def test_an_indexer_is_dropped(service: FakeAzureIndexers) -> None:
    indexer = indexer_of(service)
    service.indexers["old"] = service.sources["old"] = {}
    indexer.drop("old")
    indexer.drop("never there")
    assert (list(service.indexers), list(service.sources)) == (["docs"], ["docs"])
