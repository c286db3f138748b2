"""The command line of the gate: `gate`, or python -m dags.local, where nothing is installed."""

import sys

from dags.local.cli import main

if __name__ == "__main__":
    sys.exit(main())
