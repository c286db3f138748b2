"""The market suite: the whole gate against the same definitions by hand, and how it grows."""

import argparse
from collections.abc import Sequence

from tests.bench import market_steps as steps
from tests.bench.measure import Measurement, measure

CLEAN, A_LITTLE, MUCH = 0.0, 0.001, 0.1
LIMITS = {CLEAN: 2.0, A_LITTLE: 3.0, MUCH: 3.0}
MEMORY_LIMIT = 4.0  # frames, above what the process held before
GENERIC_LIMIT = 2.0  # of Great Expectations' own checks, over the same by hand
# 1.5 s a million bars where 13 checks took 0.5 s, five times the same by hand, before they were
# answered from one pass.
WHOLE_LIMIT = 17.0
GROWTH_LIMIT = 1.1  # a bar among five times a million, over one among two


def main(options: Sequence[str] = ()) -> int:
    """Print the tables; 1 when a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench expectations", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_known_args(list(options))[0].rows
    missed = _whole(rows)
    print("\nImports of `python -m gx check`, seconds:", measure(steps.import_check).result)
    print(
        f"\n  {'bars':>10} {'symbols':>8} {'bad':>6} {'hand s':>7} {'gate s':>7} {'ratio':>6}"
        f" {'frames':>7} {'failing':>8}"
    )
    for bad, limit in LIMITS.items():
        missed += _case(rows, 500, bad, limit)
    print("  growing bars")
    for factor in (2, 5):
        missed += _case(rows * factor, 500, CLEAN, LIMITS[CLEAN])
    print(
        "  growing symbols (of 50 the bars go back before 1950, where the suite knows no session)"
    )
    for symbols in (50, 5_000):
        missed += _case(rows, symbols, CLEAN, LIMITS[CLEAN])
    return int(missed > 0)


def _whole(rows: int) -> int:
    """The committed suite with all of its expectations; how many limits it missed."""
    measured = [
        measure(step, rows * factor, 500).result
        for step, factor in (
            (steps.generic_by_hand, 1),
            (steps.generic_suite, 1),
            (steps.whole_suite, 1),
            (steps.whole_suite, 2),
            (steps.whole_suite, 5),
        )
    ]
    hand, generic, suite, two, five = (one["cpu"] for one in measured)
    growth = {kind: measured[4][kind] / 5 / (measured[3][kind] / 2) for kind in ("own", "cpu")}
    print(
        f"Clean bars, CPU seconds: generic checks by hand {hand:.3f}, by a suite {generic:.3f}; "
        f"committed suite {suite:.2f}, of {2 * rows:,} bars {two:.2f}, of {5 * rows:,} {five:.2f}"
    )
    ratios = (
        ("generic suite / the same by hand", generic / hand, GENERIC_LIMIT),
        ("committed suite / the generic checks by hand", suite / hand, WHOLE_LIMIT),
        ("a bar among 5 / a bar among 2", growth["own"], GROWTH_LIMIT),
    )
    for what, ratio, limit in ratios:
        said = "FAIL" if ratio > limit else "PASS"
        print(f"  {what:46} {ratio:5.2f}  {said} (≤ {limit:g})", flush=True)
    print(f"  {'  the same with the kernel clearing memory':46} {growth['cpu']:5.2f}")
    return sum(ratio > limit for _, ratio, limit in ratios)


def _case(rows: int, symbols: int, bad: float, limit: float) -> int:
    """One line; 1 when the ratio or the memory is above its limit."""
    hand: Measurement = measure(steps.by_hand, rows, symbols, bad)
    gate: Measurement = measure(steps.through_gate, rows, symbols, bad)
    ratio, frames = gate.seconds / hand.seconds, gate.result["frames"]
    missed = ratio > limit or frames > MEMORY_LIMIT
    print(
        f"  {rows:>10,} {symbols:>8,} {bad:>6.1%} {hand.seconds:>7.2f} {gate.seconds:>7.2f} "
        f"{ratio:>6.2f} {frames:>7.1f} {gate.result['failing']:>8,}  "
        f"{'FAIL' if missed else 'PASS'} (≤ {limit:g}, ≤ {MEMORY_LIMIT:g} frames)",
        flush=True,
    )
    return int(missed)
