"""Market expectations that some bars give nothing to look at, and why."""

from gx.plugins.expectations import MARKET_EXPECTATIONS
from gx.plugins.expectations.session_expectations import ExpectBarsToBeFresh
from gx.terms import DAILY_ONLY, WITHIN_THE_DAY_ONLY

NEEDS_CLOCK = "needs --as-of"
NEEDS_WRITING = "there is no column created_at"


def unfit(*, daily: bool, written: bool = True, clock: bool = True) -> dict[str, str]:
    """Why an expectation makes no sense for bars, by its type.

    ``written``: the bars say when they were (``created_at``). Without a ``clock`` nobody has said
    from which moment they are judged: how old they are says nothing.
    """
    reasons = {} if clock else {ExpectBarsToBeFresh.expectation_type: NEEDS_CLOCK}
    for one in MARKET_EXPECTATIONS:
        if one.daily_only and not daily:
            reasons[one.expectation_type] = DAILY_ONLY
        elif one.within_the_day_only and daily:
            reasons[one.expectation_type] = WITHIN_THE_DAY_ONLY
        elif "created_at" in one.needs_columns and not written:
            reasons[one.expectation_type] = NEEDS_WRITING
    return reasons
