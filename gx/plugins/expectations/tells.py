"""What a flagged bar looks like beside its neighbours, in a sentence with its numbers.

A teller is given a bar and the bars of its symbol before and after it, and says what a trader would
look at first. An expectation names its teller; one of anybody's own may have another.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Values = Mapping[str, object]
_PRICES = ("close", "open", "high", "low")  # the one to tell first, where several say the same
_ALIKE = 0.05
_TIMES = 1.995  # from here on a change is told as times, below it in percent


@dataclass(frozen=True)
class Flagged:
    """A bar (symbol, date, open, high, low, close, volume) between its neighbours, if any.

    ``usual`` is the median close of some hundred bars around it, where there are any.
    """

    bar: Values
    before: Values | None = None
    after: Values | None = None
    usual: float | None = None


Teller = Callable[[Flagged], str]


def number(values: Values | None, name: str) -> float | None:
    """A finite number of a bar; None for anything else."""
    value = None if values is None else values.get(name)
    known = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]  # checked


def shown(value: float | None) -> str:
    """A price or a volume as people write it: 22.30, 1,250,000, 8.71e-06."""
    if value is None:
        return "missing"
    if 1e6 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    if 1 <= abs(value) < 1e6 and value != round(value):
        text = f"{value:,.4f}".rstrip("0")
        return text if len(text.rpartition(".")[2]) >= 2 else f"{value:,.2f}"
    return f"{value:,.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.4g}"


def compared(value: float, other: float) -> str:
    """How a value stands to another: "1/9.8 of", "12 % above"."""
    ratio = value / other
    if ratio >= _TIMES:
        return f"{ratio:,.3g} times"
    if ratio <= 1 / _TIMES:
        return f"1/{1 / ratio:,.3g} of"
    if ratio == 1:
        return "the same as"
    return f"{abs(100 * (ratio - 1)):.3g} % {'above' if ratio > 1 else 'below'}"


def step(flagged: Flagged) -> str:
    """The price that is farthest from the close before it, or from the one after it."""
    before, after = number(flagged.before, "close"), number(flagged.after, "close")
    beside = before or after
    name = _farthest(flagged.bar, beside)
    if name is None or not beside:
        return ""
    value = number(flagged.bar, name)
    assert value is not None
    if not before:
        return f"{name} {shown(value)} is {compared(value, beside)} the next {shown(beside)}"
    said = f"{name} {shown(value)} is {compared(value, before)} the previous {shown(before)}"
    return f"{said}; the next is {shown(after)}" if after else said


def level(flagged: Flagged) -> str:
    """The same; of a bar among others at a wrong level, how far that is from the usual one."""
    before, usual = number(flagged.before, "close"), flagged.usual
    name = _farthest(flagged.bar, before)
    value = name and number(flagged.bar, name)
    if not name or not value or not before or not usual or usual <= 0:
        return step(flagged)
    if not _is_far(value, before) and _is_far(value, usual) and _is_far(before, usual):
        return (
            f"{name} {shown(value)} is {compared(value, usual)} {shown(usual)}, the median close "
            f"around it, and so is the previous {shown(before)}"
        )
    return step(flagged)


def _is_far(value: float, other: float) -> bool:
    ratio = value / other
    return ratio >= _TIMES or ratio <= 1 / _TIMES


def opening(flagged: Flagged) -> str:
    """The open against the close before it."""
    value, before = number(flagged.bar, "open"), number(flagged.before, "close")
    if value is None or not before or value / before <= 0:
        return ""
    return f"open {shown(value)} is {compared(value, before)} the previous close {shown(before)}"


def inside(flagged: Flagged) -> str:
    """Which prices of a bar contradict each other, or are no prices."""
    wrong = _not_prices(flagged.bar)
    low, high = number(flagged.bar, "low"), number(flagged.bar, "high")
    if low is not None and high is not None and low > high:
        wrong.append(f"low {shown(low)} is above high {shown(high)}")
    for name in ("open", "close"):
        value = number(flagged.bar, name)
        if value is not None and high is not None and value > high:
            wrong.append(f"{name} {shown(value)} is above high {shown(high)}")
        if value is not None and low is not None and value < low:
            wrong.append(f"{name} {shown(value)} is below low {shown(low)}")
    return ", ".join(wrong)


def no_price(flagged: Flagged) -> str:
    """Which prices are missing, zero or below."""
    return ", ".join(_not_prices(flagged.bar))


def trade(flagged: Flagged) -> str:
    """The volume against the one before, and what the price did."""
    volume, before = number(flagged.bar, "volume"), number(flagged.before, "volume")
    said = f"volume {shown(volume)}"
    if volume and before and before > 0:
        said += f" is {compared(volume, before)} the previous {shown(before)}"
    move = _move(flagged)
    return f"{said}, {move}" if move else said


def stillness(flagged: Flagged) -> str:
    """A close that repeats, or a bar without a range."""
    close, before = number(flagged.bar, "close"), number(flagged.before, "close")
    low, high = number(flagged.bar, "low"), number(flagged.bar, "high")
    volume = f"with a volume of {shown(number(flagged.bar, 'volume'))}"
    if close is not None and close == before:
        return f"close {shown(close)} is that of the bar before, {volume}"
    if high is not None and low == high:
        return f"high and low are both {shown(high)}, {volume}"
    return ""


def day(flagged: Flagged) -> str:
    """The day of the week."""
    when = flagged.bar.get("date")
    weekday = getattr(when, "strftime", None)
    return f"{weekday('%Y-%m-%d')} is a {weekday('%A')}" if weekday else ""


def gap(flagged: Flagged) -> str:
    """When the bar before it is from."""
    before = flagged.before and flagged.before.get("date")
    name = getattr(before, "strftime", None)
    if not name:
        return "there is no bar before it"
    moment = "%Y-%m-%d" if getattr(before, "tzinfo", None) is None else "%Y-%m-%d %H:%M UTC"
    return f"the bar before it is of {name(moment)}"


def last(flagged: Flagged) -> str:
    """That nothing follows it, and since when."""
    when = flagged.bar.get("date")
    named = getattr(when, "strftime", None)
    if not named or flagged.after is not None:
        return ""
    moment = "%Y-%m-%d" if getattr(when, "tzinfo", None) is None else "%Y-%m-%d %H:%M UTC"
    return f"no bar follows that of {named(moment)}"


def name(flagged: Flagged) -> str:
    """How the symbol is written, with quotes around it."""
    return f"the symbol is written {flagged.bar.get('symbol')!r}"


def _not_prices(bar: Values) -> list[str]:
    found = {one: number(bar, one) for one in ("open", "high", "low", "close")}
    return [
        f"{one} is {shown(value)}" for one, value in found.items() if value is None or value <= 0
    ]


def _farthest(bar: Values, beside: float | None) -> str | None:
    """The price with the largest ratio to another; None where there is none to tell."""
    if not beside or beside < 0:
        return None
    far = {
        one: abs(math.log(value / beside))
        for one in _PRICES
        if (value := number(bar, one)) is not None and value > 0
    }
    most = max(far.values(), default=0.0)
    return next((one for one, distance in far.items() if distance >= most - _ALIKE), None)


def _move(flagged: Flagged) -> str:
    close, before = number(flagged.bar, "close"), number(flagged.before, "close")
    if close is None or not before or close / before <= 0:
        return ""
    if close == before:
        return f"and the close stayed at {shown(close)}"
    return f"the close went from {shown(before)} to {shown(close)}"
