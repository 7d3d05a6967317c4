"""Sentences, table rows, mail headers and headings made for the training, with names from many countries (Faker)."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from faker import Faker
from scripts.ner.examples import NAMES, Builder, Example
from unidecode import unidecode

LOCALES = (
    "en_US", "en_GB", "en_IN", "en_IE", "nl_NL", "nl_BE", "de_DE", "de_AT", "fr_FR", "fr_BE", "es_ES", "es_MX", "it_IT", "pt_PT", "pt_BR", "pl_PL",
    "cs_CZ", "sv_SE", "da_DK", "no_NO", "fi_FI", "tr_TR", "hu_HU", "ro_RO", "hr_HR", "id_ID",
)  # fmt: skip
_SLOT = re.compile(r"\{(\w+)\}")

_DATA = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
SENTENCES: dict[str, list[str]] = _DATA["sentences"]
FILLERS: list[str] = _DATA["fillers"]
PLAIN: list[str] = _DATA["plain"]
ALONE: list[str] = _DATA["alone"]
WEB: list[str] = _DATA["web"]
_PLACES = re.compile(
    r"\b(?:Antwerp|Leiden|Utrecht|Madrid|Rotterdam|Brussels|Breda|Zwolle|Bremen|Köln|Valencia|Sevilla|Europe|Europa)\b"
    r"|(?<=European )Union\b|(?<=Europese )Unie\b"
)
"""All that the shipped training examples name."""
COLUMNS = [tuple(column.split(" = ")) for column in _DATA["columns"]]
_HEADERS = ("From", "To", "Cc", "Sent by", "Author", "Last modified by", "Reply-To", "Attendees", "Manager")


class Maker:
    """Makes examples; the same seed makes the same ones."""

    def __init__(self, seed: int, running: dict[str, list[str]]) -> None:
        self._random = random.Random(seed)
        self._running = running
        self._fakers = [Faker(locale) for locale in LOCALES]
        for faker in self._fakers:
            faker.seed_instance(seed)

    def examples(self, number: int) -> Iterator[Example]:
        """That many, of all kinds."""
        kinds = (self._sentence, self._row, self._headers, self._alone, self._filler, self._running_text, self._web)
        weights = (4, 1, 1, 1, 2, 1.5, 1.5)
        for _ in range(number):
            builder = Builder()
            self._random.choices(kinds, weights)[0](builder)
            yield Example(builder.text, tuple(builder.spans), NAMES | {"DATE_TIME"}, "made")

    def person(self) -> str:
        """A name in one of the ways in which people write one."""
        pick, faker = self._random, self._faker()
        first, last = self._first(faker), self._last(faker)
        return pick.choices(
            (
                f"{first} {last}", f"{first} {pick.choice('ABCDEFGHJKLMNPRSTVW')}. {last}", f"{first[0]}. {last}",
                f"{first[0]}.{pick.choice('ABCDEHJLMPRSTW')}. {last}", f"{last}, {first}", f"{last}, {first[0]}.",
                f"{first} {self._first(faker)} {last}",
                f"{first} {last}-{self._last(faker)}", f"{last.upper()}, {first}",
                f"{first} {last.upper()}", f"{first} {last}".upper(), f"{first} {last}".lower(),
            ),
            (40, 6, 8, 4, 8, 3, 5, 4, 3, 3, 5, 3),
        )[0]  # fmt: skip

    def user(self) -> str:
        """A user name of a person, made of their name."""
        pick, faker = self._random, self._faker()
        first, last = (re.sub(r"\W", "", unidecode(name)) for name in (faker.first_name(), faker.last_name()))
        number = pick.choice(("", "", str(pick.randint(1, 99)), str(pick.randint(1950, 2012))))
        name = pick.choice(
            (f"{first}{last}", f"{first}{last}", f"{first}_{last}", f"{first[0]}{last}", first, last, f"the{first}", f"{first}{last[0]}")
        )
        return f"{name if pick.random() < 0.5 else name.lower()}{number}"

    def nobody(self) -> str:
        """A user name that names no person."""
        words = [word.capitalize() for word in re.findall("[A-Za-z]+", " ".join(self._random.sample(PLAIN, 2)))][:3]
        name = "".join(words)
        return self._random.choice((name, name.lower(), "".join(word[0] for word in words) + self._random.choice(("News", "TV", "HQ", "uk"))))

    def last(self) -> str:
        return self._last(self._faker())

    def _faker(self) -> Faker:
        return self._random.choice(self._fakers)

    def _first(self, faker: Faker) -> str:
        return self._plain(faker.first_name())

    def _last(self, faker: Faker) -> str:
        return self._plain(faker.last_name())

    def _plain(self, text: str) -> str:
        return unidecode(text) if self._random.random() < 0.3 else text

    def slot(self, kind: str) -> tuple[str, str]:
        """A text for a slot, and its entity."""
        pick, faker = self._random, self._faker()
        if kind == "p":
            return self.person(), "PERSON"
        if kind in "fl":
            return (self._first(faker) if kind == "f" else self._last(faker)), "PERSON"
        if kind == "u":
            return self.user(), "PERSON"
        if kind == "b":
            return self.nobody(), ""
        if kind == "k":
            return pick.choice(_DATA["identifiers"]), ""
        if kind == "c":
            return self._plain(faker.city()), "LOCATION"
        if kind == "n":
            return pick.choice((faker.current_country, self._fakers[0].country))(), "LOCATION"
        if kind == "a":
            whole = self._plain(faker.address())
            street = self._plain(faker.street_address())
            return pick.choice((whole.replace("\n", ", "), whole, street, street, street.upper())), "LOCATION"
        if kind == "o":
            firm, body = pick.choice(_DATA["legal_forms"]), pick.choice(_DATA["bodies"])
            name = pick.choice((faker.company(), faker.company(), f"{self._last(faker)} {firm}", f"{faker.city()} {body}"))
            return self._plain(name if pick.random() < 0.92 else name.upper()), "ORGANIZATION"
        if kind == "d":
            return faker.date(pick.choice(("%d %B %Y", "%Y-%m-%d", "%d/%m/%Y", "%B %d, %Y", "%d.%m.%Y", "%d %b %y", "%B %Y"))), "DATE_TIME"
        if kind == "x":
            plain = pick.choice(PLAIN)
            return pick.choice((plain, plain, plain.upper(), plain.lower())), ""
        made = {
            "i": lambda: str(pick.randint(1, 10 ** pick.randint(1, 9))),
            "m": lambda: pick.choice(("EUR {}", "€ {}", "${}", "{} euro", "{}")).format(f"{pick.uniform(1, 9e5):,.2f}"),
            "e": faker.ascii_email, "t": faker.phone_number, "j": self._fakers[0].job,
        }  # fmt: skip
        return str(made[kind]()), "?" if kind in "et" else ""

    def _fill(self, builder: Builder, template: str) -> None:
        end = 0
        for match in _SLOT.finditer(template):
            builder.add(template[end : match.start()])
            builder.add(*self.slot(match[1]))
            end = match.end()
        builder.add(template[end:])

    def _sentence(self, builder: Builder) -> None:
        language = self._random.choices(tuple(SENTENCES), (6, 2, 2, 2, 2))[0]
        for number in range(self._random.choice((1, 1, 2, 3))):
            builder.add(" " if number else "")
            if self._random.random() < 0.35:
                _without_names(builder, self._random.choice(self._running[language]))
                builder.add(" ")
            self._fill(builder, self._random.choice(SENTENCES[language]))

    def _running_text(self, builder: Builder) -> None:
        language = self._random.choices(tuple(SENTENCES), (2, 2, 2, 2, 2))[0]
        for number in range(self._random.randint(1, 4)):
            builder.add(" " if number else "")
            _without_names(builder, self._random.choice(self._running[language]))

    def _alone(self, builder: Builder) -> None:
        self._fill(builder, self._random.choice(ALONE))

    def _web(self, builder: Builder) -> None:
        for number in range(self._random.choice((1, 1, 2))):
            builder.add(" " if number else "")
            self._fill(builder, self._random.choice(WEB))

    def _filler(self, builder: Builder) -> None:
        self._fill(builder, self._random.choice(FILLERS))

    def _row(self, builder: Builder) -> None:
        """Cells of a table with or without their headers, as a sheet or a form gives them."""
        chosen = self._random.sample(COLUMNS, self._random.randint(1, 6))
        between = self._random.choice((" | ", "\t", "; ", ", ", "\n"))
        is_named = self._random.random() < 0.5
        for number, (header, kind) in enumerate(chosen):
            builder.add(between if number else "")
            builder.add(f"{header}: " if is_named else "")
            builder.add(*self.slot(kind))

    def _headers(self, builder: Builder) -> None:
        for header in self._random.sample(_HEADERS, 2):
            builder.add(f"{header}: ")
            for number in range(self._random.randint(1, 3)):
                builder.add("; " if number else "")
                builder.add(self.person(), "PERSON")
                if self._random.random() < 0.6:
                    builder.add(" <")
                    builder.add(self._faker().ascii_email(), "?")
                    builder.add(">")
            builder.add("\n")


def running_text(examples: Path, part: Callable[[str], bool], *, with_own: bool = True) -> dict[str, list[str]]:
    """By language texts without people: this file's own, and the training examples of the groups for which `part` says so."""
    found = {language: list(texts) if with_own else [] for language, texts in _DATA["running"].items()}
    for line in examples.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if part(row["group"]):
            found[row["language"]].append(row["text"])
    return found


def plain_text(text: str) -> Example:
    """One of these texts by itself."""
    builder = Builder()
    _without_names(builder, text)
    return Example(builder.text, tuple(builder.spans), NAMES, "made")


def _without_names(builder: Builder, text: str) -> None:
    end = 0
    for match in _PLACES.finditer(text):
        builder.add(text[end : match.start()])
        builder.add(match.group(), "LOCATION")
        end = match.end()
    builder.add(text[end:])
