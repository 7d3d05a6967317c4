"""Tables by name or by folder: create, read, append, replace and remove by key. Spark Connect's own API only."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakedocs.errors import LakeError
from lakedocs.lakehouse.tables import Table
from lakedocs.settings import Storage

_FEW_KEYS = 1000
_KEYS_A_STATEMENT = 500


@dataclass(frozen=True)
class Keys:
    """Values of key columns; `few` lists them where they are few."""

    columns: tuple[str, ...]
    rows: DataFrame
    few: list[tuple[object, ...]] | None

    def named(self, column: str) -> Keys:
        """The same values of a single column under another name."""
        (name,) = self.columns
        return Keys((column,), self.rows.withColumnRenamed(name, column), self.few)


class Lake:
    """The lake's tables. With a catalog they are Unity Catalog's, else folders below the storage's warehouse."""

    def __init__(self, spark: SparkSession, storage: Storage) -> None:
        self.spark = spark
        self.storage = storage
        self._known: set[str] = set()

    def folder(self, table: Table) -> Path:
        """Where a table's files lie; only for tables without a catalog."""
        return self.storage.warehouse / table.schema / table.name

    def reference(self, table: Table) -> str:
        """The table as SQL names it."""
        if self.storage.catalog:
            schema = self.storage.schema_raw if table.schema == "raw" else self.storage.schema_docs
            return ".".join(f"`{part}`" for part in (self.storage.catalog, schema, table.name))
        return f"delta.`{self.folder(table)}`"

    def exists(self, table: Table) -> bool:
        if table.name in self._known:
            return True
        if self._stands(table):
            self._known.add(table.name)
        return table.name in self._known

    def _stands(self, table: Table) -> bool:
        if self.storage.catalog:
            return bool(self.spark.catalog.tableExists(self.reference(table)))
        # the folder alone is no table yet: whoever creates it makes the folder first and commits to it next
        return any((self.folder(table) / "_delta_log").glob("*.json"))

    def ensure(self, *tables: Table) -> dict[str, bool]:
        """Create the tables that are missing, and add what columns have come since to the others; for each name, whether it is new (and so empty).

        Raises:
            LakeError: when an existing table lacks columns of this version.
        """
        fresh = {}
        for table in tables:
            fresh[table.name] = not self.exists(table)
            if fresh[table.name]:
                self._create(table)
                self._known.add(table.name)
            else:
                self._bring_up(table)
        return fresh

    def _create(self, table: Table) -> None:
        keys = ", ".join(table.keys)
        # open-source Delta 4.1.0 fails in some MERGEs that write deletion vectors (AMBIGUOUS_REFERENCE filePath)
        vectors = "true" if self.storage.catalog else "false"
        statement = (
            f"CREATE TABLE IF NOT EXISTS {self.reference(table)} ({table.ddl}) USING DELTA CLUSTER BY ({keys}) TBLPROPERTIES ("
            f"'delta.enableDeletionVectors' = '{vectors}', "
            f"'delta.dataSkippingStatsColumns' = '{','.join(table.keys)}')"
        )
        with self._sole_creator(table):
            if self.exists(table):
                return
            self._clear_unborn(table)
            try:
                self.spark.sql(statement)
            except Exception:  # of no common class in Spark, Delta and Connect; on a cluster the tasks side by side may meet here
                if not self.exists(table):
                    raise

    def _clear_unborn(self, table: Table) -> None:
        """Remove the log of a creator that was killed before its first commit: Delta would take a table made in it for one that is not there."""
        if not self.storage.catalog:
            shutil.rmtree(self.folder(table) / "_delta_log", ignore_errors=True)

    def _sole_creator(self, table: Table) -> AbstractContextManager[object]:
        """One creator of a table at a time: tasks side by side all want docs.task_runs, and two at once in one folder fail each other."""
        if self.storage.catalog:
            return nullcontext()
        from filelock import FileLock  # which the clusters of 01-05 lack, and do not need

        folder = self.storage.path / "work"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"create-{table.schema}.{table.name}.lock")

    def _bring_up(self, table: Table) -> None:
        missing = set(table.names) - set(self.spark.table(self.reference(table)).columns)
        if missing and missing <= set(table.added):
            columns = ", ".join(f"`{name}` {kind}" for name, kind in table.columns if name in missing)
            self.spark.sql(f"ALTER TABLE {self.reference(table)} ADD COLUMNS ({columns})")
        elif missing:
            raise LakeError(
                f"The table {table.schema}.{table.name} lacks the columns {', '.join(sorted(missing))}: it was written by another "
                "version. Start with a new storage root, or add the columns."
            )

    def read(self, table: Table) -> DataFrame:
        """The table's rows; none where it does not exist yet."""
        if self.exists(table):
            rows = self.spark.table(self.reference(table))
            lacking = set(table.added) - set(rows.columns) if table.added else set()  # written by an older version, and not yet by this one
            return rows.select(*(F.lit(None).cast(kind).alias(name) if name in lacking else name for name, kind in table.columns))
        return self.spark.createDataFrame([], table.ddl)

    def read_all(self, tables: list[Table]) -> DataFrame:
        """The rows of several tables of one shape as one."""
        present = [table for table in tables if self.exists(table)] or tables[:1]
        return reduce(DataFrame.unionByName, (self.read(table) for table in present))

    def append(self, table: Table, rows: DataFrame) -> None:
        """Add rows; their columns are matched by name."""
        rows.select(*table.names).writeTo(self.reference(table)).append()

    def overwrite(self, table: Table, rows: DataFrame) -> None:
        """Put `rows` in the place of all rows."""
        rows.select(*table.names).writeTo(self.reference(table)).overwrite(F.lit(True))

    def digest(self, rows: DataFrame, columns: Sequence[str]) -> str:
        """Equal for equal rows in whatever order."""
        row = rows.agg(F.count("*").alias("rows"), F.sum(F.xxhash64(*columns).cast("decimal(38,0)")).alias("sum")).first()
        return f"{row['rows']}:{row['sum'] or 0}" if row else ""

    def keys(self, rows: DataFrame) -> Keys:
        """The distinct rows as keys: listed where they are few, so that several tables can be asked without computing them again."""
        distinct = rows.distinct()
        few = [tuple(row) for row in distinct.limit(_FEW_KEYS + 1).toLocalIterator()]
        return Keys(tuple(rows.columns), distinct, few if len(few) <= _FEW_KEYS else None)

    def remove(self, table: Table, keys: Keys) -> None:
        """Remove the rows whose key columns stand in `keys`."""
        if keys.few is not None:
            # a filter finds its files by statistics, in a fraction of a join's time
            for start in range(0, len(keys.few), _KEYS_A_STATEMENT):
                self.spark.sql(f"DELETE FROM {self.reference(table)} WHERE {_any_of(keys.columns, keys.few[start : start + _KEYS_A_STATEMENT])}")
            return
        condition = " AND ".join(f"t.`{name}` = k.`{name}`" for name in keys.columns)
        view = f"keys_of_{table.name}"
        keys.rows.createOrReplaceTempView(view)
        self.spark.sql(f"MERGE INTO {self.reference(table)} AS t USING {view} AS k ON {condition} WHEN MATCHED THEN DELETE")
        self.spark.catalog.dropTempView(view)

    def replace(self, table: Table, keys: Keys, rows: DataFrame) -> None:
        """Put `rows`, all of the given keys, in the place of all rows of these keys; in one commit where the keys are few."""
        if keys.few is not None and len(keys.columns) == 1 and len(keys.few) <= _KEYS_A_STATEMENT:
            condition = F.col(keys.columns[0]).isin([key for (key,) in keys.few])
            rows.select(*table.names).writeTo(self.reference(table)).overwrite(condition)
        else:
            self.remove(table, keys)
            self.append(table, rows)

    def upsert(self, table: Table, rows: DataFrame, key: str) -> None:
        """Insert rows, replacing those of the same key."""
        view = f"rows_of_{table.name}"
        rows.select(*table.names).createOrReplaceTempView(view)
        self.spark.sql(
            f"MERGE INTO {self.reference(table)} AS t USING {view} AS r ON t.`{key}` = r.`{key}` "
            "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        )
        self.spark.catalog.dropTempView(view)


def _any_of(columns: tuple[str, ...], keys: list[tuple[object, ...]]) -> str:
    """The condition that a row has one of these keys; they are hashes and names of models, quoted all the same."""
    if len(columns) == 1:
        return f"`{columns[0]}` IN ({', '.join(_literal(key) for (key,) in keys)})"
    return " OR ".join("(" + " AND ".join(f"`{c}` = {_literal(v)}" for c, v in zip(columns, key, strict=True)) + ")" for key in keys)


def _literal(value: object) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def hash_of(*columns: str) -> F.Column:  # type: ignore[name-defined]
    """A hex hash over columns, nulls counted as empty."""
    return F.sha2(F.concat_ws("\u0000", *(F.coalesce(F.col(name).cast("string"), F.lit("")) for name in columns)), 256)
