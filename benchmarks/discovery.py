"""What a run takes to find five new files among a million: seconds, and the memory of all its processes.

make bench-discovery. Makes folders of empty files (half of them in one flat folder, the rest a thousand to a folder) and a ledger that knows
all of them but five, then lets 05 bring that up to date: the price of a run with hardly anything to do. Prints a row for each number of files.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

_NEW = 5
_A_FOLDER = 1000
_TASK = "05_ingest_msg_csv"


def make_files(source: Path, number: int) -> None:
    """So many empty files, half of them flat in one folder."""
    for index in range(number):
        folder = source / "flat" if index % 2 else source / f"folder {index // 2 // _A_FOLDER}"
        if index < 2 or (not index % 2 and index // 2 % _A_FOLDER == 0):
            folder.mkdir(parents=True, exist_ok=True)
        open(folder / f"{index}.csv", "wb").close()


def make_ledger(source: Path, root: Path) -> None:
    """A lake whose ledger knows the source as it is."""
    from pyspark.sql import functions as F

    from lakedocs.extract.versions import label
    from lakedocs.keys import make_local_keys
    from lakedocs.lakehouse import tables
    from lakedocs.lakehouse.lake import Lake
    from lakedocs.lakehouse.listing import list_source, source_id
    from lakedocs.lakehouse.reading import read_as_now
    from lakedocs.lakehouse.session import local_session
    from lakedocs.records import Kind, Status
    from lakedocs.settings import load_settings

    settings = load_settings("local", {"source.path": str(source), "storage.root": str(root)})
    make_local_keys(settings)
    spark = local_session(settings.storage)
    lake = Lake(spark, settings.storage)
    table = tables.files(Kind.MSG_CSV)
    lake.ensure(table, tables.elements(Kind.MSG_CSV), tables.images(Kind.MSG_CSV))
    listed = list_source(spark, settings, Kind.MSG_CSV).where("NOT is_summary")
    known = {
        "root_id": F.col("doc_id"), "source_id": F.lit(source_id(settings)), "parser": F.lit(label("kinds")), "status": F.lit(str(Status.EMPTY)),
        "fingerprint": F.lit(read_as_now(settings).limits), "content_hash": F.lit(""), "tries": F.lit(1),
        "kind": F.lit(str(Kind.MSG_CSV)), "name": F.col("path"), "elements": F.lit(0), "images": F.lit(0), "characters": F.lit(0).cast("bigint"),
    }  # fmt: skip
    rows = listed.select("doc_id", "path", "size_bytes", "modified_us", *(value.alias(name) for name, value in known.items()))
    missing = (F.lit(None).cast(kind).alias(name) for name, kind in table.columns if name not in rows.columns)
    lake.append(table, rows.select("*", *missing))
    spark.stop()


@click.command()
@click.option("--files", "numbers", default=(10_000, 1_000_000), multiple=True, show_default=True, help="How many files; once for each row.")
def main(numbers: tuple[int, ...]) -> None:
    """Print a row for each number of files."""
    from measured import run

    print(f"{'files':>10}{'seconds':>10}{'MiB':>8}")
    for number in numbers:
        with tempfile.TemporaryDirectory(prefix="lakedocs-") as work:
            source, root = Path(work) / "source", Path(work) / "lake"
            make_files(source, number)
            make_ledger(source, root)
            for index in range(_NEW):
                (source / "flat" / f"new {index}.csv").touch()
            found = run(source, root, ("--only", _TASK))
            note = "" if found.status == 0 else f"  exit status {found.status}"
            print(f"{number:>10,}{found.seconds:>10.1f}{found.peak_mib:>8,}{note}", flush=True)


if __name__ == "__main__":
    main()
