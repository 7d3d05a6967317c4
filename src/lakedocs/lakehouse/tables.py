"""Every table in one place: schema, columns with types, the columns that it is clustered by and keeps statistics of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lakedocs.records import Kind


@dataclass(frozen=True, slots=True)
class Table:
    """A Delta table; `raw` holds what was read and is restricted, `docs` holds nothing that did not pass 06.

    Attributes:
        added: columns that tables of older versions lack; they are added to these, with null in the rows that are there.
    """

    schema: Literal["raw", "docs"]
    name: str
    columns: tuple[tuple[str, str], ...]
    keys: tuple[str, ...]
    added: tuple[str, ...] = ()

    @property
    def ddl(self) -> str:
        """The columns as Spark reads a schema."""
        return ", ".join(f"`{name}` {kind}" for name, kind in self.columns)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.columns]

    def struct(self) -> str:
        """The row as a struct type, for stages that write several tables in one pass."""
        return f"struct<{', '.join(f'{name}: {kind}' for name, kind in self.columns)}>"


_PLACE = (("page", "int"), ("slide", "int"), ("sheet", "string"), ("cells", "string"), ("part", "string"))
_DOCUMENT = (("doc_id", "string"), ("root_id", "string"))
_RUN = (("run_id", "string"),)

_FILES = (
    *_DOCUMENT, ("parent_id", "string"), ("source_id", "string"), ("path", "string"), ("name", "string"), ("kind", "string"),
    ("depth", "int"), ("size_bytes", "bigint"), ("modified_us", "bigint"), ("read_us", "bigint"), ("content_hash", "string"), ("status", "string"),
    ("reason", "string"), ("flags", "array<string>"), ("parser", "string"), ("fingerprint", "string"), ("elements", "int"),
    ("characters", "bigint"), ("images", "int"), ("output_hash", "string"), ("seconds", "double"),
    ("peak_mb", "int"), ("tries", "int"), ("guesses", "array<struct<what: string, value: string, confidence: double>>"), *_RUN,
)  # fmt: skip
_ELEMENTS = (
    *_DOCUMENT, ("ordinal", "int"), ("kind", "string"), ("level", "int"), ("region", "string"), ("text", "string"), *_PLACE, *_RUN,
)  # fmt: skip
_IMAGES = (
    *_DOCUMENT, ("ordinal", "int"), ("sha256", "string"), ("media_type", "string"), ("size_bytes", "bigint"), ("width_px", "int"),
    ("height_px", "int"), *_PLACE, *_RUN, ("shows", "string"),
)  # fmt: skip


def files(kind: Kind) -> Table:
    """One row per file or attachment of an ingest task: what it is, how it ended, what reading it took, how its form was guessed. Its ledger, too."""
    return Table("raw", f"files_{kind}", _FILES, ("doc_id", "root_id"), ("seconds", "peak_mb", "tries", "guesses"))


def arrivals(kind: Kind) -> Table:
    """New and changed files that a stream told of and no run has read yet; a row without a path says when the source was last listed whole."""
    columns = (
        ("doc_id", "string"),
        ("path", "string"),
        ("size_bytes", "bigint"),
        ("modified_us", "bigint"),
        ("source_id", "string"),
        ("told_us", "bigint"),
        *_RUN,
    )
    return Table("raw", f"arrivals_{kind}", columns, ("doc_id",))


def elements(kind: Kind) -> Table:
    """The text of an ingest task's documents, in reading order."""
    return Table("raw", f"elements_{kind}", _ELEMENTS, ("doc_id", "root_id"))


def images(kind: Kind) -> Table:
    """The embedded images of an ingest task's documents, and pages drawn as images; their bytes lie in the images volume by hash."""
    return Table("raw", f"images_{kind}", _IMAGES, ("doc_id", "root_id"), ("shows",))


def image_insights(kind: Kind) -> Table:
    """What an ingest task's images show: one row per image and engine, with all that the engine answered."""
    columns = (("sha256", "string"), ("model", "string"), ("text", "string"), ("caption", "string"), ("tags", "array<string>"), ("answer", "string"))
    rows = ("tables", "array<array<string>>")  # of each table its rows; none where whoever read the image doesn't look for tables
    return Table("raw", f"image_insights_{kind}", (*columns, *_RUN, rows), ("sha256", "model"), ("tables",))


DOCUMENTS = Table(
    "docs",
    "documents",
    (*_DOCUMENT, ("parent_id", "string"), ("kind", "string"), ("title", "string"), ("folder", "string"), ("status", "string"),
     ("reason", "string"), ("flags", "array<string>"), ("elements", "int"), ("output_hash", "string"), *_RUN),
    ("doc_id", "root_id"),
)  # fmt: skip
ELEMENTS = Table("docs", "elements", _ELEMENTS, ("doc_id", "root_id"))
REDACTIONS = Table(
    "docs",
    "redactions",
    (*_DOCUMENT, ("field", "string"), ("ordinal", "int"), ("start", "int"), ("end", "int"), ("entity", "string"), ("score", "double"),
     ("recognizer", "string"), ("policy", "string"), ("value_hash", "string"), *_RUN),
    ("doc_id", "root_id"),
)  # fmt: skip
VAULT = Table(
    "raw",
    "vault",
    (*_DOCUMENT, ("token", "string"), ("entity", "string"), ("ciphertext", "string"), ("key_version", "string"), *_RUN),
    ("doc_id", "root_id"),
)
"""What the tokens of a document stand for, encrypted."""
REVEALS = Table(
    "raw",
    "reveals",
    (("doc_id", "string"), ("revealed_by", "string"), ("reason", "string"), ("tokens", "int"), ("revealed_at", "timestamp")),
    ("doc_id",),
)
"""Who turned which document back, when and why."""
REDACTION_LISTS = Table(
    "raw",
    "redaction_lists",
    (("is_denied", "boolean"), ("entity", "string"), ("value", "string"), ("is_pattern", "boolean"), ("added_by", "string"),
     ("added_at", "timestamp")),
    ("entity",),
)  # fmt: skip
"""Written by people: what is always hidden, and what never is."""
REDACTION_CANDIDATES = Table(
    "raw",
    "redaction_candidates",
    (("candidate_id", "string"), *_DOCUMENT, ("field", "string"), ("ordinal", "int"), ("entity", "string"), ("score", "double"),
     ("recognizer", "string"), ("is_hidden", "boolean"), ("value", "string"), ("before", "string"), ("after", "string"), *_RUN),
    ("root_id", "candidate_id"),
)  # fmt: skip
"""What a person should decide on, each value of a family once, with the redacted text around its first place."""
REDACTION_DECISIONS = Table(
    "raw",
    "redaction_decisions",
    (("root_id", "string"), ("verdict", "string"), ("entity", "string"), ("value", "string"), ("candidate_id", "string"),
     ("decided_by", "string"), ("decided_at", "timestamp")),
    ("root_id",),
)  # fmt: skip
"""Written by people: what of a family is to be hidden (`hide`, `missed`) and what is not (`keep`); the latest on a value counts."""
PASSAGES = Table(
    "docs",
    "passages",
    (("passage_id", "string"), *_DOCUMENT, ("ordinal", "int"), ("kind", "string"), ("title", "string"), ("heading_path", "string"),
     ("text", "string"), ("text_hash", "string"), ("tokens", "int"), ("place", "string"), *_PLACE, *_RUN),
    ("doc_id", "passage_id", "text_hash"),
)  # fmt: skip
LABELS = Table(
    "docs",
    "labels",
    (("passage_id", "string"), ("doc_id", "string"), ("label", "string"), ("confidence", "double"), ("scores", "map<string, double>"),
     ("method", "string"), ("model", "string"), *_RUN),
    ("doc_id", "passage_id"),
)  # fmt: skip
_VECTORS = (("text_hash", "string"), ("model", "string"), ("vector", "array<float>"), *_RUN)
LABEL_VECTORS = Table("docs", "label_vectors", _VECTORS, ("text_hash", "model"))
SUMMARIES = Table("docs", "summaries", (("doc_id", "string"), ("text", "string"), ("method", "string"), ("model", "string"), *_RUN), ("doc_id",))
SUMMARY_CHUNKS = Table("docs", "summary_chunks", (("doc_id", "string"), ("text_hash", "string"), *_RUN), ("doc_id", "text_hash"))
"""Which stretches of which document the chat model summarised."""
SUMMARY_PARTS = Table(
    "docs", "summary_parts", (("text_hash", "string"), ("model", "string"), ("text", "string"), *_RUN), ("text_hash", "model")
)  # fmt: skip
"""What the chat model summarised a chunk to: paid for once."""
LABEL_REPLIES = Table(
    "docs",
    "label_replies",
    (("text_hash", "string"), ("model", "string"), ("label", "string"), ("confidence", "double"), *_RUN),
    ("text_hash", "model"),
)
"""What a language model said of a text: paid for once, however often the text occurs."""
EMBEDDINGS = Table("docs", "embeddings", _VECTORS, ("text_hash", "model"))
INDEX_STATE = Table(
    "docs",
    "index_state",
    (("passage_id", "string"), ("doc_id", "string"), ("index_name", "string"), ("entry_hash", "string"), *_RUN),
    ("doc_id", "passage_id"),
)

_LEDGER = (("unit_id", "string"), ("fingerprint", "string"), ("output_hash", "string"), ("rows_out", "bigint"), *_RUN)


def ledger(stage: str) -> Table:
    """What a stage remembers of each unit: the fingerprint it was done with, and a hash of what came out."""
    return Table("docs", f"ledger_{stage}", _LEDGER, ("unit_id",))


REDACTION_LEDGER = ledger("redaction")
PASSAGES_LEDGER = ledger("passages")
LABELS_LEDGER = ledger("labels")
EMBEDDINGS_LEDGER = ledger("embeddings")
INDEX_LEDGER = ledger("index")
SUMMARIES_LEDGER = ledger("summaries")

ANSWERS = Table(
    "docs",
    "answers",
    (("answer_id", "string"), ("question", "string"), ("found", "boolean"), ("answer", "string"), ("answer_json", "string"),
     ("citations", "int"), ("confidence", "double"), ("milliseconds", "double"), ("asked_at", "timestamp"), *_RUN),
    ("answer_id",),
)  # fmt: skip
ANSWER_REVIEWS = Table(
    "docs",
    "answer_reviews",
    (("answer_id", "string"), ("question", "string"), ("answer", "string"), ("reason", "string"), ("asked_at", "timestamp"), *_RUN),
    ("answer_id",),
)
"""Answers of a language model that a person should look at, and why; append only."""
TASK_RUNS = Table(
    "docs",
    "task_runs",
    (("task_key", "string"), ("state", "string"), ("error", "string"), ("units_stale", "bigint"), ("units_gone", "bigint"),
     ("units_kept", "bigint"), ("units_refused", "bigint"), ("rows_out", "bigint"), ("slices", "int"), ("seconds", "double"),
     ("tokens", "bigint"), ("cost", "double"), ("finished_at", "timestamp"), *_RUN),
    ("run_id", "task_key"),
)  # fmt: skip
BILLS = Table(
    "docs",
    "bills",
    (("task_key", "string"), ("tokens", "bigint"), ("cost", "double"), ("paid_at", "timestamp"), *_RUN),
    ("run_id", "task_key"),
)
"""What was paid, as it was paid: docs.task_runs has the sum of a task that came to its end, well or not. Append only."""
FAILURES = Table(
    "docs",
    "failures",
    (("task_key", "string"), ("item", "string"), ("reason", "string"), ("failed_at", "timestamp"), *_RUN),
    ("run_id", "task_key"),
)
"""What an outside service refused, a row for each item (hash of a redacted text, id of a passage) and run; append only."""

TRAINING_EXAMPLES = Table(
    "docs",
    "training_examples",
    (("example_id", "string"), ("text", "string"), ("label", "string"), ("group_id", "string"), ("split", "string"), ("source", "string"),
     ("language", "string"), *_RUN),
    ("example_id",),
)  # fmt: skip
TRAINING_REFUSED = Table("docs", "training_refused", (("source", "string"), ("line", "bigint"), ("reason", "string"), *_RUN), ("source",))
CLASSIFIERS = ("zero_shot", "champion", "tfidf", "xgboost", "fine_tuned", "served")


def predictions(classifier: str) -> Table:
    """What a classifier makes of the validation and test examples; a table each, for the trainings run side by side."""
    columns = (("model", "string"), ("example_id", "string"), ("scores", "map<string, double>"), ("data_version", "string"),
               ("seconds_per_1000", "double"), *_RUN)  # fmt: skip
    return Table("docs", f"predictions_{classifier}", columns, ("example_id",))


LABEL_REVIEWS = Table(
    "raw",
    "label_reviews",
    (("passage_id", "string"), ("label", "string"), ("reviewed_by", "string"), ("reviewed_at", "timestamp")),
    ("passage_id",),
)
"""Written by people: which label a passage should have had."""

INGEST_TABLES = tuple(table(kind) for kind in Kind for table in (files, elements, images, image_insights, arrivals))
ALL = (
    *INGEST_TABLES, DOCUMENTS, ELEMENTS, REDACTIONS, PASSAGES, LABELS, LABEL_VECTORS, LABEL_REPLIES, EMBEDDINGS, INDEX_STATE, REDACTION_LEDGER,
    PASSAGES_LEDGER, LABELS_LEDGER, EMBEDDINGS_LEDGER, INDEX_LEDGER, ANSWERS,
    ANSWER_REVIEWS, TASK_RUNS, BILLS, FAILURES, SUMMARIES, SUMMARY_CHUNKS, SUMMARY_PARTS, SUMMARIES_LEDGER,
    TRAINING_EXAMPLES, TRAINING_REFUSED, LABEL_REVIEWS, VAULT, REVEALS, REDACTION_LISTS,
    REDACTION_CANDIDATES, REDACTION_DECISIONS, *map(predictions, CLASSIFIERS),
)  # fmt: skip
