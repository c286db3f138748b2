"""What a mutant is: a file of the project with one small fault in it."""

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutant:
    """`old` became `new` in `file` (from the root) at `line`; `text` is the whole file then.

    `old` and `new` are the changed lines, or the changed part, with single spaces: they know the
    mutant again when lines move.
    """

    file: str
    line: int
    old: str
    new: str
    text: str = field(repr=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What the list of survivors calls it."""
        return self.file, self.old, self.new

    def __str__(self) -> str:
        return f"{self.file}:{self.line}\n    - {self.old}\n    + {self.new}"


def changed_lines(before: str, after: str) -> tuple[int, str, str]:
    """The number of the first line that differs, and what stood and stands there."""
    old, new = before.splitlines(), after.splitlines()
    top = _alike(old, new)
    tail = _alike(old[top:][::-1], new[top:][::-1])
    if len(new) == top + tail:  # lines are gone: the next one tells where
        tail -= 1
    return top + 1, squeezed(old[top : len(old) - tail]), squeezed(new[top : len(new) - tail])


def squeezed(lines: list[str]) -> str:
    """Lines as one, with single spaces."""
    return " ".join(" ".join(lines).split())


def _alike(one: list[str], other: list[str]) -> int:
    alike = 0
    while alike < min(len(one), len(other)) and one[alike] == other[alike]:
        alike += 1
    return alike
