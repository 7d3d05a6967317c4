"""Passages through embeddings, labels by a chat model and the index, at services on loopback of which a fifth of all calls fail.

make bench-faults. Prints, for each service, what the faults cost: calls, time against what the rate limit alone leaves, and whether anything is lost,
twice.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import click
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

_DOCUMENTS = 100
_TOKENS_PER_MINUTE = 400_000
_TEXT = "lease rent office tenant landlord notice May June year contract account audit board tax return interest penalty claim report figure"
_WORDS = tuple(_TEXT.split())
_CHAT_REPLY_TOKENS = 1000


def faults() -> Callable[[], object]:
    """A fifth of all calls, one kind as often as another."""
    from tests.fakes.server import Fault

    kinds = [
        Fault(429, {"retry-after": "1"}), Fault(429), Fault(500), Fault(503), Fault(408), Fault(502), Fault(401), Fault(200, broken="reset"),
        Fault(200, broken="stalled"), Fault(200, broken="half"), Fault(200, broken="garbage"),
    ]  # fmt: skip
    chance = random.Random(1)
    return lambda: chance.choice(kinds) if chance.random() < 0.2 else None


def labelling(messages: list[dict[str, str]]) -> str:
    passages = json.loads(messages[-1]["content"])
    return json.dumps({"results": [{"number": passage["number"], "label": "topic", "confidence": 0.9} for passage in passages]})


class Memory:
    """The largest resident size of a Python worker while the block lasts, in MiB."""

    def __enter__(self) -> Self:
        self.peak = 0.0
        self._on = True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._on = False
        self._thread.join()

    def _watch(self) -> None:
        while self._on:
            for process in psutil.Process().children(recursive=True):
                try:
                    if "python" in process.name():
                        self.peak = max(self.peak, process.memory_info().rss / 2**20)
                except psutil.Error:
                    continue
            time.sleep(0.2)


@click.command()
@click.option("--passages", default=10_000, show_default=True, type=click.IntRange(min=_DOCUMENTS))
def main(passages: int) -> None:
    """Print a line for each service."""
    from tests.fakes.azure_openai import FakeAzureOpenAI
    from tests.fakes.azure_search import FakeAzureSearch
    from tests.fakes.server import serving

    from lakedocs.cli import cli
    from lakedocs.job.local import Host
    from lakedocs.keys import make_local_keys
    from lakedocs.lakehouse import tables
    from lakedocs.lakehouse.lake import Lake
    from lakedocs.lakehouse.session import local_session
    from lakedocs.settings import Storage, load_settings

    with tempfile.TemporaryDirectory(prefix="lakedocs-faults-") as folder, serving(FakeAzureOpenAI()) as openai, serving(FakeAzureSearch()) as search:
        assert isinstance(openai, FakeAzureOpenAI)
        assert isinstance(search, FakeAzureSearch)
        root = Path(folder) / "lake"
        prices = Path(folder) / "prices.yml"
        limits = f"as_of: 2026-01-01, tokens_per_minute: {_TOKENS_PER_MINUTE}, requests_per_minute: 2000"
        prices.write_text(
            f"models:\n  text-embedding-3-small: {{service: s, kind: embedding, input: 0.02, {limits}}}\n"
            f"  gpt-4o: {{service: s, kind: chat, input: 2.5, output: 10, {limits}}}\n"
        )
        spark = local_session(Storage(root=str(root)))
        lake = Lake(spark, Storage(root=str(root)))
        make_local_keys(load_settings("local", {"storage.root": str(root)}))
        for name in ("openai_api_key", "search_api_key"):
            (root / "keys" / name).write_text("key")
        write_passages(lake, passages)
        openai.tokens_per_minute, openai.requests_per_minute, openai.chat = _TOKENS_PER_MINUTE, 2000, labelling
        common = (
            f"storage.root={root}; spending.prices={prices}; calls.workers=2; calls.at_once=8; calls.seconds=1.5; calls.total_seconds=120; "
            f"embedding.engine=azure_openai; embedding.model=text-embedding-3-small; embedding.dimensions=64; embedding.endpoint={openai.url}; "
            "embedding.deployment=emb; embedding.batch_tokens=2000; classification.method=llm; chat.engine=azure_openai; "
            f"chat.endpoint={openai.url}; chat.deployment=gpt; chat.context_tokens=4000; chat.answer_tokens={_CHAT_REPLY_TOKENS}; "
            "search.engine=azure_ai_search; "
            f"search.endpoint={search.url}; search.batch_documents=50"
        )

        def run(key: str) -> tuple[float, float]:
            """Seconds and the largest worker's MiB of one task."""
            start = time.monotonic()
            with Memory() as memory:
                cli.main(["task", key, "--overrides", common], standalone_mode=False, obj=Host(spark))
            return time.monotonic() - start, memory.peak

        print(f"{'':<12}{'calls':>7}{'without':>9}{'ratio':>7}{'seconds':>9}{'by rate':>9}{'ratio':>7}{'MiB':>6}  rows", flush=True)
        for name, key, service, table in (
            ("embeddings", "08_embeddings", openai, tables.EMBEDDINGS), ("labels", "07_local_e5_model_classification", openai, tables.LABEL_REPLIES),
            ("index", "09_push_to_ai_search", search, tables.INDEX_STATE),
        ):  # fmt: skip
            service.chaos = faults()
            asked, paid = len(service.requests), openai.tokens
            seconds, memory = run(key)
            service.chaos = lambda: None
            calls = len(service.requests) - asked
            without, tokens = whole_calls(service, asked), openai.tokens - paid
            reserved = _CHAT_REPLY_TOKENS * without if name == "labels" else 0
            by_rate = (tokens + reserved) * 60 / _TOKENS_PER_MINUTE
            rows = lake.read(table)
            found, distinct = rows.count(), rows.select(table.keys[0] if table is not tables.INDEX_STATE else "passage_id").distinct().count()
            verdict = "all, each once" if found == distinct == passages else f"{found} of {passages}, {distinct} distinct"
            ratio = f"{seconds / by_rate:7.2f}" if by_rate else f"{'':>7}"
            print(
                f"{name:<12}{calls:>7}{without:>9}{calls / without:>7.2f}{seconds:>9.1f}{by_rate:>9.1f}{ratio}{memory:>6.0f}  {verdict}; "
                f"{service.held_back} over the limit", flush=True,
            )  # fmt: skip
        (index,) = search.documents
        print(f"index holds {len(search.documents[index]):,} passages")


def whole_calls(service: object, start: int) -> int:
    """How many different requests there were: a repeated one has the same body."""
    return len({json.dumps(body, sort_keys=True) for method, _, body in service.requests[start:] if method == "POST"})  # type: ignore[attr-defined]


def write_passages(lake: object, number: int) -> None:
    """Passages and their ledger, as 06 leaves them."""
    import hashlib

    from lakedocs.lakehouse import tables
    from lakedocs.lakehouse.lake import Lake

    assert isinstance(lake, Lake)
    chance = random.Random(2)
    rows = []
    for n in range(number):
        text = f"Number {n}: " + " ".join(chance.choices(_WORDS, k=40))
        digest = hashlib.sha256(text.encode()).hexdigest()
        doc = f"d{n % _DOCUMENTS}"
        rows.append((f"p{n}", doc, doc, n, "word", "Title", "", text, digest, 50, "", None, None, None, None, None, "r"))
    lake.ensure(tables.PASSAGES, tables.PASSAGES_LEDGER, tables.LABELS_LEDGER, tables.EMBEDDINGS_LEDGER, tables.LABEL_VECTORS)
    lake.append(tables.PASSAGES, lake.spark.createDataFrame(rows, tables.PASSAGES.ddl))
    ledger = [(f"d{n}", "f", "h", number // _DOCUMENTS, "r") for n in range(_DOCUMENTS)]
    lake.append(tables.PASSAGES_LEDGER, lake.spark.createDataFrame(ledger, tables.PASSAGES_LEDGER.ddl))


if __name__ == "__main__":
    main()
