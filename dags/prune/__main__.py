"""The command: python -m dags.prune."""

import sys

from dags.prune.runs import main

sys.exit(main())
