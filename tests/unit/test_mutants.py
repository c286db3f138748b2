"""What `make mutate` makes of files: its mutants are other programs, each with one fault."""

import pytest

from tests.mutation import python_mutants, sql_mutants
from tests.mutation.targets import TARGETS, chosen

QUERY = """-- a = b
select max(date) from bars
where symbol = 'A'
    and (date is null or date >= coalesce(%(start)s::date, '-infinity'))
    and (bars.open, bars.close) is distinct from (kept.open, kept.close)
"""


def test_a_python_mutant_differs_in_one_place_and_not_in_annotations():
    head = "def f(a: int | None, *, b: int = 0) -> int | None:"
    source = f"@cache\n{head}\n    return a < b\n"

    made = [(m.line, m.old, m.new) for m in python_mutants.mutants_of(source, "f.py")]

    assert len(made) == len(set(made))
    assert (1, f"@cache {head}", head) in made
    assert [new for line, _, new in made if line == 2] == [
        head.replace("0", "1"),
        head.replace("0", "-1"),
    ]
    assert (3, "return a < b", "return a <= b") in made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("select max(date) from bars", "select min(date) from bars"),
        ("where symbol = 'A'", "where symbol <> 'A'"),
        ("where symbol = 'A'", "where true"),
        (" >= ", " > "),
        ("date is null", "date is not null"),
        ("(date is null or", "(false or"),
        ("date >= coalesce(%(start)s::date, '-infinity'))", "false)"),
        ("coalesce(%(start)s::date, '-infinity')", "%(start)s::date"),
        ("(date is null or date >= coalesce(%(start)s::date, '-infinity'))", "true"),
        ("(bars.open, bars.close) is distinct", "(bars.open, bars.close) is not distinct"),
        ("(bars.open, bars.close) is distinct from (kept.open, kept.close)", "true"),
        (
            "(bars.open, bars.close) is distinct from (kept.open, kept.close)",
            "(bars.open) is distinct from (kept.open)",
        ),
    ],
)
def test_a_statement_loses_or_turns_each_condition(old: str, new: str):
    texts = [mutant.text for mutant in sql_mutants.mutants_of(QUERY, "sql/queries/one.sql")]

    assert len(texts) == len(set(texts))
    assert QUERY.replace("-- a = b", " " * 8).replace(old, new) in texts


def test_every_statement_has_mutants_and_every_edit_by_hand_its_place():
    files = [target.file for target in TARGETS if target.file.endswith(".sql")]
    assert {f"sql/{name}.sql" for name, *_ in sql_mutants.EDITS} < set(files)
    for file in files:
        assert list(sql_mutants.sql_mutants(file)), file


def test_targets_are_chosen_by_parts_of_their_names():
    assert [t.file for t in chosen(["report/model.py", "no_delete"])] == [
        "gx/report/model.py",
        "sql/schema/stock_data_quarantine_no_delete.sql",
    ]
    assert chosen([]) == [*TARGETS]
