"""The indicators of a million bars, against the same by hand in numpy, in the same process."""

import argparse
from collections.abc import Sequence

from tests.bench.indicator_steps import compared
from tests.bench.measure import measure

SESSIONS = 2000
LIMIT = 1.5
# Each alone pays what all share (where symbols begin, what is known), and the longest average most.
LIMIT_ALONE = 2.5
APART = 1e-9


def main(options: Sequence[str] = ()) -> int:
    """Print the table; 1 when a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench indicators", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="bars, 2,000 a symbol")
    rows = parser.parse_known_args(list(options))[0].rows
    symbols = max(1, rows // SESSIONS)
    print(f"Indicators: {symbols * SESSIONS:,} bars of {symbols} symbols; CPU milliseconds.\n")
    print(f"  {'indicator':14} {'by hand':>8} {'ours':>8} {'ratio':>6} {'apart':>8}")
    found = measure(compared, symbols, SESSIONS).result
    return int(sum(_missed(name, one) for name, one in found.items()) > 0)


def _missed(name: str, found: dict[str, float]) -> bool:
    ratio, limit = found["ours"] / found["hand"], LIMIT if name == "all" else LIMIT_ALONE
    missed = ratio > limit or not found["apart"] < APART
    print(
        f"  {name:14} {found['hand'] * 1e3:8.1f} {found['ours'] * 1e3:8.1f} {ratio:6.2f} "
        f"{found['apart']:8.0e}  {'FAIL' if missed else 'PASS'} (≤ {limit:g}, < {APART:g})"
    )
    return missed
