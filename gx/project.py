"""Where the files of the Great Expectations project are."""

from pathlib import Path

PROJECT = Path(__file__).parent
SUITES = PROJECT / "expectations"
CHECKPOINTS = PROJECT / "checkpoints"
DEFINITIONS = PROJECT / "validation_definitions"
DATASETS = PROJECT / "datasets"
WAIVERS = PROJECT / "waivers"
HISTORY = PROJECT / "history"
CUSTOM = PROJECT / "plugins" / "custom"
FORMATS = PROJECT / "formats"
