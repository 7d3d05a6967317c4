"""Recognisers as data: conf/recognizers.yml and packs by country name Presidio's own and define new ones by pattern; no code is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tldextract
import yaml
from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer
from presidio_analyzer import predefined_recognizers as predefined
from pydantic import BaseModel, ConfigDict, Field, model_validator

from lakedocs.errors import SettingsError
from lakedocs.redact.checksum import ChecksumRecognizer
from lakedocs.redact.gates import GatedRegistry, SpokenRecognizer, gated
from lakedocs.redact.packs import recognizer_files
from lakedocs.redact.pan import ReorderedPanRecognizer
from lakedocs.redact.phone import CellwisePhoneRecognizer
from lakedocs.settings import Settings

_DROP_INS = {"PhoneRecognizer": CellwisePhoneRecognizer, "InPanRecognizer": ReorderedPanRecognizer}
"""Of the same findings, only faster."""


class PatternData(BaseModel):
    """One regular expression and the score of its matches before context."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    regex: str
    score: float = Field(ge=0, le=1)


class Cases(BaseModel):
    """Texts that show what a recogniser is for: `hides` with what it finds in brackets, `keeps` with nothing to find."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    hides: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()


class RecognizerData(BaseModel):
    """A recogniser: Presidio's own by class name, or an entity with patterns or words of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = ""
    predefined: str = Field("", description="Class in presidio_analyzer.predefined_recognizers.")
    entity: str = ""
    patterns: tuple[PatternData, ...] = ()
    words: tuple[str, ...] = Field((), description="Words that are always this entity.")
    context: tuple[str, ...] = ()
    checksum: str = Field("", description="Module of python-stdnum, nl.bsn.")
    digits: int = Field(0, ge=0, description="The fewest digits that a match has; texts with fewer are not looked at.")
    contains: tuple[str, ...] = Field((), description="One of these stands in every text with a match; others are not looked at.")
    languages: tuple[str, ...] = Field((), description="ISO 639-1. In a text of another, only where a context word stands; none: in all.")
    cases: Cases = Cases()
    options: dict[str, Any] = Field(default_factory=dict, description="Keyword arguments of a predefined class.")
    enabled: bool = True

    @model_validator(mode="after")
    def _words_stand_alone(self) -> RecognizerData:
        if self.words and (self.checksum or self.digits):
            raise ValueError("words have no checksum and no digits: give them an entry of their own")
        return self

    @property
    def title(self) -> str:
        """Its name in the audit."""
        return self.name or self.predefined or f"{self.entity.title().replace('_', '')}Recognizer"


class ColumnData(BaseModel):
    """Headers of table columns that hold an entity: `certain` ones whatever the cells look like, `likely` ones if some cells look so."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    entity: str
    certain: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()


class RecognizerFile(BaseModel):
    """The whole of conf/recognizers.yml, or of a pack."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    languages: tuple[str, ...] = Field((), description="Those of all recognisers that name none of their own.")
    recognizers: tuple[RecognizerData, ...]
    columns: tuple[ColumnData, ...] = ()


def load_recognizers(settings: Settings) -> RecognizerFile:
    """The recognisers of these settings, those of the packs after the others.

    Raises:
        SettingsError: naming what is wrong where.
    """
    files = [_load(path) for path in recognizer_files(settings)]
    return RecognizerFile(
        recognizers=tuple(entry.model_copy(update={"languages": entry.languages or file.languages}) for file in files for entry in file.recognizers),
        columns=tuple(column for file in files for column in file.columns),
    )


def _load(path: Path) -> RecognizerFile:
    try:
        return RecognizerFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"{path.name} can't be used: {error}") from error


def registry(data: RecognizerFile, language: str, names: EntityRecognizer | None, *, is_plain: bool = False) -> GatedRegistry:
    """A registry with the enabled recognisers, and the one that finds names by a model, if there is one.

    Args:
        is_plain: Presidio's own classes without conditions before them: the same findings, only slower, to compare with.

    Raises:
        SettingsError: when a predefined class is unknown, or a recogniser has neither class, patterns nor words.
    """
    _never_download_suffixes()
    found = GatedRegistry(recognizers=[], supported_languages=[language])
    for entry in data.recognizers:
        if entry.enabled:
            recognizer = _plain(entry, language) if is_plain else _quick(entry, language)
            found.add_recognizer(SpokenRecognizer(recognizer, entry.languages) if entry.languages else recognizer)
    if names is not None:
        found.add_recognizer(names)
    return found


def _quick(entry: RecognizerData, language: str) -> EntityRecognizer:
    return gated(_plain(entry, language, _DROP_INS), entry.digits, entry.contains)


def _plain(entry: RecognizerData, language: str, drop_ins: Mapping[str, type[EntityRecognizer]] = MappingProxyType({})) -> EntityRecognizer:
    if entry.predefined:
        kind = drop_ins.get(entry.predefined) or getattr(predefined, entry.predefined, None)
        if kind is None:
            raise SettingsError(f"Presidio has no recogniser {entry.predefined}.")
        options = dict(entry.options)
        if entry.context:
            options["context"] = list(entry.context)
        try:
            return kind(supported_language=language, **options)
        except TypeError as error:
            raise SettingsError(f"{entry.predefined} does not take these options.") from error
    if not entry.entity or not (entry.patterns or entry.words):
        raise SettingsError("A recogniser needs a predefined class, or an entity with patterns or words.")
    patterns = [Pattern(p.name, p.regex, p.score) for p in entry.patterns]
    if entry.checksum:
        return ChecksumRecognizer(entry.entity, entry.title, language, patterns, entry.context, entry.checksum)
    return PatternRecognizer(
        supported_entity=entry.entity, name=entry.title, supported_language=language, patterns=patterns or None,
        deny_list=list(entry.words) or None, context=list(entry.context) or None,
    )  # fmt: skip


def _never_download_suffixes() -> None:
    """Presidio's e-mail recogniser asks tldextract, whose default is to fetch a list at the first look-up."""
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
