"""Which tests must run in one process, one after another."""

from xdist.scheduler import LoadFileScheduling

# Its files share a desk, which takes longer to start than any of them to run.
ONE_DESK = "tests/up/"


def work_unit(nodeid: str) -> str:
    """The name that a test's unit of work has: its file, or the folder whose files share a desk."""
    file = nodeid.split("::", 1)[0]
    return ONE_DESK if file.startswith(ONE_DESK) else file


class UnitScheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's `--dist=loadfile`, by our units."""

    def _split_scope(self, nodeid: str) -> str:
        return work_unit(nodeid)
