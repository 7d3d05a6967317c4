"""What the ledger of 01-05 remembers of how a file was read, and which files are to be read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakedocs.extract.versions import ALL as PARSERS
from lakedocs.keys import document_passwords, keyed_hash, read_key
from lakedocs.records import Document, Flag, Shows, Status
from lakedocs.settings import Settings, fingerprint
from lakedocs.vision.open import layout_key, reader_key

PURGED = ":purged:"
_VERSION = "ingest/2"
_PICTURES, _LAYOUT, _LOCKED = ":pictures:", ":layout:", ":locked:"
_PDF = "pdf/"
"""How the labels of the parser of PDFs begin."""
_LIMITS_CHARS, _ENDINGS_CHARS = 16, 1000
_CUT = (Flag.TRUNCATED, Flag.ATTACHMENTS_LEFT_OUT)


@dataclass(frozen=True, slots=True)
class ReadAs:
    """How files are read now. A fingerprint in the ledger is `limits`, and the endings that concern the file.

    Attributes:
        limits: what every file is read within.
        pictures: ends that of files with images: who reads them.
        layout: ends that of files which are a PDF or hold one: who is given their pages; empty where nobody is.
        locked: ends that of files which no password opened: those that were tried.
        only_failed: a new parser or limit concerns only what the old one did not read whole.
    """

    limits: str
    pictures: str
    layout: str
    locked: str
    only_failed: bool

    def of(self, document: Document) -> str:
        """The fingerprint of a file that was read."""
        endings = (
            (_has_pictures(document), self.pictures),
            (_any(document, lambda one: one.parser.startswith(_PDF)), self.layout),
            (_any(document, lambda one: one.status is Status.ENCRYPTED), self.locked),
        )
        return self.limits + "".join(ending for concerns, ending in endings if concerns)

    def marked(self, known: DataFrame, ledger: DataFrame) -> DataFrame:
        """The known files, and whether they have a PDF in them, and whether they are outdated, where that matters.

        Args:
            known: rows of `ledger`, which has those of attachments, too.
            ledger: raw.files_<kind>.
        """
        marks = {"is_outdated": self._is_outdated(), "has_pdf": F.col("parser").startswith(_PDF)}
        for name, condition in marks.items():
            if name == "has_pdf" and not self.layout:
                known = known.withColumn(name, F.lit(False))
                continue
            roots = ledger.where(condition).select("root_id", F.lit(True).alias(name)).distinct()
            known = known.join(roots, "root_id", "left").withColumn(name, F.coalesce(name, F.lit(False)))
        return known

    def _is_outdated(self) -> Column:
        """Whether a file, or one within it, was read by a parser that is no longer the present one, and would gain by the new one."""
        is_old = ~F.col("parser").isin(*PARSERS)
        if not self.only_failed:
            return is_old
        was_cut = reduce(or_, (F.array_contains("flags", str(flag)) for flag in _CUT))
        return (is_old | ~F.col("fingerprint").startswith(self.limits)) & ((F.col("status") != str(Status.OK)) | was_cut)

    def is_settled(self, *, purged_under: str | None = None) -> Column:
        """Whether a file is not to be read again as long as it is the same; of rows that are `marked`.

        Args:
            purged_under: text that retention removed is settled as well, where it was redacted under this policy.
        """
        kept = ("",) if purged_under is None else ("", purged_fingerprint("", purged_under))

        def holds(layout: str) -> Column:
            endings = map("".join, product(("", self.pictures), (layout,), ("", self.locked), kept))
            return self._limits_hold() & F.substring("fingerprint", _LIMITS_CHARS + 1, _ENDINGS_CHARS).isin(*endings)

        return F.when(F.col("has_pdf"), holds(self.layout)).otherwise(holds("")) & ~F.col("is_outdated")

    def _limits_hold(self) -> Column:
        if self.only_failed:
            return F.length("fingerprint") >= _LIMITS_CHARS  # an empty one is of a file that is tried again
        return F.col("fingerprint").startswith(self.limits)


def read_as_now(settings: Settings) -> ReadAs:
    """How files are read under these settings."""
    key = layout_key(settings.vision)
    # which passwords were tried must show in no table
    tried = keyed_hash(read_key(settings.keys.document_id, settings.storage.root), "passwords", *document_passwords(settings))[:8]
    return ReadAs(
        limits=fingerprint(_VERSION, settings.limits),
        pictures=f"{_PICTURES}{reader_key(settings.vision)}",
        layout=f"{_LAYOUT}{settings.vision.layout}:{key}" if key else "",
        locked=f"{_LOCKED}{tried}",
        only_failed=settings.source.read_again == "failed",
    )


def purged_fingerprint(ingest_fingerprint: str, policy: str) -> str:
    """The fingerprint of a file whose raw text retention removed after it was redacted under `policy`."""
    return f"{ingest_fingerprint}{PURGED}{policy}"


def _has_pictures(document: Document) -> bool:
    """Whether there is anything for an engine that reads images."""

    def has(one: Document) -> bool:
        is_unread = one.status is Status.NEEDS_OCR or Flag.PAGES_WITHOUT_TEXT in one.flags
        return is_unread or any(image.shows is not Shows.TABLE_PAGE for image in one.images)

    return _any(document, has)


def _any(document: Document, condition: Callable[[Document], bool]) -> bool:
    """Whether it holds of the document or of one within it."""
    return condition(document) or any(_any(child, condition) for child in document.children)
