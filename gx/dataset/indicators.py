"""The indicators that a dataset may choose, and the columns that each fills in what is published.

Their definitions are in `transforms.indicators`, which nothing here may import.
"""

from collections.abc import Iterable, Iterator, Mapping

from gx.nearest import nearest

_MANY = {"macd": ("macd", "macd_signal", "macd_histogram")}
INDICATORS: Mapping[str, tuple[str, ...]] = {
    name: _MANY.get(name, (name,))
    for name in (
        *("sma_20", "ema_20", "sma_50", "ema_50", "sma_200", "ema_200"),
        *("rsi_14", "macd", "atr_14", "volatility_20", "drawdown_252"),
    )
}
# A year of theirs is not one of 252 bars.
DAILY_ALONE = ("volatility_20",)


def indicator_faults(names: Iterable[str]) -> Iterator[str]:
    """What is wrong with a list of indicators."""
    for name in names:
        if name not in INDICATORS:
            hint = nearest(name, INDICATORS) or f"; there is {', '.join(INDICATORS)}"
            yield f"there is no indicator {name!r}{hint}"


def columns_of(names: Iterable[str]) -> list[str]:
    """The columns that these indicators fill."""
    return [column for name in names for column in INDICATORS[name]]
