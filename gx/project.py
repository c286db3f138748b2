"""Where the files of the Great Expectations project are."""

from pathlib import Path

PROJECT = Path(__file__).parent
SUITES = PROJECT / "expectations"
CUSTOM = PROJECT / "plugins" / "custom"
