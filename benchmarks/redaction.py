"""Characters per second of redaction's patterns beside Presidio's own engine, on the texts of a lake; and whether both find the same.

make bench-redaction ROOT=.lakedocs
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple
from multiprocessing import get_context
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

Find = Callable[[str], object]


def seconds(find: Find, texts: list[str]) -> float:
    """Of processor time."""
    start = time.process_time()
    for text in texts:
        find(text)
    return time.process_time() - start


def texts_of(root: Path, most: int, kind: str) -> list[str]:
    """Texts of the lake as they were read, in an order by chance; repetitions as they come."""
    from lakedocs.lakehouse import tables
    from lakedocs.lakehouse.lake import Lake
    from lakedocs.lakehouse.session import local_session
    from lakedocs.records import Kind
    from lakedocs.settings import Storage

    storage = Storage(root=str(root.absolute()))
    spark = local_session(storage)
    rows = Lake(spark, storage).read_all([tables.elements(kind) for kind in Kind]).select("text", "doc_id", "ordinal", "kind").collect()
    spark.stop()
    texts = [
        row["text"] for row in sorted(rows, key=lambda row: (row["doc_id"], row["ordinal"])) if len(row["text"]) <= 2000 and kind in ("", row["kind"])
    ]
    random.Random(1).shuffle(texts)
    return texts[:most]


def half(share: list[str], root: str) -> None:
    from lakedocs.redact.policy import TextRedactor
    from lakedocs.settings import load_settings

    find = TextRedactor(load_settings("local", {"storage.root": root})).findings
    for text in share:
        find(text)


def wall(shares: list[list[str]], root: str) -> float:
    """Seconds that so many processes at once take, their start included."""
    start = time.monotonic()
    workers = [get_context("spawn").Process(target=half, args=(share, root)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.monotonic() - start


@click.command()
@click.argument("root", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path(".lakedocs"))
@click.option("--texts", "most", default=20_000, show_default=True, help="How many, drawn at random.")
@click.option("--kind", default="paragraph", show_default=True, help="Of element; empty: all, which are table rows for the most part.")
def main(root: Path, most: int, kind: str) -> None:
    """Print one table about the texts of the lake in ROOT; exit status 1 when the findings differ."""
    from tests.plain_presidio import PlainPresidio

    from lakedocs.keys import make_local_keys
    from lakedocs.redact.findings import Analyzer
    from lakedocs.redact.policy import TextRedactor
    from lakedocs.redact.recognizers import load_recognizers
    from lakedocs.settings import load_settings

    texts = texts_of(root, most, kind)
    characters = sum(map(len, texts))
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings("local", {"storage.root": folder, "redaction.nlp_engine": "none"})
        make_local_keys(settings)
        plain = PlainPresidio(settings)
        quick = Analyzer(settings.redaction, load_recognizers(settings))
        named = TextRedactor(load_settings("local", {"storage.root": folder}))
        ways: dict[str, Find] = {
            "Presidio's engine": plain.find,
            "the same findings": quick.by_pattern,
            "as 06 does, patterns": TextRedactor(settings).findings,
            "as 06 does, with names": named.findings,
        }
        print(f"{len(texts):,} texts, {characters:,} characters")
        print(f"{'':<26}{'characters/s':>14}{'ratio':>8}")
        first = 0.0
        for name, find in ways.items():
            find("warm up 12345 a@b.example")
            took = seconds(find, texts)
            first = first or took
            print(f"{name:<26}{characters / took:>14,.0f}{first / took:>8.2f}", flush=True)
        one, two = wall([texts], folder), wall([texts[::2], texts[1::2]], folder)
        print(f"two processes: {one / two:.2f} times one")
        differ = sum(sorted(map(astuple, plain.find(text))) != sorted(map(astuple, quick.by_pattern(text))) for text in texts)
        print(f"{differ} texts with other findings")
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()
