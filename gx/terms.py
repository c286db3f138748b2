"""The words that a suite, a verdict and a report have in common."""

from typing import Literal

Status = Literal["passed", "failed", "waived", "unchecked", "error", "missing", "skipped"]
Verdict = Literal["passed", "warned", "held", "missing"]
Policy = Literal["fail", "quarantine", "ask"]

SEVERITIES = ("critical", "warning", "info")
# In the meta of a suite's entry: the parameters that its own wording was written for.
WORDED_FOR = "worded_for"
# There as well: what differs for single symbols (see gx.suite.exceptions).
EXCEPTIONS = "exceptions"
BAR_COLUMNS = ("symbol", "date", "open", "high", "low", "close", "volume")
# The gate's own check of what earlier runs published; no suite holds it.
STILL_THERE = "published_bars_to_still_exist"
# As little: of what is published beside the range of a run.
AS_REPAIRED = "published_bars_to_be_as_repaired"

# Why an expectation is not asked of some bars.
DAILY_ONLY = "only makes sense for daily bars"
WITHIN_THE_DAY_ONLY = "only makes sense for bars within the day"
# Days that a waiver may last: what nobody looks at for ten years is a change of the suite.
LONGEST_WAIVER = 3_660
