"""How much of a table is looked at before anybody knows what its rows mean."""

from collections.abc import Sequence

from gx.symbols import symbol_fault

# Of so many symbols the newest bars tell what a table holds: 50,000 of them at most.
SYMBOLS, BARS, HOURS = 200, 250, 1_500


def spread(symbols: Sequence[str], most: int) -> list[str]:
    """Some of the symbols, from all over the alphabet."""
    fit = [one for one in symbols if symbol_fault(one) is None]
    return fit[:: max(1, -(-len(fit) // most))]
