"""Mutants of Python files, made by cosmic-ray's operators: `<` for `<=`, `not`, 1 for 0, …

Annotations are left alone: nothing that runs depends on them.
"""

import ast
from collections.abc import Iterator

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider

from tests.mutation.mutants import ROOT, Mutant, changed_lines

# These want to be told which variable.
NEED_ARGUMENTS = ("VariableReplacer", "VariableInserter")
# `is` for `==`: whether equal numbers and texts are one object is the interpreter's matter.
IDENTITY = ("_Is", "_IsNot")
OF_IDENTITY = ("_Is_IsNot", "_IsNot_Is")
Position = tuple[int, int]
Span = tuple[Position, Position]


def python_mutants(file: str) -> Iterator[Mutant]:
    """Every mutant of a Python file, by operator."""
    source = (ROOT / file).read_text(encoding="utf-8")
    yield from mutants_of(source, file)


def mutants_of(source: str, file: str) -> Iterator[Mutant]:
    """Every mutant of this text of `file`; none twice, none that is the same program."""
    notes, lines = list(_annotations(source)), source.splitlines()
    seen = {_program(source)}
    for operator in _operators():
        for occurrence, start in enumerate(_positions(source, operator)):
            line, column = start
            bare_star = lines[line - 1].startswith("*,", column)  # in a signature: no product
            if bare_star or any(first <= start < last for first, last in notes):
                continue
            text = mutate_code(source, operator, occurrence)
            program = _program(text)
            if program and program not in seen:
                seen.add(program)
                yield Mutant(file, *changed_lines(source, text), text)


def _program(text: str) -> str:
    """The program alone, without comments and shape; empty when it is none (`def f(a, +, b)`)."""
    try:
        return ast.unparse(ast.parse(text))
    except SyntaxError:
        return ""


def _operators() -> list[Operator]:
    provider = OperatorProvider()
    return [provider[name]() for name in provider if _is_wanted(name)]


def _is_wanted(name: str) -> bool:
    if name.endswith(IDENTITY):
        return name.endswith(OF_IDENTITY)
    return name not in NEED_ARGUMENTS


def _positions(source: str, operator: Operator) -> list[Position]:
    nodes = ast_nodes(get_ast(source))
    return [start for node in nodes for start, _ in operator.mutation_positions(node)]


def _annotations(source: str) -> Iterator[Span]:
    for node in ast.walk(ast.parse(source)):
        for name in ("annotation", "returns"):
            note = getattr(node, name, None)
            if note is not None:
                yield (note.lineno, note.col_offset), (note.end_lineno, note.end_col_offset)
