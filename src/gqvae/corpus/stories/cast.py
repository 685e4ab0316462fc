"""The cast of a story: details that stay the same throughout and agree with one another."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

from gqvae.corpus.stories.lexicon import acts, animals, article, foods, pick, rows, tables, traits

HOURS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
ELDERS = ("Grandma", "Grandpa", "Aunt", "Uncle", "Mr.", "Mrs.", "Doctor", "Old")
FRIENDS = ("friend", "cousin", "neighbor", "friend")
CURRENCIES = ("${}", "${}", "${}", "£{}", "€{}")


class Cast(dict[str, str]):
    """The mapping that templates use with `str.format_map`.

    Details that stay the same are items. Other names are drawn from the lexicon at each look-up; "a|b" gives one of them.

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
        return pick(self._drawn.get(name) or _alternatives(name), self._random())

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
        title = pick(ELDERS, self._random())
        self["elder"] = title if title.startswith("Grand") else f"{title} {self['Compound' if title.endswith('.') else 'girl']}"
        self["friend_word"] = pick(FRIENDS, self._random())
        self.update(pick(traits(), self._random()))
        self["good"], self["bad"] = pick(rows("FEELINGS"), self._random())

    def _add_surroundings(self) -> None:
        """Places and things."""
        for name, table in (("town", "town"), ("town2", "town"), ("place", "place"), ("place2", "place"), ("nature2", "nature")):
            self[name] = self[table]
        for name in ("thing", "thing2"):
            self[name] = self.__missing__("thing")
            self[f"a_{name}"] = article(self[name])
        self["pet"] = self["Compound"]

    def _add_rows(self) -> None:
        """An animal, a trade, the weather, an activity: each with its details."""
        self["animal"], self["treat"], self["sounded"], self["home"] = pick(rows("ANIMALS"), self._random())
        self["trade"], self["tool"], self["product"] = pick(rows("TRADES"), self._random())
        self["weather"], self["wear"], self["sky_thing"], self["sky_did"] = pick(rows("WEATHER"), self._random())
        self["animals"] = animals(self["animal"])
        for name in ("animal", "treat", "tool", "product", "weather"):
            self[f"a_{name}"] = article(self[name])
        self["act"], self["acts"], self["acted"], self["acting"], self["act_er"] = pick(acts(), self._random())
        self["food"], self["foods"], self["a_food"] = pick(foods(), self._random())

    def _add_purchase(self) -> None:
        """Goods, price, number, total, payment and change; the amounts add up."""
        number, cents = 2 + int(self._random() * self._random() * 40), 5 * (1 + int(self._random() * self._random() * 120))
        total = number * cents
        paid = -(-total // 500) * 500
        self["good_one"], self["goods"], _ = pick(foods(), self._random())
        self["count"] = str(number)
        currency = pick(CURRENCIES, self._random())
        for name, amount in (("price", cents), ("total", total), ("budget", paid), ("change", paid - total)):
            self[name] = currency.format(f"{amount // 100}.{amount % 100:02d}")


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


_FIGURES: dict[str, Callable[[float], str]] = {
    "time": _time,
    "year": lambda place: str(2024 - int(place * place * 400)),  # recent ones more often
}


@cache
def _alternatives(name: str) -> list[str]:
    if "|" not in name:
        raise KeyError(name)
    return name.split("|")
