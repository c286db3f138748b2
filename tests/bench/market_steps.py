"""The market suite through the whole gate, and its detectors called by hand."""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from tests.bench import pipeline_steps
from tests.bench.bars import LAST_DAY, generate_bars
from tests.bench.measure import peak_mb

Work = Callable[[], Any]


def market(bars: int, symbols: int, bad: float, seed: int = 0) -> pd.DataFrame:
    """Generated bars; of a share, half have a high below the low and half a close too high."""
    frame = generate_bars(symbols, bars // symbols)
    frame["created_at"] = frame["date"] + pd.Timedelta(days=1)
    chosen = np.random.default_rng(seed).random((2, len(frame))) < bad / 2
    frame.loc[chosen[0], "high"] = frame.loc[chosen[0], "low"] * 0.9
    frame.loc[chosen[1], "close"] *= 1.5
    return frame


def by_hand(bars: int, symbols: int, bad: float) -> Work:
    """The same definitions, called one after the other on arrays."""
    from gx.plugins.expectations import MARKET_EXPECTATIONS
    from gx.plugins.expectations.kernels.bars import Bars

    frame = market(bars, symbols, bad)

    def work() -> int:
        sorted_bars, flags = Bars.of(frame), 0
        for kind in MARKET_EXPECTATIONS:
            arguments = {name: kind.__fields__[name].default for name in kind.parameters()}
            arguments |= {"as_of": LAST_DAY} if "as_of" in arguments else {}
            flags += int(kind.detector(sorted_bars, **arguments).flags.sum())
        return flags

    return work


def through_gate(bars: int, symbols: int, bad: float) -> Work:
    """The market expectations of the committed suite, failing rows and report included."""
    from dataclasses import replace

    from gx.gate.checkpoint import run_in_memory
    from gx.plugins.expectations import BarExpectation
    from gx.suite.named import suite_path
    from gx.suite.read import read_suite

    frame = market(bars, symbols, bad)
    suite = read_suite(suite_path("stock_data"))
    kept = tuple(e for e in suite.expectations if isinstance(e, BarExpectation))
    suite = replace(suite, expectations=kept)
    run_in_memory(frame.head(100), suite, as_of=LAST_DAY)  # what is only paid once
    frame_mb = float(frame.memory_usage(deep=True).sum()) / 1e6
    before = peak_mb()

    def work() -> dict[str, float]:
        report = run_in_memory(frame, suite, as_of=LAST_DAY)
        return {"failing": len(report.failing), "frames": (peak_mb() - before) / frame_mb}

    return work


def whole_suite(bars: int, symbols: int) -> Work:
    """All expectations of the committed suite on clean bars: CPU seconds."""
    from gx.gate.checkpoint import run_in_memory
    from gx.suite.named import suite_path
    from gx.suite.read import read_suite

    frame, suite = market(bars, symbols, 0.0), read_suite(suite_path("stock_data"))
    run_in_memory(frame.head(1_000), suite, as_of=LAST_DAY)  # what is only paid once
    return _least_cpu(lambda: run_in_memory(frame, suite, as_of=LAST_DAY))


def generic_suite(bars: int, symbols: int) -> Work:
    """Great Expectations' own checks on clean bars: CPU seconds."""
    return _least_cpu(pipeline_steps.generic_suite_on(market(bars, symbols, 0.0)))


def generic_by_hand(bars: int, symbols: int) -> Work:
    """The checks of `generic_suite` in pandas: CPU seconds."""
    return _least_cpu(pipeline_steps.by_hand_on(market(bars, symbols, 0.0)))


def _least_cpu(work: Work, times: int = 5) -> Work:
    """The least of several times, which is what it needs on a machine that does other work too.

    `cpu` is all of it, `own` without what the kernel takes to clear memory: how long that is
    depends on who else wants memory.
    """

    def timed() -> tuple[float, float]:
        before = os.times()
        assert work()
        after = os.times()
        own = after.user - before.user
        return own + after.system - before.system, own

    def least() -> dict[str, float]:
        cpu, own = zip(*(timed() for _ in range(times)), strict=True)
        return {"cpu": min(cpu), "own": min(own)}

    return least


def import_check() -> Work:
    """What `python -m gx check` imports before it can judge the first bar."""

    def work() -> dict[str, float]:
        seconds = {}
        for module in ("pandas", "great_expectations", "exchange_calendars", "gx.gate.checkpoint"):
            began = time.perf_counter()
            __import__(module)
            seconds[module] = round(time.perf_counter() - began, 2)
        return seconds

    return work
