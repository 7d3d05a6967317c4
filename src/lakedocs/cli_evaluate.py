"""`lakedocs evaluate`: measure redaction on text whose personal data a person has marked, and try recognisers on their own cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from lakedocs.cli_lake import lake_options, opened_lake
from lakedocs.errors import SettingsError
from lakedocs.keys import make_local_keys
from lakedocs.settings import load_settings, parse_overrides

if TYPE_CHECKING:
    from lakedocs.redact.evaluate.scores import Rates, Scores


@click.group()
def evaluate() -> None:
    """Measure on your own labelled data."""


@evaluate.command()
@click.option("--data", required=True, type=click.Path(exists=True, dir_okay=False), help="JSON, JSONL or columns (see below).")
@click.option("--misses", default=10, show_default=True, help="How many missed passages to show; they are shown as they are.")
@click.option("--target", default="local", show_default=True, help="Which overlay of the settings counts.")
@click.option("--overrides", default="", help='Settings in one text: "redaction.default_threshold=0.4; ...".')
def redaction(data: str, misses: int, target: str, overrides: str) -> None:
    """Score redaction: precision, recall and F2 by span and by word for each type, and direct and quasi identifiers.

    \b
    DATA holds texts with marks, as
      {"text": "...", "spans": [{"start": 0, "end": 4, "entity": "PERSON"}]}   a line each (.jsonl), or a list (.json)
      Presidio's generated sentences, the Text Anonymization Benchmark
      a word and its B-, I- or O label a line, an empty line between texts     (any other ending)
    """
    import tempfile
    from pathlib import Path

    from lakedocs.redact.evaluate.labelled import read_labelled
    from lakedocs.redact.evaluate.scores import score
    from lakedocs.redact.opened import open_redactor

    texts = read_labelled(Path(data))
    console = Console()
    with tempfile.TemporaryDirectory() as root:  # the keys of a lake play no part in what is found
        settings = load_settings(target, {**parse_overrides(overrides), "storage.root": root})
        make_local_keys(settings)
        redactor = open_redactor(settings)
        found = [redactor.findings(text.text) for text in texts]
    _show(console, score(texts, found, misses))


@evaluate.command()
@click.option("--target", default="local", show_default=True, help="Which overlay of the settings counts.")
@click.option("--overrides", default="", help='Settings in one text: "redaction.packs=[us, nl]; ...".')
def recognizers(target: str, overrides: str) -> None:
    """Try the cases that the recognisers in conf/ carry; exit status 1 when one comes out otherwise."""
    import sys

    from lakedocs.redact.evaluate.cases import failures
    from lakedocs.redact.recognizers import load_recognizers

    settings = load_settings(target, parse_overrides(overrides))
    entries = load_recognizers(settings).recognizers
    failed = [failure for entry in entries for failure in failures(settings.redaction, entry)]
    console = Console()
    if failed:
        table = Table("recogniser", "text", "found", title="Cases that came out otherwise")
        for failure in failed:
            table.add_row(*map(Text, (failure.recognizer, failure.text, ", ".join(failure.found) or "nothing")))
        console.print(table)
    cases = sum(len(entry.cases.hides) + len(entry.cases.keeps) for entry in entries)
    console.print(f"{len(entries)} recognisers, {cases} cases, {len(failed)} failed.")
    sys.exit(bool(failed))


@evaluate.command()
@click.option("--data", required=True, type=click.Path(exists=True, dir_okay=False), help="Questions (see below).")
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw the scores into this .svg, .png or .pdf file, too.")
@lake_options
def answers(data: str, figure: str | None, root: str, target: str, overrides: str) -> None:
    """Score retrieval and answers of a lake's index on questions of which you know what should be found.

    \b
    DATA holds a JSON object a line:
      {"question": "When does the lease end?", "answer": "30 September 2027"}   words that a passage with the answer must hold
      {"question": "...", "passages": ["ID", ...]}                               ids of docs.passages (`lakedocs ask --json` shows them)
    """
    from pathlib import Path

    from lakedocs.agent.opened import opened_agent
    from lakedocs.answer.evaluate import CUT, NAMES, evaluate, read_questions
    from lakedocs.embed.open import model_key, open_embedder
    from lakedocs.lakehouse.lists import list_entries
    from lakedocs.search.open import open_index

    if figure:
        from lakedocs.answer.figure import check_place, draw

        check_place(Path(figure))  # before minutes of questions
    asked = read_questions(Path(data))
    console = Console()
    with opened_lake(root, target, overrides) as (lake, settings):
        index = open_index(settings, model_key(settings.embedding))
        if not index.is_published():
            raise SettingsError("This lake has no complete index of this embedding model: run the job to its end, or name its settings.")
        embedder = open_embedder(settings.embedding, settings)
        agent = opened_agent(settings, list_entries(lake))
        scores = evaluate(track(asked, "Asking", console=console, transient=True), agent, index, embedder, settings.answer.min_support)
    table = Table(title=f"{len(asked)} questions")
    for name in ("search", f"recall@{CUT}", f"nDCG@{CUT}"):
        table.add_column(name, justify="left" if name == "search" else "right")
    for way, found in scores.retrieval.items():
        table.add_row(NAMES[way], f"{found.recall:.3f}", f"{found.ndcg:.3f}")
    console.print(table)
    told = scores.answers
    console.print(f"Answered: {told.found:.3f}; the known answer in it: {told.right:.3f}; median {told.seconds:.2f} s.", highlight=False)
    console.print(f"Citations that are relevant: {told.citation_precision:.3f}; sentences borne out: {told.groundedness:.3f}.", highlight=False)
    if scores.without_relevant:
        console.print(f"{scores.without_relevant} questions have nothing relevant among the first hits of any search.", style="yellow")
    if figure:
        draw(scores, len(asked), Path(figure))
        console.print(f"Figure: {figure}", highlight=False)


def _show(console: Console, scores: Scores) -> None:
    table = Table(title=f"{scores.texts} texts")
    for name in ("", "spans: precision", "recall", "F2", "words: precision", "recall", "F2", "marked words"):
        table.add_column(name, justify="right" if name else "left")
    for entity, words in scores.words.items():
        spans = scores.spans.get(entity)
        table.add_row(entity, *(_numbers(spans) if spans else ("", "", "")), *_numbers(words), str(words.there))
    console.print(table)
    console.print(f"Texts without any mark: {scores.false_per_1000:.2f} hidden words per 1,000.")
    if scores.entities and scores.masked:
        for kind, entities in scores.entities.items():
            console.print(f"{kind} identifiers hidden in all their mentions: {entities.recall:.3f} of {entities.there}")
        console.print(f"Words of both: precision {scores.masked.precision:.3f}, recall {scores.masked.recall:.3f}")
    if scores.misses:
        missed = Table(title="Missed, as they stand in your data")
        for name in ("type", "text", "around it"):
            missed.add_column(name)
        for miss in scores.misses:
            missed.add_row(*map(Text, (miss.entity, miss.value, miss.around)))  # as they stand: a text may look like markup
        console.print(missed)


def _numbers(rates: Rates) -> tuple[str, str, str]:
    return f"{rates.precision:.3f}", f"{rates.recall:.3f}", f"{rates.f2:.3f}"
