"""The command: python -m tracking.server."""

import sys

from tracking.server.serve import main

sys.exit(main(sys.argv[1:]))
