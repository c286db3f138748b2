"""Prints how well the market expectations find planted defects: `python -m tests.detector`."""

import argparse

from tests.detector.any_market import report
from tests.detector.bars import REAL_CRASH, REAL_SPLITS, real_bars, rows_of
from tests.detector.declared import report as declared_report
from tests.detector.judge import false_alarms, flagged, judge, table
from tests.detector.plant import KINDS, NIGHTLY_KINDS
from tests.detector.within_the_day import KINDS as WITHIN
from tests.detector.within_the_day import recall_and_strays

SPLIT = "expect_no_unadjusted_splits"


def main() -> None:
    """Judge every kind and print recall, finders, strays and false alarms."""
    parser = argparse.ArgumentParser(prog="python -m tests.detector", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="frames per kind (10)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("real", "made-up"), help="one of the two tables")
    options = parser.parse_args()
    if options.only != "real":
        print("Made-up markets: share of the defects that are found, by length of history")
        print(report(options.rounds, options.seed))
        print("\nDeclared splits: share of what contradicts them that is found, by length")
        for line in declared_report(options.rounds, options.seed):
            print(line)
    if options.only != "made-up":
        _report_real(options.rounds, options.seed)


def _report_real(rounds: int, seed: int) -> None:
    bars = real_bars()
    scores = [judge(kind, rounds, seed) for kind in (*KINDS, *NIGHTLY_KINDS)]
    print(table(scores))
    print("\nBars within the day, of several exchanges: recall, and what is found besides")
    for one in WITHIN:
        recall, besides = recall_and_strays(one, rounds, seed)
        print(f"{one.name:24} {recall:7.3f} {besides:5d}")
    print(f"\nFalse alarms per 10,000 of the {len(bars):,} real bars, nothing planted")
    for name, rate in sorted(false_alarms(bars).items(), key=lambda item: -item[1]):
        print(f"  {name:45} {rate:6.2f}")
    print("\nUntouched bars flagged beside a planted defect, per 10,000")
    for score in scores:
        for name, rate in score.strays.items():
            print(f"  {score.kind.name:24} {name:45} {rate:6.2f}")
    print("\nReal events")
    called = flagged(bars)[SPLIT]
    for event in (*REAL_SPLITS, REAL_CRASH):
        verdict = "a split" if rows_of(bars, (event,))[0] in called else "not a split"
        print(f"  {event[0]} {event[1]}: called {verdict}")


if __name__ == "__main__":
    main()
