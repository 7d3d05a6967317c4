"""`lakedocs`: the command line on a laptop, and the entry point of the wheel on a cluster."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table

from lakedocs import __version__
from lakedocs.cli_estimate import estimate
from lakedocs.cli_evaluate import evaluate
from lakedocs.cli_lists import lists
from lakedocs.cli_models import models
from lakedocs.cli_review import review
from lakedocs.cli_vault import reveal, vault
from lakedocs.errors import LakedocsError, SettingsError
from lakedocs.keys import make_local_keys
from lakedocs.redact.entities import check_entities
from lakedocs.settings import Settings, load_settings, parse_overrides

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lakedocs.job.local import Ended, Finished, Host, LocalRun
    from lakedocs.lakehouse.stage import Figures
    from lakedocs.settings import Storage

_ASK_TASK = "10_agent_query"
_root_option = click.option(
    "--root", default=".lakedocs", show_default=True, type=click.Path(file_okay=False), help="Folder for tables, index, keys and report."
)
_spark_option = click.option(
    "--spark", "spark_url", default="local[*]", show_default=True,
    help="local[N], spark://HOST:PORT of a standalone cluster, or sc://HOST:PORT of a Spark Connect server.",
)  # fmt: skip
_memory_option = click.option("--driver-memory", default="1000m", show_default=True, help="Memory of Spark's Java process.")
_param_option = click.option(
    "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A job parameter, as in the job file; may be repeated."
)
_only_option = click.option("--only", multiple=True, metavar="TASK", help="Run this task alone; may be repeated.")
_from_option = click.option("--from", "start_at", default="", metavar="TASK", help="Run this task and those after it.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__)
def cli() -> None:
    """Turn a lake of office documents into a redacted, labelled, searchable index that answers with citations.

    Start with `lakedocs run --source FOLDER`, then `lakedocs ask "..."`.
    """


@cli.command()
@click.option("--source", required=True, type=click.Path(exists=True, file_okay=False), help="Folder of documents.")
@_root_option
@_param_option
@_only_option
@_from_option
@_spark_option
@_memory_option
def run(source: str, root: str, parameters: tuple[str, ...], only: tuple[str, ...], start_at: str, spark_url: str, driver_memory: str) -> None:
    """Run the job's ten tasks on a folder of documents, on this machine.

    A second run does only what is new. Exit status 0 means that every task succeeded.

    \b
    Examples:
      lakedocs run --source ~/documents
      lakedocs run --source ~/documents --param question="Who signed the lease?"
      lakedocs run --source ~/documents --param overrides="redaction.default_threshold=0.6"
      lakedocs run --source ~/documents --from 06_redact_pii
    """
    from pathlib import Path

    from lakedocs.job.local import LocalRun

    wanted = LocalRun(str(Path(source).absolute()), str(Path(root).absolute()), _pairs(parameters), only, start_at)
    _run(wanted, spark_url, driver_memory, Console())


@cli.group(invoke_without_command=True)
@_root_option
@_param_option
@_only_option
@_from_option
@_spark_option
@_memory_option
@click.pass_context
def train(
    context: click.Context, root: str, parameters: tuple[str, ...], only: tuple[str, ...], start_at: str, spark_url: str, driver_memory: str
) -> None:
    """Train the classifiers on labelled examples, compare them, and make the best one champion.

    The examples come from conf/training_examples.jsonl, or from files that training.examples names, and from people's
    corrections in raw.label_reviews. Afterwards 07 uses the champion with classification.method=champion.

    \b
    Examples:
      lakedocs train
      lakedocs train --param overrides="training.examples=[/data/labelled.csv]"
      lakedocs train sample --number 200 to_label.csv
      lakedocs run --source ~/documents --param overrides="classification.method=champion"
    """
    from pathlib import Path

    if context.invoked_subcommand:
        names = {str(option.name): option.opts[0] for option in context.command.params}
        if given := [names[name] for name in context.params if context.get_parameter_source(name) is not ParameterSource.DEFAULT]:
            raise click.UsageError(f"Put {given[0]} after {context.invoked_subcommand}: before it, it would not count.")
        return
    from lakedocs.job.local import TRAINING, LocalRun, run_training

    console = Console()
    wanted = LocalRun("", str(Path(root).absolute()), _pairs(parameters), only, start_at, job=TRAINING)
    trained = run_training(wanted, _opener(spark_url, driver_memory), _invoke, console)
    if trained.results:
        table = Table(box=None, pad_edge=False)
        for name in ("model", "accuracy", "95 % interval", "macro F1"):
            table.add_column(name, justify="left" if name == "model" else "right")
        for model, (accuracy, low, high, macro_f1) in trained.results.models.items():
            table.add_row(model, f"{accuracy:.3f}", f"{low:.3f}-{high:.3f}", f"{macro_f1:.3f}")
        console.print(table)
        console.print(f"\n{trained.results.verdict}", markup=False, highlight=False)
        console.print(f"Report: {trained.report}", highlight=False, soft_wrap=True, markup=False)
    _print_failures(trained, console)
    if not trained.succeeded:
        raise SystemExit(1)


@train.command()
@click.argument("output", type=click.Path(dir_okay=False))
@_root_option
@click.option("--number", default=100, show_default=True, type=click.IntRange(min=1), help="How many passages.")
@click.option("--overrides", default="", help='Settings in one text: "a.b=1; c.d=2"; those that the documents were labelled with.')
@_spark_option
@_memory_option
def sample(output: str, root: str, number: int, overrides: str, spark_url: str, driver_memory: str) -> None:
    """Write the passages most worth labelling to OUTPUT, a CSV: unsure ones, and unlike each other.

    Fill in its column `label`, then name the file in training.examples.
    """
    from pathlib import Path

    from lakedocs.job.local import sole_run
    from lakedocs.lakehouse.lake import Lake
    from lakedocs.train.sample import write_sample

    settings = load_settings("local", {**parse_overrides(overrides), "storage.root": str(Path(root).absolute())})
    if Path(output).exists():
        raise SettingsError(f"{Path(output).name} is there already, perhaps with labels that a person filled in; choose another name.")
    with sole_run(settings.storage):
        lake = Lake(_opener(spark_url, driver_memory)(settings.storage), settings.storage)
        written = write_sample(lake, settings, number, Path(output))
    click.echo(f"{written:,} passages to label in {output}")


@cli.command()
@click.argument("question")
@_root_option
@_spark_option
@_memory_option
@click.option("--overrides", default="", help='Settings in one text: "a.b=1; c.d=2"; those that the run had, or the question is redacted otherwise.')
@click.option("--group", "groups", multiple=True, help="Only from documents that this group may read (search.groups); may be repeated.")
@click.option("--label", "labels", multiple=True, help="Only from passages with this label; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as one JSON object, with the ids of what it cites.")
def ask(
    question: str,
    root: str,
    spark_url: str,
    driver_memory: str,
    overrides: str,
    groups: tuple[str, ...],
    labels: tuple[str, ...],
    as_json: bool,
) -> None:
    """Ask a question of the index that a run has made."""
    from pathlib import Path

    from lakedocs.job.local import LocalRun

    where = Path(root).absolute()
    if not (where / "warehouse").is_dir():
        raise SettingsError("There is no index yet: start with `lakedocs run --source FOLDER` (and the same --root).")
    for name, values in (("groups", groups), ("labels", labels)):
        if values:
            overrides += f"; answer.{name}={json.dumps(values)}"
    wanted = LocalRun("", str(where), {"question": question, "ask": "true", "overrides": overrides}, only=(_ASK_TASK,))
    _run(wanted, spark_url, driver_memory, Console(quiet=as_json), as_json=as_json, answer_only=True)


@cli.command()
@click.argument("key")
@click.option("--target", default="local", show_default=True, help="local, dev, staging or prod: which overlay of the settings counts.")
@click.option("--run-id", default="manual", show_default=True, help="Identifies the run in every row that it writes.")
@click.option("--set", "assignments", multiple=True, metavar="SETTING=VALUE", help="A setting, as section.name=value; may be repeated.")
@click.option("--overrides", default="", help='More settings in one text: "a.b=1; c.d=2".')
@click.option("--conf", default="", help="Folder with pipeline.yml; default: the one in the wheel.")
@click.pass_obj
def task(host: Host | None, key: str, target: str, run_id: str, assignments: tuple[str, ...], overrides: str, conf: str) -> Figures:
    """Run one task by its KEY, as the job file's tasks do on a cluster.

    \b
    Example:
      lakedocs task 06_redact_pii --set storage.root=.lakedocs
    """
    from lakedocs.lakehouse.lake import Lake
    from lakedocs.lakehouse.session import clear_work, session_for
    from lakedocs.lakehouse.shell import run_task
    from lakedocs.lakehouse.stage import TaskContext
    from lakedocs.lakehouse.summary import summarise
    from lakedocs.lakehouse.tracking import record_run
    from lakedocs.tasks import TASKS, task_function

    settings = load_settings(target, {**_pairs(assignments), **parse_overrides(overrides)}, conf)
    settings.check_services(searches=key in TASKS)
    check_entities(settings)
    function = task_function(key)
    if host is None and settings.target == "local":
        make_local_keys(settings)
    with _alone(host, settings):
        clear_work(settings.storage)
        spark = host.spark if host else session_for(settings)
        host_only = {"announce": host.announce, "hear": host.hear} if host else {"announce": _log_total(key)}
        lake = Lake(spark, settings.storage)
        try:
            figures = run_task(TaskContext(spark, lake, settings, key, run_id, **host_only), function)
        except LakedocsError:
            if host is None and key in TASKS:
                record_run(settings, summarise(lake, run_id), failed=True)
            raise
    if host is None:
        if key == TASKS[-1]:
            record_run(settings, summarise(lake, run_id), failed=False)
        click.echo(json.dumps({"task": key, "done": figures.stale, "kept": figures.kept, "removed": figures.gone, "refused": figures.refused}))
    return figures


@cli.command()
@click.option("--root", default="", help="The folder of a local run; default: .lakedocs.")
@click.option("--target", default="local", show_default=True)
@click.option("--set", "assignments", multiple=True, metavar="SETTING=VALUE", help="A setting, as section.name=value; may be repeated.")
@click.option("--overrides", default="", help='More settings in one text: "a.b=1; c.d=2".')
@click.option("--conf", default="", help="Folder with pipeline.yml; default: the one in the wheel.")
@click.pass_obj
def maintain(host: Host | None, root: str, target: str, assignments: tuple[str, ...], overrides: str, conf: str) -> None:
    """Compact the tables, purge what retention says, vacuum, clean the index: the maintenance job's command."""
    from pathlib import Path

    from lakedocs.lakehouse.lake import Lake
    from lakedocs.lakehouse.maintenance import maintain_lake
    from lakedocs.lakehouse.session import clear_work, session_for

    place = {"storage.root": str(Path(root).absolute())} if root else {}
    settings = load_settings(target, {**place, **_pairs(assignments), **parse_overrides(overrides)}, conf)
    with _alone(host, settings):
        clear_work(settings.storage)
        spark = host.spark if host else session_for(settings)
        for line in maintain_lake(Lake(spark, settings.storage), settings):
            click.echo(line)


cli.add_command(models)
cli.add_command(evaluate)
cli.add_command(estimate)
cli.add_command(lists)
cli.add_command(reveal)
cli.add_command(review)
cli.add_command(vault)


def _run(wanted: LocalRun, spark_url: str, driver_memory: str, console: Console, *, as_json: bool = False, answer_only: bool = False) -> None:
    from lakedocs.job.local import run_documents

    finished = run_documents(wanted, _opener(spark_url, driver_memory), _invoke, console)
    if as_json:
        for answer in finished.summary.answers:
            click.echo(answer.answer_json)
    else:
        _print_end(finished, console, answer_only=answer_only)
    if not finished.succeeded:
        raise SystemExit(1)


def _opener(spark_url: str, driver_memory: str) -> Callable[[Storage], SparkSession]:
    def open_session(storage: Storage) -> SparkSession:
        from lakedocs.lakehouse.session import open_session as opened

        return opened(storage, spark_url, driver_memory=driver_memory)

    return open_session


def _invoke(arguments: Sequence[str], host: Host) -> object:
    return cli.main(args=list(arguments), prog_name="lakedocs", standalone_mode=False, obj=host)


def _print_failures(ended: Ended, console: Console) -> None:
    for outcome in ended.outcomes:
        if outcome.state.is_failure:
            console.print(f"{outcome.task_key} {outcome.state}: {outcome.error}", style="red", markup=False, highlight=False)


def _print_end(finished: Finished, console: Console, *, answer_only: bool) -> None:
    summary = finished.summary
    if not answer_only:
        console.print("\nFiles and attachments", style="bold")
        table = Table(box=None, pad_edge=False)
        statuses = sorted({status for _, status in summary.statuses}, key=lambda status: (status != "ok", status))
        table.add_column("kind")
        for status in statuses:
            table.add_column(status, justify="right")
        for kind in sorted({kind for kind, _ in summary.statuses}):
            table.add_row(kind, *(str(summary.statuses.get((kind, status), "")) for status in statuses))
        console.print(table)
        hidden = sum(summary.entities.values())
        console.print(f"{summary.passages:,} passages, {hidden:,} pieces of personal data hidden, {summary.images:,} images.", highlight=False)
    for entry in summary.answers:
        _print_answer(json.loads(entry.answer_json), console)
    _print_failures(finished, console)
    if not answer_only:
        console.print(f"\nReport: {finished.report}", highlight=False, soft_wrap=True, markup=False)


def _print_answer(answer: dict[str, Any], console: Console) -> None:
    console.print(f"\nQ: {answer['question']}", markup=False, highlight=False, style="bold")
    console.print(f"A: {answer['text']}", markup=False, highlight=False)
    for citation in answer["citations"]:
        place = f", {citation['place']}" if citation["place"] else ""
        console.print(f"   [{citation['number']}] {citation['title']}{place}", markup=False, highlight=False)
    if answer["withheld"]:
        console.print(f"   Withheld, because no passage bears them out: {answer['withheld']} of the language model's statements.", style="yellow")
    for follow_up in answer["follow_ups"]:
        console.print(f"   ask next: {follow_up}", markup=False, highlight=False, style="dim")


def _alone(host: Host | None, settings: Settings) -> AbstractContextManager[None]:
    """Holds the lake where no runner and no job queue does."""
    if host is not None or settings.target != "local":
        return nullcontext()
    from lakedocs.job.local import sole_run

    return sole_run(settings.storage)


def _log_total(key: str) -> Any:
    return lambda units: click.echo(f"{key}: {units:,} to do")


def _pairs(assignments: Sequence[str]) -> dict[str, str]:
    found = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise SettingsError("A value is given as NAME=VALUE.")
        found[name.strip()] = value
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; returns on success, for a cluster counts any `sys.exit` as a failure."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    warnings.simplefilter("ignore")
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name="lakedocs", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped; finished work is kept, run again to go on.", err=True)
        sys.exit(130)
    except LakedocsError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)
