"""05: mail (msg, eml), text tables (csv, tsv), text (html, md, txt), and every file that no other task reads of the source.

Reads: files of the source folder or volume. Writes: raw.files_msg_csv, raw.elements_msg_csv, raw.images_msg_csv, by root file.
A re-run opens only files whose size, time or parser differ; see `lakehouse/ingest.py`, which the five ingest tasks share.
"""

from __future__ import annotations

from lakedocs.lakehouse.ingest import run_ingest
from lakedocs.lakehouse.stage import Figures, TaskContext
from lakedocs.records import Kind


def run(context: TaskContext) -> Figures:
    """Bring the tables of mail up to date with the source."""
    return run_ingest(context, Kind.MSG_CSV)
