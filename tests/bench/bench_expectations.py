"""The market suite through Great Expectations against its detectors called by hand.

`python -m tests.bench.bench_expectations --bars 1000000 --symbols 500 --bad 0 0.001 0.1`
"""

import argparse
import time

import great_expectations
import numpy as np
import pandas as pd
from great_expectations.core import ExpectationSuite

from gx.plugins.expectations import MARKET_EXPECTATIONS
from gx.plugins.expectations.kernels.bars import Bars
from tests.bench.bars import LAST_DAY, generate_bars


def market(bars: int, symbols: int, bad: float, seed: int = 0) -> pd.DataFrame:
    """Generated bars; a share has a high below its low, and as many a close half too high."""
    frame = generate_bars(symbols, bars // symbols)
    frame["created_at"] = frame["date"] + pd.Timedelta(days=1)
    chosen = np.random.default_rng(seed).random((2, len(frame))) < bad / 2
    frame.loc[chosen[0], "high"] = frame.loc[chosen[0], "low"] * 0.9
    frame.loc[chosen[1], "close"] *= 1.5
    return frame


def by_hand(frame: pd.DataFrame) -> int:
    """Call the detectors; return how many flags they raised."""
    bars, flags = Bars.of(frame), 0
    for kind in MARKET_EXPECTATIONS:
        arguments = {name: kind.__fields__[name].default for name in kind.parameters()}
        arguments |= {"as_of": LAST_DAY} if "as_of" in arguments else {}
        flags += int(kind.detector(bars, **arguments).flags.sum())
    return flags


def in_great_expectations(frame: pd.DataFrame) -> int:
    """Validate with a suite of all; return how many unexpected rows it counted."""
    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("bars").add_dataframe_asset("bars")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    expectations = [
        kind(as_of=LAST_DAY) if "as_of" in kind.parameters() else kind()
        for kind in MARKET_EXPECTATIONS
    ]
    result = batch.validate(
        ExpectationSuite("market", expectations=expectations), result_format="SUMMARY"
    )
    return sum(each.result["unexpected_count"] for each in result.results)


def main() -> None:
    """Print CPU seconds of both, and their ratio, for each share of bad bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--bad", type=float, nargs="+", default=[0.0, 0.001, 0.1])
    options = parser.parse_args()
    in_great_expectations(market(5_000, 5, 0.0))
    print(f"{options.bars:,} bars of {options.symbols:,} symbols, CPU seconds")
    print(f"{'bad':>7} {'by hand':>8} {'in GX':>8} {'ratio':>6} {'flags':>9}")
    for bad in options.bad:
        frame = market(options.bars, options.symbols, bad)
        begin = time.process_time()
        expected = by_hand(frame)
        middle = time.process_time()
        counted = in_great_expectations(frame)
        end = time.process_time()
        if counted != expected:
            raise SystemExit(f"by hand {expected:,} flags, in Great Expectations {counted:,}")
        hand, inside = middle - begin, end - middle
        print(f"{bad:7.1%} {hand:8.2f} {inside:8.2f} {inside / hand:6.2f} {counted:9,}")


if __name__ == "__main__":
    main()
