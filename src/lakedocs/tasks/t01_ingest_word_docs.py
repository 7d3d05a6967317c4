"""01: Word documents (docx, docm, dotx, doc), RTF and OpenDocument texts of the source.

Reads: files of the source folder or volume. Writes: raw.files_word, raw.elements_word, raw.images_word, by root file.
A re-run opens only files whose size, time or parser differ; see `lakehouse/ingest.py`, which the five ingest tasks share.
"""

from __future__ import annotations

from lakedocs.lakehouse.ingest import run_ingest
from lakedocs.lakehouse.stage import Figures, TaskContext
from lakedocs.records import Kind


def run(context: TaskContext) -> Figures:
    """Bring the tables of Word documents up to date with the source."""
    return run_ingest(context, Kind.WORD)
