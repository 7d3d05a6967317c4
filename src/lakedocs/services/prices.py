"""Prices as data: conf/prices.yml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from lakedocs.errors import SettingsError
from lakedocs.services.options import EmbeddingSettings
from lakedocs.services.rates import UNLIMITED, Rate, SharedRate
from lakedocs.settings import Settings

_MILLION, _THOUSAND = 1_000_000, 1_000


class Price(BaseModel):
    """What a model or service costs, in US dollars, and how fast it may be asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    kind: Literal["chat", "embedding", "image", "page"]
    as_of: date = Field(description="On which day the price was so.")
    input: float = Field(0, ge=0, description="Of a million tokens that go in.")
    output: float = Field(0, ge=0, description="Of a million tokens that come out.")
    each: float = Field(0, ge=0, description="Of a thousand images or pages.")
    tokens_per_minute: int = Field(0, ge=0, description="0: no limit.")
    requests_per_minute: int = Field(0, ge=0, description="0: no limit.")

    def cost(self, tokens_in: int = 0, tokens_out: int = 0, items: int = 0) -> float:
        """US dollars."""
        return (tokens_in * self.input + tokens_out * self.output) / _MILLION + items * self.each / _THOUSAND

    def seconds(self, calls: int, tokens: int = 0) -> float:
        """The least time that the limits leave for so many calls and tokens, 0 where there is no limit."""
        by_requests = calls * 60 / self.requests_per_minute if self.requests_per_minute else 0.0
        return max(by_requests, tokens * 60 / self.tokens_per_minute if self.tokens_per_minute else 0.0)


_UNKNOWN = Price(service="unknown", kind="embedding", as_of=date.min)
"""Tokens are counted all the same."""


class _PriceFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    models: dict[str, Price]


def load_prices(settings: Settings) -> Mapping[str, Price]:
    """The price of each model by its name.

    Raises:
        SettingsError: when the file is not there, or says what can't be.
    """
    path: Path = settings.conf_file(settings.spending.prices)
    try:
        return _PriceFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).models
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"{path.name} can't be used: {error}") from error


def shared_rate(price: Price | None, workers: int, largest: int) -> Rate:
    """What one of so many workers may ask of a deployment of a model; `largest`: tokens of the largest call."""
    if price is None or not (price.requests_per_minute or price.tokens_per_minute):
        return UNLIMITED
    return SharedRate(price.requests_per_minute, price.tokens_per_minute, workers, largest)


def embedding_price(settings: Settings, chosen: EmbeddingSettings) -> Price | None:
    """What an embedding model costs by the token, nothing where the file has no price for it; none where nobody is paid by the token.

    Raises:
        SettingsError: when a budget is set that can't be kept.
    """
    budget = settings.spending.budget
    if budget and chosen.engine == "serving":
        raise SettingsError("A serving endpoint is paid by the hour: `budget` can't bound it. Set it to 0.")
    if chosen.engine != "azure_openai":
        return None
    price = load_prices(settings).get(chosen.model)
    if price is None and budget:
        raise SettingsError(f"A budget is set, but {settings.spending.prices} has no price for {chosen.model}: add it.")
    return price or _UNKNOWN


def chat_price(settings: Settings) -> Price | None:
    """What the chat model costs by the token, nothing where the file has no price for it; none where there is no such model.

    Raises:
        SettingsError: when a budget is set that can't be kept.
    """
    chosen, budget = settings.chat, settings.spending.budget
    if chosen.engine == "none":
        return None
    price = load_prices(settings).get(chosen.model)
    if budget and (price is None or chosen.engine == "serving"):
        raise SettingsError(
            f"A budget is set, but {settings.spending.prices} has no price by the token for {chosen.model}: add it, or set `budget` to 0."
        )
    return _UNKNOWN if price is None or chosen.engine == "serving" else price
