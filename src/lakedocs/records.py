"""What crosses from one layer to the next: frozen, small, and shy of showing text in a repr."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How a document ended; everything but `OK` is a reason that a person can act on."""

    OK = "ok"
    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    EMPTY = "empty"
    NEEDS_OCR = "needs_ocr"
    TOO_LARGE = "too_large"
    TIMED_OUT = "timed_out"
    UNSUPPORTED = "unsupported"


class Flag(StrEnum):
    """What a person should know beside the status."""

    TRUNCATED = "truncated"
    DISGUISED = "disguised"
    MACROS = "macros"
    HIDDEN_TEXT = "hidden_text"
    PAGES_WITHOUT_TEXT = "pages_without_text"
    UNREADABLE_TEXT = "unreadable_text"
    TABLES_LEFT_OUT = "tables_left_out"
    READERS_DISAGREE = "readers_disagree"
    ATTACHMENTS_LEFT_OUT = "attachments_left_out"
    GUESSED_ENCODING = "guessed_encoding"
    MENDED_ENCODING = "mended_encoding"


class Kind(StrEnum):
    """The five ingest tasks, by what they read."""

    WORD = "word"
    XLSX = "xlsx"
    PPTX = "pptx"
    PDF = "pdf"
    MSG_CSV = "msg_csv"


class Shows(StrEnum):
    """What an image is: a picture in a document, a page drawn because it has no text, or one drawn because it has a table beside its text."""

    PICTURE = "picture"
    PAGE = "page"
    TABLE_PAGE = "table_page"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element stands in its document; pages and slides count from 1."""

    page: int | None = None
    slide: int | None = None
    sheet: str | None = None
    cells: str | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class TableRow:
    """Where a table's row stands: what tells its table from others, its number in it, and its filled cells as ranges, where they are known."""

    table: tuple[object, ...]
    number: int
    cells: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """A piece of text in reading order: a heading, a paragraph, a row of a table, a note, a mail header, ..."""

    kind: str
    text: str = field(repr=False)
    level: int = 0
    region: str = "body"
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class Guess:
    """What was inferred of a document's form, its encoding, delimiter or header, and how sure that is, from 0 to 1."""

    what: str
    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Image:
    """An embedded image or a drawn page, stored once per content hash; sizes in bytes and pixels (0 where unknown)."""

    sha256: str
    media_type: str
    size_bytes: int
    width_px: int
    height_px: int
    place: Place = Place()
    shows: Shows = Shows.PICTURE


@dataclass(frozen=True, slots=True)
class Document:
    """What became of one file or attachment, with its attachments below it."""

    name: str = field(repr=False)
    status: Status
    reason: str = ""
    flags: tuple[Flag, ...] = ()
    parser: str = ""
    content_hash: str = ""
    size_bytes: int = 0
    elements: tuple[Element, ...] = field(default=(), repr=False)
    images: tuple[Image, ...] = ()
    children: tuple[Document, ...] = ()
    guesses: tuple[Guess, ...] = ()
    is_final: bool = True
    """False where the storage failed, not the document: the next run tries again."""

    seconds: float = field(default=0.0, compare=False)
    peak_mb: int = field(default=0, compare=False)
    """What reading it took, attachments included; of attachments themselves, and where it is not known, 0."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data found in a text: characters [start, end), type, score and who found it; never the value."""

    start: int
    end: int
    entity: str
    score: float
    recognizer: str


@dataclass(frozen=True, slots=True)
class Redaction:
    """One replacement: [start, end) are offsets in the redacted text; `value_hash` is keyed."""

    start: int
    end: int
    entity: str
    score: float
    recognizer: str
    value_hash: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value that can be turned back: what stands for it, and its ciphertext under the key of that version."""

    token: str
    entity: str
    ciphertext: str = field(repr=False)
    key_version: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a person should decide on: a value that was hidden unsurely, or nearly, with the redacted text around it; for raw tables only.

    Attributes:
        value_hash: keyed, like that of a `Redaction`.
    """

    entity: str
    score: float
    recognizer: str
    is_hidden: bool
    value: str = field(repr=False)
    before: str = field(repr=False)
    after: str = field(repr=False)
    value_hash: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text as everything behind 06 sees it, and what of it only the vault, and people who decide, may see."""

    text: str
    redactions: tuple[Redaction, ...] = ()
    sealed: tuple[Sealed, ...] = ()
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of redacted text that fits the models, with the headings above it and the place of its first element."""

    passage_id: str
    text: str = field(repr=False)
    text_hash: str
    heading_path: str = field(repr=False)
    place: Place
    ordinal: int
    tokens: int


@dataclass(frozen=True, slots=True)
class LabelScore:
    """The label of a text (or `none`), how sure, and the scores of all labels."""

    label: str
    confidence: float
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A passage as the search index keeps it, with its document's summary, if there is one; all text is redacted."""

    passage_id: str
    doc_id: str
    kind: str
    title: str = field(repr=False)
    heading_path: str = field(repr=False)
    place: str = field(repr=False)
    text: str = field(repr=False)
    summary: str = field(repr=False)
    label: str
    language: str
    groups: tuple[str, ...]
    vector: tuple[float, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PushResult:
    """What the index said of one key."""

    passage_id: str
    ok: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Narrows a search; empty means everything."""

    labels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    doc_ids: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Only what one of these groups may read."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search brought back; `score` ranks it among its search's hits only."""

    passage_id: str
    doc_id: str
    kind: str
    title: str = field(repr=False)
    heading_path: str = field(repr=False)
    place: str = field(repr=False)
    text: str = field(repr=False)
    label: str
    score: float
