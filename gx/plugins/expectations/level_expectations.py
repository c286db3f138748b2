"""Expectations about price levels and moves, judged by the symbol's own history."""

from typing import ClassVar

from great_expectations.compatibility import pydantic

from gx.plugins.expectations import tells
from gx.plugins.expectations.base import BarExpectation
from gx.plugins.expectations.kernels import returns, splits, units
from gx.plugins.expectations.kernels.bars import Bars, Judgement
from gx.plugins.expectations.kernels.declared_splits import Splits, read_splits
from gx.plugins.expectations.kernels.market_moves import MarketMoves
from gx.plugins.expectations.metrics import Detector
from gx.plugins.expectations.tells import Teller
from gx.plugins.expectations.witnessed import WitnessedExpectation

BAR_COLUMNS = ("symbol", "date", "open", "high", "low", "close", "volume")
COLUMNS_HELP = "Names of the columns, in this order: "
WINDOW_HELP = (
    "How many bars tell what is usual for the symbol; a longer stretch forgets a "
    "change of its habits more slowly."
)
MINIMUM_HELP = (
    "How many of the symbol's moves must be known before one is judged; higher "
    "leaves young symbols alone for longer."
)
SPLITS_HELP = (
    "Declared splits, by symbol: the first day in new shares and the new shares per old one, as "
    '{"AAPL": {"2014-06-09": 7}}.'
)
THRESHOLD_HELP = (
    "How many of the symbol's usual moves a move must measure to be out of the "
    "ordinary (robust deviations, 0.6745 |move| / MAD); higher reports fewer."
)


class LevelExpectation(BarExpectation):
    """An expectation that looks at whole bars."""

    column_list: list[str] = pydantic.Field(
        list(BAR_COLUMNS), description=COLUMNS_HELP + ", ".join(BAR_COLUMNS)
    )

    needs_columns: ClassVar[tuple[str, ...]] = BAR_COLUMNS


class SplitAwareExpectation(LevelExpectation):
    """An expectation for which a declared split explains a step."""

    splits: dict[str, dict[str, float]] = pydantic.Field({}, description=SPLITS_HELP)

    @pydantic.validator("splits", pre=True)
    def _declared(cls, v: object) -> object:  # a class method
        read_splits(v)
        return v


class ExpectNoUnitErrors(SplitAwareExpectation):
    """Expect no price about a hundred times, or a hundredth of, the symbol's other bars.

    Pence instead of pounds, cents instead of dollars: one bar or a block of any length, in any
    of the four prices. Each price is followed from bar to bar; a step within `tolerance` times
    the factor enters or leaves another unit. The right one is that in which a symbol begins
    and ends, where a quarter of the bars has it; else that whose prices have no digits left over
    from a division (from 5 up, three decimals and more, two more than in the other); else that of
    three quarters of the bars. Where none of these tells, the bars at the steps fail alone. A step
    after which the volume changes by the inverse is a (reverse) split and passes, as a declared
    one does. Unusable prices are skipped. A symbol with a single bar is not judged.

    Args:
        factor: size of the unit error, as a ratio (100).
        tolerance: how many times the step may differ from the factor, as a ratio (2).
        volume_window: bars on either side that tell the usual volume (20).
        splits: declared splits, by symbol: the first day in new shares, and new shares per old.

    Source: this project; a step is told from a split as in the split expectation.
    """

    factor: float = pydantic.Field(
        100.0,
        gt=4,
        description="How many times too high or too low a price in the wrong unit is: 100 for "
        "pence taken for pounds.",
    )
    tolerance: float = pydantic.Field(
        2.0,
        gt=1,
        description="How far the jump may be from that factor, as a ratio: with 2 a jump of 50 "
        "to 200 times is taken for one of 100; higher reports more.",
    )
    volume_window: int = pydantic.Field(20, ge=3, description=WINDOW_HELP)

    success_keys = ("mostly", "factor", "tolerance", "volume_window", "splits")
    detector: ClassVar[Detector] = units.unit_errors
    teller: ClassVar[Teller | None] = tells.level
    sentence: ClassVar[str] = (
        "No price may be about $factor times, or 1/$factor of, the symbol's other bars."
    )


class ExpectNoUnadjustedSplits(SplitAwareExpectation, WitnessedExpectation):
    """Expect no step that a split or reverse split explains.

    The first bar at the new level fails. The open over the previous close is near a split ratio
    (4:3, 3:2, 2:1 ... 50:1, the reverse ones, and 100:1 when the volume says so); the step is out
    of the ordinary; the level before and after stays; and the day is calm: range and volume, in
    shares of before the step, are at most `turmoil` times the median, and for steps of less than
    2:1 down to half of that. In a crash they explode, which tells it from a split however near the
    ratio is. Closes alone cannot tell, so the opening gap is used and not the close-to-close step.

    Of a symbol with few bars a step to 1.8 times, or less than 1/1.8, is out of the ordinary where
    none of at least five other moves is a third of it. A session on which half of the symbols, and
    at least five, stepped the same way by 26 % or more explains a step.

    Args:
        threshold: robust deviations of the symbol's returns (6).
        nearness: greatest distance of the gap from the ratio, as a log (0.12).
        stay: bars before and after that must be at their level (5).
        window: bars on either side that tell what is ordinary (30).
        minimum: fewest moves in the window for a judgement (10).
        turmoil: range and volume of the day, in medians, from which it is news (5).
        splits: declared splits, which pass: the first day in new shares, and new shares per old.

    Source: this project; robust deviations after Brownlees and Gallo (2006).
    """

    threshold: float = pydantic.Field(6.0, gt=0, description=THRESHOLD_HELP)
    nearness: float = pydantic.Field(
        0.12,
        gt=0,
        lt=0.2,
        description="How near the jump at the open must be to a split ratio such as 2:1 (0.12: "
        "within about 12 %); higher reports more.",
    )
    stay: int = pydantic.Field(
        5,
        ge=1,
        description="For how many bars before and after the jump the price must keep its level, "
        "so that a crash that goes on is no split; higher reports fewer.",
    )
    window: int = pydantic.Field(30, ge=5, description=WINDOW_HELP)
    minimum: int = pydantic.Field(10, ge=3, description=MINIMUM_HELP)
    turmoil: float = pydantic.Field(
        5.0,
        gt=1,
        description="From how many times its usual range or volume on the day of the jump it "
        "counts as news and not as a split; higher reports more.",
    )

    success_keys = (
        "mostly", "threshold", "nearness", "stay", "window", "minimum", "turmoil", "splits",
    )  # fmt: skip
    by_symbol: ClassVar[tuple[str, ...]] = success_keys[1:]
    daily_only: ClassVar[bool] = True
    detector: ClassVar[Detector] = splits.unadjusted_splits
    teller: ClassVar[Teller | None] = tells.step
    sentence: ClassVar[str] = (
        "No opening may step to a lasting new level near a split ratio on an ordinary day."
    )

    @property
    def market_factor(self) -> float:
        """That by whose root a market steps."""
        return splits.MARKET_STEP

    @property
    def declared(self) -> Splits:
        """The splits that are declared."""
        return self.splits

    def judged_beside(self, bars: Bars, market: MarketMoves) -> Judgement:
        """Judge bars on sessions of which it is known how the market moved."""
        given = {name: getattr(self, name) for name in self.parameters()}
        return splits.unadjusted_splits(bars, **given, market=market)


class ExpectNoReversingSpikes(LevelExpectation):
    """Expect no large move that the next bars take back, and none within a bar.

    One to `longest` bars between two large returns of opposite sign fail when what is left of
    the step is at most `remainder` of it. Within the day a return over night must be large among
    the symbol's nights, and one over a break counts for nothing.

    Up to 60 bars at a level of their own fail where both steps are beyond doubt, though few other
    bars are known: 1.2 times or more, and eight robust deviations, or three times any other move,
    or 1.8 times; made before the bar opens, on days of ordinary range and volume, and the one
    taking back the other to 15 %. So of a symbol with ten bars any of them may be the wrong ones,
    and more than half.

    A bar fails whose high, or low, is `wick` times beyond open and close, and beyond the highs, or
    lows, of three bars on either side, and eight usual ranges, unless its volume is five times the
    usual.

    Args:
        threshold: robust deviations of the returns on both sides (6).
        remainder: share of the step that may be left, 0 to 1 (0.25).
        longest: longest spike, in bars (3).
        window: bars on either side that tell what is ordinary (30).
        minimum: fewest moves in the window for a judgement (20).
        wick: how far a high or a low may stand out alone, as a ratio (1.4).

    Source: Brownlees and Gallo (2006), section 2: an outlier differs from its neighbours on
    both sides; with a median absolute deviation instead of their trimmed standard deviation.
    """

    threshold: float = pydantic.Field(6.0, gt=0, description=THRESHOLD_HELP)
    remainder: float = pydantic.Field(
        0.25,
        ge=0,
        lt=1,
        description="How much of a jump may be left once the price is back, as a part of it "
        "(0.25: a quarter); higher reports more.",
    )
    longest: int = pydantic.Field(
        3,
        ge=1,
        le=20,
        description="For how many bars at most the price stays away before it comes back; higher "
        "reports longer spikes, too.",
    )
    window: int = pydantic.Field(30, ge=5, description=WINDOW_HELP)
    minimum: int = pydantic.Field(20, ge=3, description=MINIMUM_HELP)
    wick: float = pydantic.Field(
        1.4,
        gt=1,
        description="How far a high or a low may stand out of everything around it, as a ratio "
        "(1.4: by 40 %); higher reports fewer.",
    )

    success_keys = ("mostly", "threshold", "remainder", "longest", "window", "minimum", "wick")
    detector: ClassVar[Detector] = returns.reversing_spikes
    teller: ClassVar[Teller | None] = tells.step
    sentence: ClassVar[str] = (
        "No price may jump by more than $threshold robust deviations and come back within "
        "$longest bars."
    )


class ExpectNoReturnOutliers(LevelExpectation):
    """Expect no return far outside the symbol's recent ones that nothing in the bar confirms.

    z = 0.6745 |r| / MAD over the trailing window. News moves prices by ten deviations too, and
    is no defect: a move is confirmed, and passes, when volume or range of the bar is above
    `confirmation` times its trailing median. Steps that a split explains are left to the split
    expectation, the first return of a session within the day to the gap expectation; one over a
    break or a hole of more than half an hour is not judged.

    Args:
        threshold: robust z (8).
        window: trailing moves that tell what is ordinary (60).
        minimum: fewest moves in the window for a judgement (20).
        confirmation: volume or range, in medians, that confirms a move (2).

    Source: Iglewicz and Hoaglin (1993), modified z-score; Brownlees and Gallo (2006).
    """

    threshold: float = pydantic.Field(8.0, gt=0, description=THRESHOLD_HELP)
    window: int = pydantic.Field(60, ge=5, description=WINDOW_HELP)
    minimum: int = pydantic.Field(20, ge=3, description=MINIMUM_HELP)
    confirmation: float = pydantic.Field(
        2.0,
        gt=0,
        description="From how many times its usual volume or range a bar confirms its own move, "
        "as news does; higher reports more.",
    )

    success_keys = ("mostly", "threshold", "window", "minimum", "confirmation")
    detector: ClassVar[Detector] = returns.outlying_returns
    teller: ClassVar[Teller | None] = tells.step
    sentence: ClassVar[str] = (
        "No return may be more than $threshold robust deviations from the symbol's last $window, "
        "unless volume or range confirm it."
    )


class ExpectOpeningGapsToBeOrdinary(LevelExpectation):
    """Expect openings near the previous close, by the symbol's own gaps.

    z = 0.6745 |log(open / previous close)| / MAD over the trailing gaps. Gaps have fatter tails
    than returns, hence the higher threshold. Of bars within the day the gaps are those over night.

    Args:
        threshold: robust z (15).
        window: trailing gaps that tell what is ordinary (60).
        minimum: fewest gaps in the window for a judgement (20).

    Source: Iglewicz and Hoaglin (1993), modified z-score.
    """

    threshold: float = pydantic.Field(15.0, gt=0, description=THRESHOLD_HELP)
    window: int = pydantic.Field(60, ge=5, description=WINDOW_HELP)
    minimum: int = pydantic.Field(20, ge=3, description=MINIMUM_HELP)

    success_keys = ("mostly", "threshold", "window", "minimum")
    detector: ClassVar[Detector] = returns.outlying_gaps
    teller: ClassVar[Teller | None] = tells.opening
    sentence: ClassVar[str] = (
        "No opening may be more than $threshold robust deviations from the previous close, by the "
        "symbol's last $window gaps."
    )
