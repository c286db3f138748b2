"""Plants one small fault after the other in the gate's core and counts those that tests notice.

Fails when a fault goes unnoticed that tests/mutation/survivors.toml does not list with a reason,
or when fewer than 95 % are noticed. Nothing is written into the checkout but var/mutation. Tests
and code are read as it goes, so leave them alone meanwhile: half an hour on two cores for all.
"""

import argparse
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator

from tests.mutation.mutants import Mutant
from tests.mutation.python_mutants import python_mutants
from tests.mutation.runner import AT_LEAST, TOO_SLOW, BrokenTests, Ended, slots, time_tests, try_all
from tests.mutation.sql_mutants import sql_mutants
from tests.mutation.survivors import as_entries, listed
from tests.mutation.targets import Target, chosen
from tests.mutation.trial import read_libraries

ENOUGH = 0.95
Work = list[tuple[Target, Mutant]]


def main() -> int:
    """0: all is noticed that should be; 1: not so; 2: there is nothing to try, or tests fail."""
    # So that a run that is told to stop still stops the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = _parser().parse_args()
    work = _sampled(list(_work(chosen(options.files))), options.sample)
    if not work:
        print(f"No mutant is in a file named {' or '.join(options.files)}.", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(str(mutant) for _, mutant in work))
        return 0
    read_libraries()
    try:
        ended = _try(work, options.jobs)
    except BrokenTests as error:
        print(error, file=sys.stderr)
        return 2
    return _judge(ended, whole=options.sample is None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", help="parts of file names: report/ queries/ (all)")
    parser.add_argument("--sample", type=int, help="so many mutants, drawn at random (all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time (cores)")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    return parser


def _work(targets: list[Target]) -> Iterator[tuple[Target, Mutant]]:
    for target in targets:
        make = python_mutants if target.file.endswith(".py") else sql_mutants
        yield from ((target, mutant) for mutant in make(target.file))


def _sampled(work: Work, size: int | None) -> Work:
    if size is None or size >= len(work):
        return work
    drawn = sorted(random.Random(1).sample(range(len(work)), size))
    return [work[index] for index in drawn]


def _try(work: Work, jobs: int) -> list[Ended]:
    targets = list({target.tests: target for target, _ in work}.values())
    database = any(target.database for target in targets)
    ended = []
    with slots(jobs, database=database) as places:
        usual = {target.tests: time_tests(places[0], target) for target in targets}
        print(f"{len(work)} mutants; the tests alone take up to {max(usual.values()):.0f} s.")
        allowed = {tests: max(AT_LEAST, TOO_SLOW * taken) for tests, taken in usual.items()}
        for one in try_all(places, work, lambda target: allowed[target.tests]):
            ended.append(one)
            _tell(one, len(ended), len(work))
        for target in targets:  # what broke the tests meanwhile would look like killed mutants
            time_tests(places[0], target)
    return ended


def _tell(one: Ended, done: int, of: int) -> None:
    if one.fate != "killed":
        print(f"{one.fate}  {one.mutant}", flush=True)
    if done % 25 == 0 or done == of:
        print(f"{done} of {of}", flush=True)


def _judge(ended: list[Ended], *, whole: bool) -> int:
    known = listed()
    lives = [one.mutant.key for one in ended if one.fate == "survived"]
    unlisted = [key for key in dict.fromkeys(lives) if key not in known]
    files = {one.mutant.file for one in ended}
    gone = [key for key in known if whole and key[0] in files and key not in lives]
    noticed = _print_scores(ended)
    if gone:
        print("\nListed, but no longer surviving; take them off the list:")
        print("\n".join(f"  {file}: {old} -> {new}" for file, old, new in gone))
    if unlisted:
        print("\nSurvived without a reason; write a test, or list them in survivors.toml:\n")
        print(as_entries(unlisted))
    return 1 if unlisted or noticed < ENOUGH else 0


def _print_scores(ended: list[Ended]) -> float:
    """A line per file; the share of all that was noticed."""
    made = Counter(one.mutant.file for one in ended)
    lived = Counter(one.mutant.file for one in ended if one.fate == "survived")
    print(f"\n{'file':52} {'mutants':>7} {'killed':>7} {'share':>7}")
    for file, count in made.items():
        killed = count - lived[file]
        print(f"{file:52} {count:7} {killed:7} {killed / count:7.1%}")
    killed = len(ended) - lived.total()
    late = sum(one.fate == "timeout" for one in ended)
    print(f"{'all':52} {len(ended):7} {killed:7} {killed / len(ended):7.1%}")
    print(f"{late} of the killed ran out of time; {lived.total()} survived.")
    return killed / len(ended)


if __name__ == "__main__":
    sys.exit(main())
