"""The commands of the gate that need no service: python -m gx --help. `gate` has them all."""

import sys

from gx.cli import add_commands, explain_error, new_app, run_app


def main() -> int:
    """Run one command; a person's mistake becomes one line and exit status 2."""
    app = new_app("Judge files of bars, draft a suite from them, or convert one.", "")
    add_commands(app)
    return run_app(app, "python -m gx", explain=explain_error)


if __name__ == "__main__":
    sys.exit(main())
