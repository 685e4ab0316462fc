"""The cast of a story: details that stay the same throughout and agree with one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from random import Random
from typing import TypeVar

from gqvae.corpus.stories import words
from gqvae.corpus.stories.lexicon import (
    adverb,
    animals,
    article,
    compared,
    doer,
    forms,
    past,
    progressive,
    tables,
    with_s,
    zipfian,
)

HOURS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
ELDERS = ("Grandma", "Grandpa", "Aunt", "Uncle", "Mr.", "Mrs.", "Doctor", "Old")
FRIENDS = ("friend", "cousin", "neighbor", "friend")
CURRENCIES = ("${}", "${}", "${}", "£{}", "€{}")

Row = TypeVar("Row")


class Cast(dict[str, str]):
    """The mapping that templates use with `str.format_map`.

    Names that belong to the story are items. Others are drawn from the lexicon at each look-up; "a|b" gives one alternative.

    Raises:
        KeyError: the name is unknown.
    """

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random.random
        self._drawn = tables()
        for role in (self._add_people, self._add_surroundings, self._add_rows, self._add_purchase):
            role()

    def __missing__(self, name: str) -> str:
        figure = _FIGURES.get(name)
        if figure is not None:
            return figure(self._random())
        entries = self._drawn.get(name)
        if entries is None:
            if "|" not in name:
                raise KeyError(name)
            entries = _alternatives(name)
        return entries[int(self._random() * len(entries))]

    def _row(self, rows: Sequence[Row]) -> Row:
        return rows[int(self._random() * len(rows))]

    def _add_people(self) -> None:
        """Hero and friend with their pronouns, an elder, and the hero's character."""
        for who, prefix in (("hero", ""), ("friend", "f")):
            kind, he, him, his = ("girl", "she", "her", "her") if self._random() < 0.5 else ("boy", "he", "him", "his")
            self[who] = self[kind]
            for name, value in (("he", he), ("him", him), ("his", his)):
                self[prefix + name] = value
                self[(prefix + name).capitalize()] = value.capitalize()
            if who == "hero":
                self["child"] = kind
        title = ELDERS[int(self._random() * len(ELDERS))]
        self["elder"] = title if title.startswith("Grand") else f"{title} {self['Compound' if title.endswith('.') else 'girl']}"
        self["friend_word"] = FRIENDS[int(self._random() * len(FRIENDS))]
        self.update(self._row(_traits()))
        self["good"], self["bad"] = self._row(_rows("FEELINGS"))

    def _add_surroundings(self) -> None:
        """Places and things."""
        for name, table in (("town", "town"), ("town2", "town"), ("place", "place"), ("place2", "place"), ("nature2", "nature")):
            self[name] = self[table] if name != table else _take(self._drawn[table], self._random())
        for name in ("thing", "thing2"):
            self[name] = _take(self._drawn["thing"], self._random())
            self[f"a_{name}"] = article(self[name])
        self["pet"] = self["Compound"]

    def _add_rows(self) -> None:
        """An animal, a trade, the weather, an activity: each with its details."""
        self["animal"], self["treat"], self["sounded"], self["home"] = self._row(_rows("ANIMALS"))
        self["trade"], self["tool"], self["product"] = self._row(_rows("TRADES"))
        self["weather"], self["wear"], self["sky_thing"], self["sky_did"] = self._row(_rows("WEATHER"))
        self["animals"] = animals(self["animal"])
        for name in ("animal", "treat", "tool", "product", "weather"):
            self[f"a_{name}"] = article(self[name])
        self["act"], self["acts"], self["acted"], self["acting"], self["act_er"] = self._row(_acts())
        self["food"], self["foods"], self["a_food"] = self._row(_foods())

    def _add_purchase(self) -> None:
        """Goods, price, number, total, payment and change; the amounts add up."""
        number, cents = 2 + int(self._random() * self._random() * 40), 5 * (1 + int(self._random() * self._random() * 120))
        total = number * cents
        paid = -(-total // 500) * 500
        self["good_one"], self["goods"], _ = self._row(_foods())
        self["count"] = str(number)
        currency = CURRENCIES[int(self._random() * len(CURRENCIES))]
        for name, amount in (("price", cents), ("total", total), ("budget", paid), ("change", paid - total)):
            self[name] = currency.format(f"{amount // 100}.{amount % 100:02d}")


def _take(entries: list[str], place: float) -> str:
    return entries[int(place * len(entries))]


def _time(place: float) -> str:
    """A time of day: 7:45, half past three, 6 o’clock."""
    minute = int(place * 12 * 60 * 3)
    style, minute = divmod(minute, 12 * 60)
    hour, minute = divmod(minute, 60)
    if style == 0:
        return f"{hour + 1}:{minute:02d}"
    if style == 1:
        return f"{hour + 1}:{minute // 15 * 15:02d}"
    return f"half past {HOURS[hour]}" if minute < 20 else f"{hour + 1} o’clock" if minute < 40 else f"{HOURS[hour]} o’clock"


def _year(place: float) -> str:
    """A year, recent ones more often."""
    return str(2024 - int(place * place * 400))


_FIGURES: dict[str, Callable[[float], str]] = {"time": _time, "year": _year}


@cache
def _alternatives(name: str) -> list[str]:
    return name.split("|")


@cache
def _rows(name: str) -> list[tuple[str, ...]]:
    """Rows of a word list, repeated by frequency as in `zipfian`."""
    rows = {row[0]: tuple(row) for row in forms(getattr(words, name))}
    return [rows[first] for first in zipfian(rows)]


@cache
def _acts() -> list[tuple[str, ...]]:
    """Verbs in all their forms: base, third person, past, progressive, and agent noun."""
    rows = {}
    for row in forms(words.INTRANSITIVE):
        base = row[0]
        rows[base] = (base, with_s(base), row[1] if len(row) > 1 else past(base), progressive(base), doer(base))
    return [rows[base] for base in zipfian(rows)]


@cache
def _foods() -> list[tuple[str, ...]]:
    """Foods: singular, plural, singular with its article."""
    return [(food, with_s(food), article(food)) for food in zipfian(row[0] for row in forms(words.FOODS))]


@cache
def _traits() -> list[tuple[tuple[str, str], ...]]:
    """Items for each trait: plain, with its article, comparative, superlative, adverb."""
    rows = {}
    for trait in words.TRAITS.split():
        more, most = compared(trait)
        names = ("trait", "a_trait", "traiter", "traitest", "traitly")
        rows[trait] = tuple(zip(names, (trait, article(trait), more, most, adverb(trait)), strict=True))
    return [rows[trait] for trait in zipfian(rows)]
