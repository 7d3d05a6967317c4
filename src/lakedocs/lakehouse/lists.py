"""raw.redaction_lists: read by every run, written by people."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import functions as F

from lakedocs.errors import SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.redact.lists import Entry, Lists

_MOST_ENTRIES = 100_000
_VALUES = ("is_denied", "entity", "value", "is_pattern")


def list_entries(lake: Lake) -> tuple[Entry, ...]:
    """The lists' entries, each once.

    Raises:
        SettingsError: when there are more than workers can be expected to hold, or one can't be used.
    """
    if not lake.exists(tables.REDACTION_LISTS):
        return ()
    rows = lake.read(tables.REDACTION_LISTS).select(*_VALUES).distinct().limit(_MOST_ENTRIES + 1).collect()
    if len(rows) > _MOST_ENTRIES:
        raise SettingsError(f"raw.redaction_lists has more than {_MOST_ENTRIES:,} entries: say more of them in one pattern.")
    return Lists(Entry(*(row[name] for name in _VALUES)) for row in rows).entries


def add_entry(lake: Lake, entry: Entry, added_by: str) -> None:
    """Put an entry on its list.

    Raises:
        SettingsError: when it can't be used.
    """
    if not entry.value.strip():
        raise SettingsError("An entry of nothing would stand for everything.")
    Lists([entry])
    lake.ensure(tables.REDACTION_LISTS)
    row = (entry.is_denied, entry.entity, entry.value.strip(), entry.is_pattern, added_by, datetime.now(UTC))
    lake.append(tables.REDACTION_LISTS, lake.spark.createDataFrame([row], tables.REDACTION_LISTS.ddl))


def remove_entries(lake: Lake, value: str) -> int:
    """Take every entry of a value off both lists; how many there were."""
    if not lake.exists(tables.REDACTION_LISTS):
        return 0
    matching = lake.read(tables.REDACTION_LISTS).where(F.col("value") == value)
    count = matching.count()
    if count:
        lake.remove(tables.REDACTION_LISTS, lake.keys(matching.select("value")))
    return count
