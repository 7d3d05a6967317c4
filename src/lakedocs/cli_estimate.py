"""`lakedocs estimate`: what outside services would take, before they do."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Column, Table

from lakedocs.settings import Settings, load_settings, parse_overrides

if TYPE_CHECKING:
    from lakedocs.spending.estimate import Line, Measured


_FIGURES = ("calls", "tokens in", "tokens out", "US dollars", "minutes")


@click.command()
@click.option("--source", type=click.Path(exists=True, file_okay=False), help="Folder of documents.")
@click.option("--words", type=click.IntRange(min=1), help="Instead: one document of so many words, summarised by each language model.")
@click.option("--sample", default=200, show_default=True, type=click.IntRange(min=1), help="Files of each kind that are read.")
@click.option("--target", default="local", show_default=True, help="Which overlay of the settings counts.")
@click.option("--overrides", default="", help='Settings in one text: "embedding.engine=azure_openai; ...".')
def estimate(source: str | None, words: int | None, sample: int, target: str, overrides: str) -> None:
    """Say what outside services would cost for a folder, and how long their limits make it take, before anything is sent to them.

    Files are read here, and nothing of them leaves this machine; of many, a sample is, and the rest is raised from it. Prices are those of
    conf/prices.yml, and minutes the least that the limits there allow. A run pays for what is new only, and only for the services that
    its settings choose: those have a star.

    \b
    Examples:
      lakedocs estimate --source ~/documents
      lakedocs estimate --words 200000
    """
    if (source is None) == (words is None):
        raise click.UsageError("Pass --source DIR or --words NUMBER.")
    from lakedocs.services.prices import load_prices
    from lakedocs.spending.estimate import chat_lines, lines, summary_of_words

    settings = load_settings(target, {**parse_overrides(overrides), **({"source.path": source} if source else {})})
    prices = load_prices(settings)
    console = Console()
    if words:
        _print(console, chat_lines(summary_of_words(words), "1 document summarised", prices), set())
    else:
        measured = _measured(settings, sample)
        console.print(_told(measured))
        _print(console, lines(measured, prices, settings.embedding.batch_tokens), _chosen(settings))
    dates = sorted(price.as_of for price in prices.values())
    console.print(f"List prices in US dollars of {dates[0]} to {dates[-1]} ({settings.spending.prices}); mend them to yours.", style="dim")


def _measured(settings: Settings, sample: int) -> Measured:
    from rich.progress import track

    from lakedocs.job.estimate import measure

    def watched(files: list[tuple[str, int]]) -> Iterable[tuple[str, int]]:
        return track(files, "reading", console=Console(stderr=True), transient=True)

    return measure(settings, sample, watched)


def _told(measured: Measured) -> str:
    read = f"{measured.files:,} files" + (f", {measured.files_read:,} of them read" if measured.files_read < measured.files else "")
    return (
        f"{read}, {measured.unlisted:,} that can't be listed: {measured.documents:,} documents, attachments included, {measured.unreadable:,} of "
        f"them without text; {measured.passages:,} passages of "
        f"{measured.tokens:,} tokens, {measured.distinct_passages:,} different ones of {measured.distinct_tokens:,}."
    )


def _chosen(settings: Settings) -> set[str]:
    from lakedocs.vision.open import LAYOUT_PRICE, PRICE

    models = (settings.embedding, settings.classification.model)
    vision = settings.vision
    readers = {PRICE: vision.engine == "azure_ai_vision", LAYOUT_PRICE: vision.layout != "none"}
    return {model.model for model in models if model.engine == "azure_openai"} | {name for name, is_chosen in readers.items() if is_chosen}


def _print(console: Console, found: Iterable[Line], chosen: set[str]) -> None:
    for work, of_work in groupby(found, key=lambda line: line.work):
        table = Table(
            Column("model", no_wrap=True), *(Column(name, justify="right") for name in _FIGURES), title=work, title_justify="left", title_style="bold"
        )
        for line in of_work:
            table.add_row(
                f"* {line.model}" if line.model in chosen else line.model, f"{line.calls:,}", f"{line.tokens_in:,}",
                f"{line.tokens_out:,}", f"{line.cost:,.4f}", f"{line.seconds / 60:,.1f}",
            )  # fmt: skip
        console.print(table)
