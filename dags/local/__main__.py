"""The command line of the gate: `gate`, or python -m dags.local, where nothing is installed."""

import sys


def main() -> int:
    """Run one command; Ctrl-C gives 130 also while the libraries are being imported."""
    try:
        from dags.local.cli import main as run_command

        return run_command()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
