"""Expectations about prices that stand still, volumes, and copied series."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from great_expectations.compatibility import pydantic

from gx.plugins.expectations import tells
from gx.plugins.expectations.kernels import activity, twins, volumes
from gx.plugins.expectations.kernels.bars import Bars, MarketJudgement, symbols_with_fewer
from gx.plugins.expectations.level_expectations import WINDOW_HELP, LevelExpectation
from gx.plugins.expectations.market_wide import MarketWideExpectation, Said, SpokenPart
from gx.plugins.expectations.metrics import Detector
from gx.plugins.expectations.price_expectations import COLUMNS_HELP, PRICE_COLUMNS
from gx.plugins.expectations.tells import Teller


class ExpectNoStalePrices(LevelExpectation):
    """Expect closes that change, and bars that traded to have a range.

    The same close for `sessions` bars fails (from its second bar on) when the symbol's habit
    around it makes such a run rarer than `chance`; a bar with open = high = low = close and
    volume fails when at most `flat_share` of the bars around it are like it and the usual range
    is five ticks or more. So thin shares, and those of a few ticks, may stand still. What has no
    volume did not trade: it is quiet, not stale (see `ExpectSymbolsToTrade`).

    Args:
        sessions: length of a run, in bars (5).
        chance: chance from which a run is suspicious, 0 to 1 (0.00001).
        flat_share: share of flat bars up to which a symbol is not used to them, 0 to 1 (0.02).
        window: bars before and after that tell the habit (120).

    Source: this project.
    """

    sessions: int = pydantic.Field(
        5,
        ge=2,
        description="For how many bars in a row a close must repeat to be suspicious; higher "
        "reports fewer.",
    )
    chance: float = pydantic.Field(
        1e-5,
        gt=0,
        lt=1,
        description="How unlikely the repeats must be for a symbol that moves as often as this "
        "one; lower reports fewer.",
    )
    flat_share: float = pydantic.Field(
        0.02,
        ge=0,
        le=1,
        description="How common bars without any range may be around one that traded for it to "
        "be suspicious, as a part of all (0.02: 2 %); higher reports more.",
    )

    window: int = pydantic.Field(120, ge=5, description=WINDOW_HELP)

    success_keys = ("mostly", "sessions", "chance", "flat_share", "window")
    daily_only: ClassVar[bool] = True
    detector: ClassVar[Detector] = activity.stale_prices
    teller: ClassVar[Teller | None] = tells.stillness
    sentence: ClassVar[str] = (
        "No close may repeat for $sessions bars, and no bar with volume be without range, in a "
        "symbol that usually moves."
    )


class ExpectVolumeToAgreeWithPrice(LevelExpectation):
    """Expect no move without volume, and no volume far above the usual.

    A bar whose volume is zero and whose price moved fails, unless half of the symbol's bars
    have no volume; so do negative volumes, volumes `multiple` times the trailing median, and the
    same volume five bars in a row, of a symbol whose volumes do not repeat otherwise.

    Args:
        multiple: volume, in medians (30; on a quiet day a hundredfold error is no more).
        window: trailing bars with volume (60).
        minimum: fewest bars in the window for a judgement (20).

    Source: this project.
    """

    multiple: float = pydantic.Field(
        30.0,
        gt=1,
        description="From how many times the symbol's usual volume a bar is suspicious; higher "
        "reports fewer.",
    )
    window: int = pydantic.Field(60, ge=5, description=WINDOW_HELP)
    minimum: int = pydantic.Field(
        20,
        ge=3,
        description="How many bars with volume must be known before one is judged; higher leaves "
        "young symbols alone for longer.",
    )

    success_keys = ("mostly", "multiple", "window", "minimum")
    daily_only: ClassVar[bool] = True
    detector: ClassVar[Detector] = activity.disagreeing_volume
    teller: ClassVar[Teller | None] = tells.trade
    sentence: ClassVar[str] = (
        "No price may move without volume, and no volume be $multiple times its usual."
    )


class ExpectNoVolumeUnitChanges(LevelExpectation):
    """Expect no volume that is counted otherwise from a bar on: in lots, in thousands, in shares.

    The bar fails from which on the median volume is `factor` times what it was, or that part of
    it, when half of the change comes from one bar to the next, it is four robust deviations of the
    symbol's own volumes, and the price does not step with it, as at a split.

    Args:
        factor: change of the median volume, as a ratio (25: shares to lots are a hundred).
        window: bars with volume on either side (20).
        before: fewest bars with volume before (5).
        after: fewest bars with volume from the change on, itself included (3).

    Source: this project.
    """

    factor: float = pydantic.Field(
        25.0,
        gt=2,
        description="From how many times, or what part of, its usual size on the volume must stay "
        "for it to be counted in another unit; higher reports fewer.",
    )
    window: int = pydantic.Field(20, ge=5, description=WINDOW_HELP)
    before: int = pydantic.Field(
        5,
        ge=3,
        description="How many bars with volume must be known before a change; higher leaves young "
        "symbols alone for longer.",
    )
    after: int = pydantic.Field(
        3,
        ge=2,
        description="How many bars the new volume must last, the first one included; higher "
        "reports a change later.",
    )

    success_keys = ("mostly", "factor", "window", "before", "after")
    daily_only: ClassVar[bool] = True
    detector: ClassVar[Detector] = volumes.unit_changes
    teller: ClassVar[Teller | None] = tells.trade
    sentence: ClassVar[str] = (
        "No volume may be $factor times what it was, or 1/$factor of it, from a bar on."
    )


class ExpectSymbolsToTrade(LevelExpectation):
    """Expect a symbol's bars to be of days on which it traded.

    A bar did not trade when it has no volume and its close is that of the bar before. Of a symbol
    of five bars or more the last bar fails, and no other, when `share` of its bars did not trade,
    or none of its `newest` ones did: it is illiquid, or suspended.

    Args:
        share: share of bars without a trade from which a symbol is quiet, 0 to 1 (0.5).
        newest: newest bars without a trade from which it is (10).

    Source: this project.
    """

    share: float = pydantic.Field(
        0.5,
        gt=0,
        le=1,
        description="Which part of its bars must be without a trade for a symbol to be called "
        "quiet (0.5: half of them); higher reports fewer.",
    )
    newest: int = pydantic.Field(
        10,
        ge=2,
        description="For how many bars up to the newest one nothing must have traded for a symbol "
        "to be called quiet; higher reports fewer.",
    )

    success_keys = ("mostly", "share", "newest")
    daily_only: ClassVar[bool] = True
    doubts: ClassVar[bool] = False
    detector: ClassVar[Detector] = volumes.quiet_symbols
    teller: ClassVar[Teller | None] = tells.stillness
    sentence: ClassVar[str] = (
        "A symbol must trade on more than $share of its bars, and on one of the last $newest."
    )


class ExpectNoDuplicatedSeries(MarketWideExpectation):
    """Expect no two symbols with the same bars.

    Bars of two symbols with the same times and prices for `sessions` bars in a row fail, in
    both symbols; the symbols are named in the result's details. Stretches in which the close
    changes fewer than `changes` times prove nothing and pass. Volume is not compared.

    Args:
        sessions: length of the shared stretch, in bars (20).
        changes: fewest changes of the close in it (5).

    Source: this project.
    """

    column_list: list[str] = pydantic.Field(
        list(PRICE_COLUMNS), description=COLUMNS_HELP + ", ".join(PRICE_COLUMNS)
    )
    sessions: int = pydantic.Field(
        20,
        ge=2,
        description="For how many bars in a row two symbols must have the same prices to be "
        "taken for one; higher reports fewer.",
    )
    changes: int = pydantic.Field(
        5,
        ge=1,
        description="How often the close must change in that stretch, since prices that stand "
        "still prove nothing; higher reports fewer.",
    )

    success_keys = ("mostly", "sessions", "changes")
    needs_columns: ClassVar[tuple[str, ...]] = PRICE_COLUMNS
    detector: ClassVar[Detector] = twins.duplicated_series
    sentence: ClassVar[str] = "No two symbols may have the same prices for $sessions bars in a row."

    def of_part(self, bars: Bars, *, judged: int) -> Said:
        """The stretches that another symbol could share."""
        windows = twins.find_windows(
            bars, sessions=self.sessions, changes=self.changes, judged_rows=judged
        )
        document = {
            "not_judged": symbols_with_fewer(bars, self.sessions),
            "symbols": list(windows.symbols),
            "judged_symbols": windows.judged_symbols,
        }
        return Said(document, {name: getattr(windows, name) for name in twins.ARRAYS})

    def of_market(self, parts: Sequence[SpokenPart]) -> MarketJudgement:
        """The stretches that symbols do share."""
        not_judged = sum(part.document["not_judged"] for part in parts)
        found = twins.judge_windows([_windows(part) for part in parts], sessions=self.sessions)
        return replace(found, not_judged_symbols=not_judged)


def _windows(part: SpokenPart) -> twins.Windows:
    sums, ends, code, order = (part.array(name) for name in twins.ARRAYS)
    symbols, judged = tuple(part.document["symbols"]), part.document["judged_symbols"]
    return twins.Windows(part.rows, sums, ends, code, order, symbols, judged)
