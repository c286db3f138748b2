"""Where the files of the Great Expectations project are."""

from pathlib import Path

PROJECT = Path(__file__).parent
SUITES = PROJECT / "expectations"
CHECKPOINTS = PROJECT / "checkpoints"
DATASETS = PROJECT / "datasets"
CUSTOM = PROJECT / "plugins" / "custom"
FORMATS = PROJECT / "formats"
