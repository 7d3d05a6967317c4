"""Documents turned back, with a record of who did it; and the vault under a new key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import pandas as pd
from pyspark.sql import functions as F

from lakedocs.errors import LakeError, SettingsError
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.lake import Lake
from lakedocs.redact.vault import open_vault
from lakedocs.settings import Settings

_TOKEN = re.compile(r"<[^<>\s]+_[0-9a-f]{12}>")


def reveal(lake: Lake, settings: Settings, doc_id: str, revealed_by: str, reason: str) -> Iterator[str]:
    """The elements of one document in their order, with what the vault holds in its place; raw.reveals is written before the first.

    Raises:
        SettingsError: when there is no reason or no such document, or nothing of it can be turned back.
        MissingKeyError: when the vault's key is not there, or another one sealed it.
    """
    if not reason.strip():
        raise SettingsError("Say why: the reason is kept beside your name.")
    vault = open_vault(settings)
    mine = F.col("doc_id") == doc_id
    if lake.read(tables.DOCUMENTS).where(mine).isEmpty():
        raise SettingsError("There is no such document; docs.documents lists their ids.")
    sealed = lake.read(tables.VAULT).where(mine).toLocalIterator()
    values = {row["token"]: vault.open(row["entity"], row["ciphertext"], row["key_version"]) for row in sealed}
    if not values:
        raise SettingsError("Nothing of this document can be turned back: no `reversible` operator replaced anything in it.")
    lake.ensure(tables.REVEALS)
    noted = (doc_id, revealed_by, reason.strip(), len(values), datetime.now(UTC))
    lake.append(tables.REVEALS, lake.spark.createDataFrame([noted], tables.REVEALS.ddl))
    for row in lake.read(tables.ELEMENTS).where(mine).orderBy("ordinal").toLocalIterator():
        yield _TOKEN.sub(lambda match: values.get(match.group(), match.group()), row["text"])


def rotate(lake: Lake, settings: Settings) -> int:
    """Seal everything with the present key, in one commit; how many values were under another. Texts and tokens stay as they are.

    Not while 06 runs: what it writes with the key that it started with would be missed.

    Raises:
        LakeError: when values under another key were written meanwhile.
        MissingKeyError: when a value was sealed with a key that is neither the present nor the previous one.
    """
    vault = open_vault(settings)
    sealed = lake.read(tables.VAULT)
    others = dict(map(tuple, sealed.where(F.col("key_version") != vault.version).groupBy("key_version").count().collect()))
    for version in others:
        vault.check(version)
    count = sum(others.values())
    if count:
        lake.overwrite(tables.VAULT, sealed.mapInPandas(partial(_resealed, settings), tables.VAULT.ddl))
        if not lake.read(tables.VAULT).where(F.col("key_version") != vault.version).isEmpty():
            raise LakeError("While keys were rotated a run wrote values with another key: keep that key, and rotate again when no run is going.")
    return count


def _resealed(settings: Settings, batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    vault = open_vault(settings)
    for batch in batches:
        rows = zip(batch["entity"], batch["ciphertext"], batch["key_version"], strict=True)
        ciphertexts = [vault.seal(entity, vault.open(entity, ciphertext, version)) for entity, ciphertext, version in rows]
        yield batch.assign(ciphertext=ciphertexts, key_version=vault.version)
