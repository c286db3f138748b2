"""How the gateway misbehaves: rules, each for a symbol or all, from the n-th request on.

``Rule("silence", symbol="AAA")`` never answers for AAA; ``Rule("pacing", first=3, times=1)``
refuses the third request alone. A rule counts the requests that fit it. What happens to everybody
(``restart``, ``lost``, ``hmds_broken``, …) happens when the rule is told, or, with ``first``, when
the n-th request comes that fits, before it is answered.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from tests.ib_gateway import errors
from tests.ib_gateway.bars import SPELLED, Bar
from tests.ib_gateway.errors import Said
from tests.ib_gateway.pacing import Asked

# Instead of an answer: what is said.
SAYS = {
    "pacing": errors.PACING,
    "no_data": errors.NO_DATA,
    "no_security": errors.UNKNOWN,
    "not_subscribed": errors.NOT_SUBSCRIBED,
    "no_permission": errors.NO_PERMISSION,
}
ANSWERS = {*SAYS, "error", "silence", "disconnect"}
# Beside an answer, or with what it is made of.
ALTERS = {"partial", "restated", "split", "duplicates", "out_of_order", "hole"}
BESIDE = {"slow", "ambiguous", "client_id_in_use"}
# To all connections.
CODES = {
    "lost": 1100,
    "restored_data_lost": 1101,
    "restored": 1102,
    "farm_broken": 2103,
    "farm_ok": 2104,
    "hmds_broken": 2105,
    "hmds_ok": 2106,
}
EVENTS = {*CODES, "restart", "refuse", "drop", "back"}
KINDS = sorted(ANSWERS | ALTERS | BESIDE | EVENTS)
REQUESTS = ("historical", "contract", "head", "start")
# Which requests a rule fits that does not say it: historical, but for these.
FITS = {"client_id_in_use": "start", "ambiguous": "all", "no_security": "all"}


@dataclass
class Rule:
    """One way to misbehave: `do`, which is one of KINDS, to which requests, and how often.

    In place of an answer: ``silence`` (until the client gives up), ``disconnect`` (in the middle of
    the answer), ``pacing``, ``no_data``, ``no_security``, ``not_subscribed`` (354),
    ``no_permission`` (162), ``error`` (each of ``codes``, one after another, in TWS's words or as
    ``text``; codes of the system alone leave the request to be answered).

    To an answer: ``slow`` (after ``seconds``), ``ambiguous`` (each contract has a twin),
    ``partial`` (the newest bar as at half time), ``restated`` (those on ``days``, or the newest
    ``bars`` of the answer, times ``factor``), ``split`` (bars before ``day`` divided by
    ``factor``, their volume times it), ``duplicates`` (the newest ``bars`` twice),
    ``out_of_order``, ``hole`` (no bar on ``days``).

    ``client_id_in_use`` refuses who connects with 326. To everybody: ``lost`` (1100: requests are
    kept), ``restored`` (1102: they are answered), ``restored_data_lost`` (1101: they are
    forgotten), ``farm_broken`` and ``farm_ok`` (2103, 2104, said alone), ``hmds_broken`` (2105:
    history is kept) and ``hmds_ok`` (2106: answered), ``restart`` (all connections end, new ones
    are refused for ``seconds``), ``drop`` (all connections end), ``refuse`` (new ones are refused
    for ``seconds``), ``back`` (they are refused no more, once it is told).

    ``request`` says which requests it fits: historical (unless said, but for FITS), contract,
    head, start (of a client), or all. ``first`` is the first of them that it is done to, ``times``
    how often: always, or, for what happens to everybody, once.
    """

    do: str
    symbol: str = ""
    request: str = ""
    what: str = ""
    bar_size: str = ""
    first: int = 0
    times: int | None = None
    seconds: float = 0.0
    codes: tuple[int, ...] = ()
    text: str = ""
    factor: float = 1.0
    bars: int = 1
    day: date | None = None
    days: tuple[date, ...] = ()
    seen: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.do not in KINDS:
            raise ValueError(f"a rule does {self.do!r}, which is none of {', '.join(KINDS)}")
        if self.request not in {"", "all", *REQUESTS}:
            raise ValueError(f"{self.request!r} is no request: {', '.join(REQUESTS)} or all")
        if self.do == "error" and not self.codes:
            raise ValueError("a rule that does error needs the codes to be said")
        if self.do == "split" and not self.day:
            raise ValueError(
                "a rule that does split needs the day from which bars stay as they are"
            )
        self.codes, self.days = tuple(self.codes), tuple(self.days)

    @property
    def at_once(self) -> bool:
        """Whether it happens when it is told, and not with a request."""
        return self.do in EVENTS and not self.first

    def fits(self, asked: Asked, symbol: str) -> bool:
        """Whether it is about this request."""
        request = self.request or FITS.get(self.do, "historical")
        return (
            request in {"all", asked.request}
            and self.symbol in {"", symbol}
            and self.what in {"", asked.what}
            and SPELLED.get(self.bar_size, self.bar_size) in {"", asked.bar_size}
        )

    def counts(self) -> bool:
        """Count a request that fits; whether the rule is done to it."""
        self.seen += 1
        first = max(self.first, 1)
        times = 1 if self.times is None and self.do in EVENTS else self.times
        return self.seen >= first and (times is None or self.seen < first + times)

    @property
    def said(self) -> tuple[Said, ...]:
        """What is said in place of an answer."""
        if self.do in SAYS:
            return (Said(SAYS[self.do].code, self.text or SAYS[self.do].text),)
        return tuple(Said(code, self.text) for code in self.codes)

    def altered(self, bars: list[Bar]) -> list[Bar]:
        """The bars as this rule tells them."""
        newest = bars[-self.bars :]
        told = [bar for bar in bars if _day(bar) in self.days] if self.days else newest
        changes: dict[str, Callable[[], list[Bar]]] = {
            "partial": lambda: [*bars[:-1], *(bar.so_far(0.5) for bar in bars[-1:])],
            "restated": lambda: [bar.times(self.factor) if bar in told else bar for bar in bars],
            "split": lambda: [self._split(bar) for bar in bars],
            "duplicates": lambda: [*bars, *newest],
            "out_of_order": lambda: bars[::-1],
            "hole": lambda: [bar for bar in bars if _day(bar) not in self.days],
        }
        return changes[self.do]() if self.do in changes else bars

    def _split(self, bar: Bar) -> Bar:
        assert self.day is not None
        if _day(bar) >= self.day:
            return bar
        volume = bar.volume if bar.volume < 0 else round(bar.volume * self.factor)
        return bar.times(1 / self.factor)._replace(volume=volume)


class Script:
    """The rules, in the order in which they were told."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules = list(rules)

    def about(self, asked: Asked, symbol: str) -> list[Rule]:
        """The rules that are done to this request, each of which has counted it."""
        fitting = [rule for rule in self.rules if not rule.at_once and rule.fits(asked, symbol)]
        return [rule for rule in fitting if rule.counts()]


def read_script(path: Path) -> list[Rule]:
    """The rules of a JSON file: a list of objects with a rule's fields; days are ``2024-06-28``."""
    try:
        listed = json.loads(path.read_text())
    except ValueError as reason:
        raise ValueError(f"{path} is no JSON: {reason}") from reason
    if not isinstance(listed, list):
        raise ValueError(f"{path} holds no list of rules")
    return [_rule(path, number, entry) for number, entry in enumerate(listed, 1)]


def _rule(path: Path, number: int, entry: dict[str, Any]) -> Rule:
    known = {one.name for one in fields(Rule) if one.init}
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ValueError(
            f"{path}, rule {number}: {', '.join(unknown)} is none of {', '.join(sorted(known))}"
        )
    try:
        day = {"day": date.fromisoformat(entry["day"])} if entry.get("day") else {}
        days = tuple(date.fromisoformat(one) for one in entry.get("days", ()))
        return Rule(**{**entry, **day, "days": days})
    except (TypeError, ValueError) as reason:
        raise ValueError(f"{path}, rule {number}: {reason}") from reason


def _day(bar: Bar) -> date:
    # A datetime is a date, but compares with none.
    return date(bar.start.year, bar.start.month, bar.start.day)
