"""Which column of a table is which of a bar's: by a person's word, by its name, by its type.

The names that files have, too, are in `gx.files.meaning.names`; here is what only tables have.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gx.dataset.model import MEANINGS
from gx.errors import DatasetError
from gx.files.meaning.names import KNOWN, NO_SYMBOL, NOT_USED, WEAK, letters, plain
from gx.nearest import nearest

PRICES = ("open", "high", "low", "close")
NEEDED = ("symbol", "date", *PRICES, "volume")
WHOLE = frozenset({"smallint", "integer", "bigint", "numeric"})
NUMBERS = WHOLE | {"real", "double precision"}
TEXTS = frozenset({"text", "character varying", "character", "name"})
MOMENT, CLOCK = "timestamp with time zone", "timestamp without time zone"
DATES = frozenset({"date", MOMENT, CLOCK})
_LETTER = re.compile(r"(.*[a-z0-9])[_ .:-]([ohlc])", re.IGNORECASE)
_BY_LETTER = {one[0]: one for one in PRICES}
SHOWN = 40  # of a table's columns in a message

_OF_TABLES = {
    "symbol": "pair product productid securityid isin figi cusip epic tradingsymbol marketsymbol "
    "bbgticker bloombergticker symbolcode instrumentsymbol coin contract",
    "date": "ts tstz tsutc timestamputc bardate bartimestamp eventtime quotedate pricedate asof "
    "asofdate businessdate valuedate tradets opentimestamp candlestart bucket timebucket "
    "periodstart starttime",
    "open": "openpx pxopen openprc",
    "high": "highpx pxhigh highprc",
    "low": "lowpx pxlow lowprc",
    "close": "closepx pxclose closeprc pxlast",
    "volume": "pxvolume qty quantity basevolume shares tradedqty totalqty totaltradedquantity",
    "created_at": "created createdts insertedat inserted insertts loadedat loadts ingestedat "
    "ingestts writtenat savedat storedat recordedat seenat knowledgetime",
}
_WEAK_OF_TABLES = {
    "open": "first firstprice",
    "high": "max maxprice highest",
    "low": "min minprice lowest",
    "volume": "tickvolume tickvol ticks",  # what there is of currencies
    "created_at": "updatedat modifiedat lastupdated lastupdate updated",
}


def _by_name(names: Mapping[str, str]) -> dict[str, str]:
    return {name: meaning for meaning, listed in names.items() for name in listed.split()}


_KNOWN = {**_by_name(_OF_TABLES), **KNOWN}
_WEAK = {**_by_name(_WEAK_OF_TABLES), **WEAK}


@dataclass(frozen=True)
class Mapped:
    """The column of each meaning, why it is that one, and what is uncertain about it."""

    columns: Mapping[str, str]
    why: Mapping[str, str] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()


def mapped(
    where: str,
    types: Mapping[str, str],
    asked: Mapping[str, str] | None = None,
    symbol: str | None = None,
) -> Mapped:
    """Decide which column of the table ``where`` has which meaning.

    ``types`` are PostgreSQL's, by the column's name in the table's order. ``asked`` is what a
    person says: the column's name by its meaning; ``symbol`` stands for a column of symbols.
    Raises DatasetError, which tells everything that is to be said and with which option.
    """
    return _Decision(where, types, dict(asked or {}), symbol).made()


class _Decision:
    def __init__(
        self, where: str, types: Mapping[str, str], asked: dict[str, str], symbol: str | None
    ) -> None:
        self.where, self.types, self.asked, self.symbol = where, types, asked, symbol
        self.found: dict[str, str] = {}
        self.why: dict[str, str] = {}
        self.unsure: list[str] = []
        self.faults: list[str] = []

    def made(self) -> Mapped:
        self._by_word()
        places = letters(list(self.types))
        names = list(self.types)
        self._take({names[at]: one for at, one in places.items()}, "one letter each")
        self._take({name: name.casefold() for name in names}, "by its name")
        self._take({name: _KNOWN.get(plain(name), "") for name in names}, "by its name")
        self._by_affix()
        self._take(
            {name: _WEAK.get(plain(name), "") for name in names}, "by its name, as no other fits"
        )
        self._by_type()
        self._require()
        return Mapped(self.found, self.why, tuple(self.unsure))

    def _by_word(self) -> None:
        for meaning, name in self.asked.items():
            if meaning not in MEANINGS:
                known = ", ".join(MEANINGS)
                hint = nearest(meaning, MEANINGS) or f"; a bar has {known}"
                self.faults.append(f"--columns: {meaning!r} is nothing that a bar has{hint}")
            elif name not in self.types:
                hint = nearest(name, self.types) or f"; it has {self._all()}"
                self.faults.append(
                    f"--columns {meaning}={name}: {self.where} has no such column{hint}"
                )
            elif fault := type_fault(meaning, self.types[name]):
                self.faults.append(f"--columns {meaning}={name}: is {self.types[name]}, {fault}")
            self.found[meaning], self.why[meaning] = name, "as --columns says"
        if self.symbol is not None and "symbol" in self.asked:
            self.faults.append("--symbol and --columns symbol=… exclude each other")

    def _wanted(self) -> Iterator[str]:
        given = {"symbol"} if self.symbol is not None else set()
        return (one for one in MEANINGS if one not in self.found and one not in given)

    def _free(self) -> Iterator[str]:
        taken = set(self.found.values())
        return (name for name in self.types if name not in taken)

    def _take(self, meanings: Mapping[str, str], why: str) -> None:
        """Give columns their meaning where it has none yet, and their type can hold it."""
        wanted, free = set(self._wanted()), set(self._free())
        by_meaning: dict[str, list[str]] = {}
        for name, meaning in meanings.items():
            if meaning in wanted and name in free and not type_fault(meaning, self.types[name]):
                by_meaning.setdefault(meaning, []).append(name)
        for meaning, names in by_meaning.items():
            self._one_of(meaning, names, why)

    def _one_of(self, meaning: str, names: Sequence[str], why: str) -> None:
        self.found[meaning], self.why[meaning] = names[0], why
        if len(names) == 1:
            return
        if meaning in ("date", "created_at"):
            others = " or ".join(f"--columns {meaning}={name}" for name in names[1:])
            self.unsure.append(f"{meaning}: {names[0]} is taken; else say {others}")
        else:
            choices = " or ".join(f"--columns {meaning}={name}" for name in names)
            self.faults.append(f"{len(names)} columns may be the {meaning}: say {choices}")

    def _by_affix(self) -> None:
        """Prices that share what their names have before or behind: bid_open, bid_high …"""
        if any(one in self.found for one in PRICES):
            return
        sets: dict[tuple[object, ...], dict[str, str]] = {}
        for name in self._free():
            if found := _apart(name):
                one, *shared = found
                sets.setdefault(tuple(shared), {})[one] = name
        whole = [one for one in sets.values() if len(one) == len(PRICES)]
        if len(whole) > 1:
            choices = " or ".join(
                "--columns " + ",".join(f"{price}={one[price]}" for price in PRICES)
                for one in whole
            )
            self.faults.append(f"{len(whole)} sets of prices: say {choices}")
        for four in whole[:1]:
            self._take({name: price for price, name in four.items()}, "of four names alike")

    def _by_type(self) -> None:
        """The only column of dates is the date; one of texts may be anything."""
        if "date" in self.found:
            return
        dated = [name for name in self._free() if self.types[name] in DATES]
        if len(dated) == 1:
            self._take({dated[0]: "date"}, f"the only column of type {self.types[dated[0]]}")
            self.unsure.append(f"date: {dated[0]} is taken for its type alone")

    def _require(self) -> None:
        lacking = [one for one in self._wanted() if one in NEEDED]
        if lacking:
            said = ",".join(f"{one}=COLUMN" for one in lacking)
            symbol = " (or --symbol, for a table of one)" if "symbol" in lacking else ""
            near = list(self._near(lacking))
            self.faults += self._of_no_use(lacking)
            self.faults.append(
                f"no column is known to be its {', '.join(lacking)}: say --columns {said}{symbol}"
                f"{'; did you mean ' + ' or '.join(near) + '?' if near else ''}; it has "
                f"{self._all()}"
            )
        if self.faults:
            raise DatasetError.of(self.faults, self.where)

    def _near(self, lacking: Iterable[str]) -> Iterator[str]:
        """What is of the right type and, in a name of several words, says the meaning."""
        for meaning in lacking:
            for name in self._free():
                used = plain(name) in NOT_USED or plain(name) in NO_SYMBOL
                fits = meaning in name.casefold() and not type_fault(meaning, self.types[name])
                if fits and not used:
                    yield f"{meaning}={name}"
                    break

    def _of_no_use(self, lacking: Iterable[str]) -> Iterator[str]:
        """What has the name and not the type."""
        for meaning in lacking:
            for name in self._free():
                means = _KNOWN.get(plain(name), name.casefold())
                if means == meaning and (fault := type_fault(meaning, self.types[name])):
                    yield f"{name} is {self.types[name]}, {fault}; give a --query that casts it"

    def _all(self) -> str:
        listed = [f"{name} ({kind})" for name, kind in self.types.items()]
        more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
        return ", ".join(listed[:SHOWN]) + more


def _apart(name: str) -> tuple[str, str, bool] | None:
    """The price that a name says, what else it says, and whether that stands before it.

    A price is a word of its own (``bid_open``, ``OpenBid``), or a letter behind a sign (``mid_o``).
    """
    if letter := _LETTER.fullmatch(name):
        return _BY_LETTER[letter[2].casefold()], plain(letter[1]), True
    short = plain(name)
    for one in PRICES:
        if short.endswith(one):
            return one, short.removesuffix(one), True
        if short.startswith(one):
            return one, short.removeprefix(one), False
    return None


def type_fault(meaning: str, kind: str) -> str:
    """What keeps a column of this type from having the meaning; empty when nothing does."""
    if meaning == "symbol":
        return "of which no symbol is made" if kind in DATES or kind == "boolean" else ""
    if meaning == "date":
        fits = kind in DATES or kind in WHOLE or kind in TEXTS
        return "" if fits else "of which no date can be read; give a query that makes one of it"
    if meaning == "created_at":
        return "" if kind in DATES else "and no time"
    return "" if kind in NUMBERS or kind in TEXTS else "and no number"
