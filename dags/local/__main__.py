"""The command line of the gate: `gate`, or python -m dags.local, where nothing is installed."""

import signal
import sys
from types import FrameType

STOPPED = 130


def main() -> int:
    """Run one command; Ctrl-C gives 130, also while the libraries are being imported.

    A library may swallow the interrupt of its own import: what was asked to stop never says that
    all is well.
    """
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        raise KeyboardInterrupt

    # In the background of a script Ctrl-C is not for it, and Python leaves it ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)
    status = _run()
    if asked and status != STOPPED:
        print("stopped", file=sys.stderr)
        return STOPPED
    return status


def _run() -> int:
    try:
        from dags.local.cli import main as run_command

        return run_command()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED


if __name__ == "__main__":
    sys.exit(main())
