"""An increment of 500 symbols from a gateway, and how much of it waits for IB's limits.

Own work is measured; the limits are waited for on a clock that is put forward. The floor is
ib_async alone, which asks the same gateway for the same bars and stores nothing.
"""

import argparse
from collections.abc import Sequence

from tests.bench.fetch_steps import increment
from tests.bench.measure import measure

# Of bars within the day, whose requests IB counts.
LEAST_SHARE = 0.95
# Of days, for which there is nothing to wait for: what a request costs beside its answer.
LIMIT_RATIO = 5.0


def main(options: Sequence[str] = ()) -> int:
    """Print the table; 1 when a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench fetch", description=__doc__)
    parser.add_argument("--symbols", type=int, default=500)
    symbols = parser.parse_known_args(list(options))[0].symbols
    print(f"Fetch: an increment of {symbols} symbols; seconds.\n")
    print(
        f"  {'bars':8} {'requests':>8} {'new bars':>9} {'floor':>7} {'own work':>9} {'ratio':>6} "
        f"{'pacing':>9} {'share':>7}"
    )
    return int(sum(_missed(bar, symbols) for bar in ("5 mins", "1 day")) > 0)


def _missed(bar: str, symbols: int) -> bool:
    found = measure(increment, bar, symbols).result
    ratio = found["own"] / found["floor"]
    share = found["pacing"] / (found["pacing"] + found["own"])
    daily = bar == "1 day"
    missed = ratio > LIMIT_RATIO if daily else share < LEAST_SHARE
    limit = f"ratio ≤ {LIMIT_RATIO:g}" if daily else f"share ≥ {LEAST_SHARE:.0%}"
    print(
        f"  {bar:8} {found['requests']:8,} {found['new']:9,} {found['floor']:7.1f} "
        f"{found['own']:9.1f} {ratio:6.1f} {found['pacing']:9,.0f} {share:7.1%}"
        f"  {'FAIL' if missed else 'PASS'} ({limit})"
    )
    return missed
