"""Prices, and what they come to."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from lakedocs.cli import cli
from lakedocs.errors import SettingsError
from lakedocs.job.estimate import measure
from lakedocs.services.prices import Price, embedding_price, load_prices
from lakedocs.settings import Settings, load_settings
from lakedocs.spending.estimate import Chat, Measured, lines, summary_of, summary_of_words

MODELS = ("gpt-4o", "gpt-4-turbo", "gpt-4", "gpt-3.5-turbo", "text-davinci-003", "text-embedding-3-large", "text-embedding-3-small",
          "text-embedding-ada-002", "ai-vision", "document-intelligence-layout")  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_the_shipped_prices_are_dated_and_cost_something(model: str) -> None:
    price = load_prices(load_settings("local"))[model]
    assert price.cost(1_000_000, 1_000_000, 1_000) > 0
    assert price.as_of.year > 2000


@pytest.mark.parametrize(
    ("tokens", "chat"),
    [
        (0, Chat()),
        (1, Chat(1, 1, 300)),
        (3000, Chat(1, 3000, 300)),
        (3001, Chat(2 + 1, 3001 + 600, 600 + 300)),
        (33_000, Chat(11 + 2 + 1, 33_000 + 3300 + 600, 3300 + 600 + 300)),
    ],
)
def test_a_summary_is_made_by_map_and_reduce(tokens: int, chat: Chat) -> None:
    assert summary_of(tokens) == chat


def test_words_are_four_thirds_of_a_token() -> None:
    assert summary_of_words(2250) == Chat(1, 3000, 300)


@given(st.integers(0, 10**7), st.integers(0, 10**6))
def test_more_text_never_costs_less(tokens: int, more: int) -> None:
    one, other = summary_of(tokens), summary_of(tokens + more)
    assert one.calls <= other.calls
    assert one.tokens_in <= other.tokens_in


def test_cost_and_time_follow_the_price() -> None:
    price = Price.model_validate(
        {"service": "s", "kind": "chat", "as_of": "2024-01-01", "input": 2, "output": 10, "each": 5, "tokens_per_minute": 600}
    )
    assert price.cost(500_000, 100_000, 200) == pytest.approx(1 + 1 + 1)
    assert price.seconds(calls=10, tokens=1200) == 120
    assert price.model_copy(update={"requests_per_minute": 2}).seconds(calls=10, tokens=1200) == 300
    assert price.model_copy(update={"tokens_per_minute": 0}).seconds(10, 1200) == 0


def test_each_service_has_a_line() -> None:
    measured = Measured(10, 10, 0, 12, 1, 100, 30_000, 80, 24_000, Chat(12, 30_000, 3600), 7, 3)
    found = {line.model: line for line in lines(measured, load_prices(load_settings("local")), batch_tokens=8192)}
    assert tuple(found) == (*MODELS[5:8], *MODELS[:5], *MODELS[8:])
    large = found["text-embedding-3-large"]
    assert (large.calls, large.tokens_in, large.cost) == (3, 24_000, pytest.approx(24_000 * 0.13 / 1e6))
    assert (found["ai-vision"].calls, found["document-intelligence-layout"].calls) == (7, 3)


def test_a_sample_is_raised_to_all_files_by_their_size(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.csv").write_text(f"topic;remark\n{number};the rent of building {number} is due in May\n" * 5, encoding="utf-8")
    (tmp_path / "empty.txt").write_text("", encoding="utf-8")
    settings = load_settings("local", {"source.path": str(tmp_path)})
    whole, sampled = measure(settings, 100), measure(settings, 10)
    assert (whole.files, whole.files_read, sampled.files_read) == (41, 41, 10)
    assert (whole.documents, whole.unreadable) == (41, 1)
    assert sampled.distinct_tokens == pytest.approx(whole.distinct_tokens, rel=0.1)


def test_pages_are_counted_for_who_reads_them(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"))
    canvas.drawImage(ImageReader(Image.new("RGB", (60, 60), "blue")), 60, 500, 60, 60)
    canvas.showPage()
    canvas.drawString(72, 700, "A page of text, with lines.")
    canvas.setLineWidth(0.5)
    canvas.grid([72, 200, 330], [600 - 20 * number for number in range(8)])
    for number in range(7):
        canvas.drawString(80, 586 - 20 * number, f"Office {number}")
        canvas.drawString(210, 586 - 20 * number, f"{number}00 EUR")
    canvas.save()

    def counted(layout: str) -> tuple[int, int]:
        measured = measure(load_settings("local", {"source.path": str(tmp_path), "vision.layout": layout}), 10)
        return measured.images, measured.pages

    assert {layout: counted(layout) for layout in ("none", "scans", "tables", "both")} == {
        "none": (1, 0), "scans": (0, 1), "tables": (1, 1), "both": (0, 2)
    }  # fmt: skip


def test_commands_print_models_and_refuse_half_a_question(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    words = CliRunner().invoke(cli, ["estimate", "--words", "200000"])
    assert words.exit_code == 0, words.output
    assert "gpt-3.5-turbo" in words.output
    chosen = "embedding.engine=azure_openai; embedding.model=text-embedding-3-small; vision.layout=scans"
    folder = CliRunner().invoke(cli, ["estimate", "--source", str(tmp_path), "--overrides", chosen])
    assert folder.exit_code == 0, folder.output
    assert "* text-embedding-3-small" in folder.output
    assert "* document-intelligence" in folder.output
    assert "* ai-vision" not in folder.output
    assert CliRunner().invoke(cli, ["estimate"]).exit_code == 2
    assert CliRunner().invoke(cli, ["estimate", "--source", str(tmp_path), "--words", "3"]).exit_code == 2


def test_a_budget_needs_a_price(tmp_path: Path) -> None:
    def settings(**changes: object) -> Settings:
        return load_settings("local", {"embedding.engine": "azure_openai", "embedding.model": "m", **changes})

    unpriced = embedding_price(settings(), settings().embedding)
    assert unpriced
    assert unpriced.cost(1_000_000) == 0
    with pytest.raises(SettingsError):
        embedding_price(settings(**{"spending.budget": 1}), settings().embedding)
    assert embedding_price(load_settings("local", {"spending.budget": 1}), load_settings("local").embedding) is None
    served = load_settings("local", {"embedding.engine": "serving", "embedding.endpoint": "x"}).embedding
    with pytest.raises(SettingsError):
        embedding_price(settings(**{"spending.budget": 1}), served)
    with pytest.raises(SettingsError):
        load_prices(settings(**{"spending.prices": "none.yml"}))
