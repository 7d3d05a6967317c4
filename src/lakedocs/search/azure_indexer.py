"""An indexer of Azure AI Search: pulls JSON lines out of a container into an index, on its schedule and when told to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from azure.core.credentials import AzureKeyCredential, TokenCredential
from azure.core.exceptions import ResourceExistsError
from azure.search.documents.indexes import SearchIndexerClient
from azure.search.documents.indexes.models import (
    FieldMapping,
    IndexingParameters,
    IndexingParametersConfiguration,
    IndexingSchedule,
    SearchIndexer,
    SearchIndexerDataContainer,
    SearchIndexerDataSourceConnection,
    SoftDeleteColumnDeletionDetectionPolicy,
)
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from lakedocs.errors import ServiceError
from lakedocs.search.azure import judge_search
from lakedocs.search.export import EXTENSION
from lakedocs.services.calls import Caller, Verdict
from lakedocs.services.options import CallSettings, SearchSettings

_WORD = re.compile(r"[0-9A-Za-z_-]{8,}")


@dataclass(frozen=True)
class FailedItem:
    """What the indexer could not take: the words of its key, one of which is a passage's or document's id, and why."""

    words: frozenset[str]
    reason: str


@dataclass(frozen=True)
class Pulled:
    """What the indexer has done since it was told to run.

    Attributes:
        failed: entries that it could not take; it names some of these, or all.
    """

    failed: int
    named: tuple[FailedItem, ...]


class AzureSearchIndexer:
    """Data source and indexer of one index, under its name.

    Args:
        settings: where the container is, how often the indexer looks by itself, how long one run of it is waited for.
        name: the index.
    """

    def __init__(self, settings: SearchSettings, name: str, credential: AzureKeyCredential | TokenCredential, bounds: CallSettings) -> None:
        self._settings = settings
        self._name = name
        self._caller = Caller("Azure AI Search", _judge, bounds)
        timeouts = {"connection_timeout": bounds.seconds, "read_timeout": bounds.seconds, "retry_total": 0}
        self._client = SearchIndexerClient(settings.endpoint, credential, **timeouts)

    def ensure(self) -> None:
        """Create data source and indexer, or bring them to what the settings say."""
        pull = self._settings.pull
        folder = "/".join(filter(None, (pull.container_folder.strip("/"), self._name)))
        # the policy serves whoever flags a whole file; that a line of one goes, the service never notices: such entries are deleted by key
        deletion = SoftDeleteColumnDeletionDetectionPolicy(soft_delete_column_name="is_deleted", soft_delete_marker_value="true")
        source = SearchIndexerDataSourceConnection(
            name=self._name, type=pull.source_type, connection_string=pull.connection,
            container=SearchIndexerDataContainer(name=pull.container, query=folder), data_deletion_detection_policy=deletion,
        )  # fmt: skip
        indexer = SearchIndexer(
            name=self._name, data_source_name=self._name, target_index_name=self._name,
            schedule=IndexingSchedule(interval=timedelta(minutes=pull.minutes)),
            # without it the service makes a key of file and line, and whatever is deleted by ours would stay
            field_mappings=[FieldMapping(source_field_name="passage_id", target_field_name="passage_id")],
            parameters=IndexingParameters(
                max_failed_items=-1, max_failed_items_per_batch=-1,  # one bad entry keeps no other back
                configuration=IndexingParametersConfiguration(parsing_mode="jsonLines", indexed_file_name_extensions=EXTENSION),
            ),
        )  # fmt: skip
        self._call(lambda: self._client.create_or_update_data_source_connection(source))
        self._call(lambda: self._client.create_or_update_indexer(indexer))

    def run(self, since: Any) -> Pulled:
        """Have all pulled that is there now, and wait for it.

        Args:
            since: what `settle` said before the first of it was exported: its schedule may have begun with that.

        Raises:
            ServiceError: when a run fails as a whole, or takes longer than it is waited for.
        """
        # the schedule may be faster: what that run has not seen, this one will
        before, _ = self._until(lambda tried: not tried[1], lambda: (self.settle(), self._started()))
        status = self._until(lambda status: _last_start(status) == before or _is_busy(status), self._status)
        runs = {run.start_time: run for run in (*(status.execution_history or ()), status.last_result) if run and _is_after(run.start_time, since)}
        if any(run.status != "success" for run in runs.values()):
            raise ServiceError(
                f"The indexer {self._name} failed: see its execution history in the portal. What it has not taken stays exported; run again."
            )
        named = tuple(_failed(error) for run in runs.values() for error in run.errors or ())
        return Pulled(sum(run.failed_item_count or 0 for run in runs.values()), named)

    def settle(self) -> Any:
        """Wait until the indexer is at rest; when its last run began, or none.

        Raises:
            ServiceError: when it goes on for longer than it is waited for.
        """
        return _last_start(self._until(_is_busy, self._status))

    def drop(self, name: str) -> None:
        """Delete the indexer and the data source of an index, if they exist."""
        self._call(lambda: self._client.delete_indexer(name))
        self._call(lambda: self._client.delete_data_source_connection(name))

    def _started(self) -> bool:
        """Whether it runs because of this; false where it runs already."""
        try:
            self._call(lambda: self._client.run_indexer(self._name))
        except ServiceError as error:
            if isinstance(error.__cause__, ResourceExistsError):
                return False
            raise
        return True

    def _status(self) -> Any:
        return self._call(lambda: self._client.get_indexer_status(self._name))

    def _until(self, goes_on: Callable[[Any], bool], look: Callable[[], Any]) -> Any:
        """What is seen, once it does not go on any more."""
        minutes = self._settings.pull.wait_minutes
        try:
            return Retrying(retry=retry_if_result(goes_on), stop=stop_after_delay(minutes * 60), wait=wait_exponential(0.2, max=15))(look)
        except RetryError as error:
            raise ServiceError(
                f"The indexer {self._name} is still at work after {minutes:g} minutes (search.pull.wait_minutes). It goes on; run again later."
            ) from error

    def _call(self, call: Callable[[], Any]) -> Any:
        return self._caller.call(lambda _: call())


def _judge(error: BaseException) -> Verdict | None:
    """As everywhere, but for an indexer that runs already: for how long, is not for the one call to wait."""
    return Verdict("runs already", "never") if isinstance(error, ResourceExistsError) else judge_search(error)


def _is_busy(status: Any) -> bool:
    return bool(status.last_result and status.last_result.status == "inProgress")


def _last_start(status: Any) -> Any:
    return status.last_result.start_time if status.last_result else None


def _is_after(start: Any, since: Any) -> bool:
    return since is None or (start is not None and start > since)


def _failed(error: Any) -> FailedItem:
    words = _WORD.findall(re.sub("%2f", " ", f"{error.key or ''} {error.name or ''}", flags=re.IGNORECASE))
    return FailedItem(frozenset(words), f"status {error.status_code}")
