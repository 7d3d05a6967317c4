"""06: personal data out of every text, then redacted text into passages.

Reads: raw.files_*, raw.elements_*, and what people wrote: raw.redaction_lists, raw.redaction_decisions. Writes: docs.documents,
docs.elements, docs.redactions, raw.redaction_candidates by family (a root file with its attachments), and raw.vault where an operator
is reversible; docs.passages by document. A re-run redacts families whose extraction, settings, recognisers, key or decisions changed,
and cuts documents whose redacted text or limits changed: another limit cuts again without redacting again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakedocs.embed.open import model_key
from lakedocs.extract.extensions import is_known_extension
from lakedocs.lakehouse import tables
from lakedocs.lakehouse.arrow import Row, Rows, multi_batches, multi_ddl, rows_of
from lakedocs.lakehouse.cutting import cutter_of
from lakedocs.lakehouse.families import families
from lakedocs.lakehouse.lists import list_entries
from lakedocs.lakehouse.progress import tick
from lakedocs.lakehouse.reading import PURGED
from lakedocs.lakehouse.review import decided_entries
from lakedocs.lakehouse.spread import placed, spread_over
from lakedocs.lakehouse.stage import Figures, Stage, TaskContext, run_derived
from lakedocs.passages.cut import Cutter, described
from lakedocs.records import Element, Kind, Place, Redacted, Sealed, TableRow
from lakedocs.redact.evaluate.gate import check_quality
from lakedocs.redact.fingerprint import policy_fingerprint
from lakedocs.redact.lists import Entry
from lakedocs.redact.opened import open_redactor
from lakedocs.settings import Settings, fingerprint

if TYPE_CHECKING:
    from lakedocs.redact.family import Family

_ELEMENT_BYTES = 200
_CUT_VERSION = "cut/2"
_PLACES = ("sheet", "part")
_PEOPLE = frozenset({"creator", "lastModifiedBy", "author"})
_PROPERTIES = _PEOPLE | {"title", "subject", "description", "keywords", "category", "contentStatus", "producer", "comments"}
"""Names of properties: a model that reads names may take one for a place."""
_OUTPUTS = (tables.ELEMENTS, tables.REDACTIONS, tables.DOCUMENTS, tables.REDACTION_CANDIDATES)
_PASSAGES = Stage(tables.PASSAGES_LEDGER, (tables.PASSAGES,), key="doc_id")


def run(context: TaskContext) -> Figures:
    """Bring redacted elements, then passages, up to date with what 01–05 read."""
    entries = list_entries(context.lake)
    policy = policy_fingerprint(context.settings, entries)
    check_quality(context.settings, entries)
    context.lake.ensure(tables.REDACTION_DECISIONS)  # people write it, by SQL too
    # a vault of which nothing is left to be written has to be emptied all the same
    has_vault = context.settings.redaction.is_reversible or context.lake.exists(tables.VAULT)
    stage = Stage(tables.REDACTION_LEDGER, (*_OUTPUTS, tables.VAULT) if has_vault else _OUTPUTS, key="root_id", counts_units=True)
    # text that retention removed has to be read again first, and waits for that with its redacted text as it is
    was_purged = F.col("fingerprint").contains(PURGED)
    figures = run_derived(context, stage, families(context.lake, was_purged), policy, partial(_redact_families, context, stage, policy, entries))

    documents = context.lake.read(tables.DOCUMENTS)
    size = (F.col("elements") * _ELEMENT_BYTES).cast("bigint").alias("size_bytes")
    to_cut = documents.select(F.col("doc_id").alias("unit_id"), F.col("output_hash").alias("input_hash"), size)
    return figures + run_derived(context, _PASSAGES, to_cut, _cutting_fingerprint(context.settings), partial(_cut_documents, context))


def _redact_families(context: TaskContext, stage: Stage, policy: str, entries: tuple[Entry, ...], units: DataFrame) -> DataFrame:
    """Family by family, each document's row before its elements, through one redactor per worker."""
    wanted = F.broadcast(units.select(F.col("unit_id").alias("root_id"), "fingerprint"))
    read = context.lake.read_all([tables.files(kind) for kind in Kind]).drop("fingerprint")  # 06 has its own
    files = read.join(wanted, "root_id").join(decided_entries(context.lake), "root_id", "left")
    elements = context.lake.read_all([tables.elements(kind) for kind in Kind]).join(wanted.drop("fingerprint"), "root_id", "left_semi")
    rows = files.select(
        "root_id", "doc_id", F.lit(-1).alias("ordinal"), "fingerprint", "decided", F.struct(
            "parent_id", "path", "name", "kind", "status", "reason", "flags", "elements", "depth"
        ).alias("file"), F.lit(None).cast(tables.ELEMENTS.struct()).alias("element"),
    ).unionByName(
        elements.select("root_id", "doc_id", "ordinal", F.struct(*(F.col(c) for c in tables.ELEMENTS.names)).alias("element")),
        allowMissingColumns=True,
    )  # fmt: skip
    number = spread_over(context, units)
    places = placed(units, number).select(F.col("unit_id").alias("root_id"), "partition")
    spread = rows.join(F.broadcast(places), "root_id").repartitionById(number, "partition").drop("partition")
    ordered = spread.sortWithinPartitions("root_id", "doc_id", "ordinal")
    redact = partial(_redact_rows, context.settings, entries, stage.tables, policy, context.run_id, context.task_key)
    return ordered.mapInArrow(redact, multi_ddl(stage.tables))


def _redact_rows(
    settings: Settings,
    entries: tuple[Entry, ...],
    outputs: tuple[tables.Table, ...],
    policy: str,
    run_id: str,
    task_key: str,
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    redactor = open_redactor(settings, entries)  # spaCy and Presidio: seconds that only workers with rows need
    from lakedocs.redact.family import Family

    def rows() -> Rows:
        for root_id, of_family in groupby(rows_of(batches), key=lambda row: str(row["root_id"])):
            first = next(of_family)
            with Family[Row](redactor, lambda row: str(row["doc_id"]), _decided(first)) as family:
                for row in chain([first], of_family):
                    _add(family, row)
                yield from _FamilyWriter(policy, run_id, root_id).write(family)
            tick(settings.storage.progress_folder, task_key)

    yield from multi_batches(outputs, rows())


def _decided(row: Row) -> list[Entry]:
    """What people decided for the family of a file's row."""
    decided: list[Row] = row["decided"] or []  # type: ignore[assignment]  # the schema says that they are rows
    return [Entry(bool(entry["is_denied"]), str(entry["entity"]), str(entry["value"])) for entry in decided]


def _add(family: Family[Row], row: Row) -> None:
    """A file's row with its name and folder, or an element's with its text and those of its places that may hold text."""
    if row["file"] is not None:
        file: Row = row["file"]  # type: ignore[assignment]  # the schema says that it is a row
        family.add(row, _name_and_extension(str(file["name"]))[0], str(file["path"]).rpartition("/")[0])
        return
    element: Row = row["element"]  # type: ignore[assignment]  # the schema says that it is a row
    text, places = str(element["text"]), ["" if element[name] in _PROPERTIES else str(element[name] or "") for name in _PLACES]
    if element["kind"] == "author" or (element["kind"] == "property" and element["part"] in _PEOPLE):
        family.add_hidden(row, text, "PERSON", *places)
    elif element["kind"] == "table_row":
        # the hidden rows of a sheet stand between the others, under the same header
        table = tuple(element[name] for name in ("doc_id", "page", "slide", "sheet", "part", *(() if element["sheet"] else ("region",))))
        family.add_cells(row, text, TableRow(table, int(str(element["level"])), str(element["cells"] or "")), *places)
    else:
        family.add(row, text, *places)


def _name_and_extension(name: str) -> tuple[str, str]:
    """A file's name in two; its extension stays apart, or `office.docx` would hold a web address ending in .do."""
    stem, point, extension = name.rpartition(".")
    return (stem, point + extension) if stem and is_known_extension(extension) else (name, "")


class _FamilyWriter:
    """Turns the rows of one family into redacted rows; a document's own row comes after its last element."""

    def __init__(self, policy: str, run_id: str, root_id: str) -> None:
        self._root_id = root_id
        self._policy = policy
        self._run_id = run_id
        self._document: Row | None = None
        self._sealed: dict[str, Sealed] = {}
        self._document_hash = hashlib.sha256()
        self._family_hash = hashlib.sha256()
        self._fingerprint: object = None
        self._rows = 0
        self._candidates: set[str] = set()

    def write(self, family: Family[Row]) -> Rows:
        """The redacted rows of all documents and their elements, and the ledger's."""
        for row, texts in family.redacted():
            if row["file"] is not None:
                yield from self._close_document()
                yield from self._open_document(row, *texts)
            else:
                yield from self._element(row["element"], *texts)  # type: ignore[arg-type]  # the schema says that it is a row
        yield from self._close_document()
        yield (
            tables.REDACTION_LEDGER,
            {"unit_id": self._root_id, "fingerprint": self._fingerprint, "output_hash": self._family_hash.hexdigest(), "rows_out": self._rows,
             "run_id": self._run_id},
        )  # fmt: skip

    def _open_document(self, row: Row, stem: Redacted, folder: Redacted) -> Rows:
        file: Row = row["file"]  # type: ignore[assignment]  # the schema says that it is a row
        self._fingerprint = row["fingerprint"]
        identity: Row = {"doc_id": row["doc_id"], "root_id": self._root_id}
        title = stem.text + _name_and_extension(str(file["name"]))[1]
        self._document_hash = hashlib.sha256(repr((title, folder.text, file["status"], file["reason"])).encode())
        self._document = {
            **identity, "parent_id": file["parent_id"], "kind": file["kind"], "title": title, "folder": folder.text,
            "status": file["status"], "reason": file["reason"], "flags": file["flags"], "elements": file["elements"], "run_id": self._run_id,
        }  # fmt: skip
        yield from self._audit(identity, "title", None, stem)
        yield from self._audit(identity, "folder", None, folder)

    def _element(self, element: Row, text: Redacted, *places: Redacted) -> Rows:
        identity: Row = {"doc_id": element["doc_id"], "root_id": self._root_id}
        redacted: Row = {**element, "text": text.text, "run_id": self._run_id}
        yield from self._audit(identity, "text", element["ordinal"], text)
        for name, place in zip(_PLACES, places, strict=True):
            if element[name] and element[name] not in _PROPERTIES:
                redacted[name] = place.text
                yield from self._audit(identity, name, element["ordinal"], place)
        self._document_hash.update(repr([redacted[name] for name in tables.ELEMENTS.names if name not in ("run_id", "root_id")]).encode())
        self._rows += 1
        yield tables.ELEMENTS, redacted

    def _audit(self, identity: Row, field: str, ordinal: object, redacted: Redacted) -> Rows:
        self._sealed.update((sealed.token, sealed) for sealed in redacted.sealed)
        for found in redacted.redactions:
            yield (
                tables.REDACTIONS,
                {**identity, "field": field, "ordinal": ordinal, "start": found.start, "end": found.end, "entity": found.entity,
                 "score": found.score, "recognizer": found.recognizer, "policy": self._policy, "value_hash": found.value_hash,
                 "run_id": self._run_id},
            )  # fmt: skip
        for candidate in redacted.candidates:
            candidate_id = fingerprint(self._root_id, candidate.value_hash, candidate.is_hidden)
            if candidate_id not in self._candidates:
                self._candidates.add(candidate_id)
                yield (
                    tables.REDACTION_CANDIDATES,
                    {**identity, "candidate_id": candidate_id, "field": field, "ordinal": ordinal, "entity": candidate.entity,
                     "score": candidate.score, "recognizer": candidate.recognizer, "is_hidden": candidate.is_hidden,
                     "value": candidate.value, "before": candidate.before, "after": candidate.after, "run_id": self._run_id},
                )  # fmt: skip

    def _close_document(self) -> Rows:
        if self._document is not None:
            output_hash = self._document_hash.hexdigest()
            self._family_hash.update(output_hash.encode())
            yield tables.DOCUMENTS, {**self._document, "output_hash": output_hash}
            for sealed in self._sealed.values():
                yield (
                    tables.VAULT,
                    {"doc_id": self._document["doc_id"], "root_id": self._root_id, "token": sealed.token, "entity": sealed.entity,
                     "ciphertext": sealed.ciphertext, "key_version": sealed.key_version, "run_id": self._run_id},
                )  # fmt: skip
            self._sealed.clear()
            self._document = None


def _cutting_fingerprint(settings: Settings) -> str:
    models = (model_key(settings.classification.model), model_key(settings.embedding))
    return fingerprint(_CUT_VERSION, settings.passages, *models)


def _cut_documents(context: TaskContext, units: DataFrame) -> DataFrame:
    wanted = F.broadcast(units.select(F.col("unit_id").alias("doc_id"), "fingerprint"))
    documents = context.lake.read(tables.DOCUMENTS).join(wanted, "doc_id").select(
        "doc_id", F.lit(-1).alias("ordinal"), "fingerprint", F.struct("root_id", "kind", "title").alias("document"),
        F.lit(None).cast(tables.ELEMENTS.struct()).alias("element"),
    )  # fmt: skip
    elements = context.lake.read(tables.ELEMENTS).join(wanted.drop("fingerprint"), "doc_id", "left_semi")
    rows = documents.unionByName(
        elements.select("doc_id", "ordinal", F.struct(*(F.col(c) for c in tables.ELEMENTS.names)).alias("element")), allowMissingColumns=True
    )
    ordered = rows.repartition(spread_over(context, units), "doc_id").sortWithinPartitions("doc_id", "ordinal")
    return ordered.mapInArrow(partial(_cut_rows, context.settings, context.run_id), multi_ddl(_PASSAGES.tables))


def _cut_rows(settings: Settings, run_id: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    cutter = cutter_of(settings)

    def rows() -> Rows:
        head: Row | None = None
        elements: list[Element] = []
        for row in rows_of(batches):
            if row["document"] is not None:
                if head is not None:
                    yield from _passages_of(cutter, run_id, head, elements)
                head, elements = row, []
            else:
                elements.append(_element_of(row["element"]))  # type: ignore[arg-type]  # the schema says that it is a row
        if head is not None:
            yield from _passages_of(cutter, run_id, head, elements)

    yield from multi_batches(_PASSAGES.tables, rows())


def _passages_of(cutter: Cutter, run_id: str, head: Row, elements: list[Element]) -> Rows:
    document: Row = head["document"]  # type: ignore[assignment]  # the schema says that it is a row
    passages = cutter.cut(str(head["doc_id"]), elements)
    output = hashlib.sha256(repr((document["title"], document["kind"])).encode())
    for passage in passages:
        place = described(passage.place)
        output.update(repr((passage.passage_id, passage.heading_path, place)).encode())
        yield (
            tables.PASSAGES,
            {"passage_id": passage.passage_id, "doc_id": head["doc_id"], "root_id": document["root_id"], "ordinal": passage.ordinal,
             "kind": document["kind"], "title": document["title"], "heading_path": passage.heading_path, "text": passage.text,
             "text_hash": passage.text_hash, "tokens": passage.tokens, "place": place, "page": passage.place.page,
             "slide": passage.place.slide, "sheet": passage.place.sheet, "cells": passage.place.cells, "part": passage.place.part,
             "run_id": run_id},
        )  # fmt: skip
    yield (
        tables.PASSAGES_LEDGER,
        {"unit_id": head["doc_id"], "fingerprint": head["fingerprint"], "output_hash": output.hexdigest(), "rows_out": len(passages),
         "run_id": run_id},
    )  # fmt: skip


def _element_of(row: Row) -> Element:
    place = Place(*(row[name] for name in ("page", "slide", "sheet", "cells", "part")))  # type: ignore[arg-type]  # typed by the schema
    return Element(str(row["kind"]), str(row["text"]), int(str(row["level"])), str(row["region"]), place)
