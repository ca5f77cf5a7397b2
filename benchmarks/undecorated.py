"""Sources with the decorators of their functions written out, since mutmut passes decorated ones.

``@cache`` above ``def f`` is ``f = cache(f)`` below it, by Python's definition; and below it, it
is in nobody's way. A mutant then is of the function alone, and the decorator is applied to
whatever stands for it.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

_LEFT = {"staticmethod", "classmethod"}
"""Decorators of which mutmut knows."""


def undecorated(source: str) -> str:
    """Return a module in which functions and methods are decorated by assignments.

    A name that is bound twice in its class or module, such as a property with a setter, is left.
    """
    lines = source.splitlines(keepends=True)
    for function in sorted(_decorated(ast.parse(source)), key=lambda f: -f.lineno):
        name, indent = function.name, " " * function.col_offset
        calls = [ast.unparse(decorator) for decorator in reversed(function.decorator_list)]
        assert function.end_lineno is not None
        lines[function.end_lineno : function.end_lineno] = [
            f"{indent}{name} = {call}({name})\n" for call in calls
        ]
        first = function.decorator_list[0].lineno
        del lines[first - 1 : function.lineno - 1]
    return "".join(lines)


def _decorated(module: ast.Module) -> Iterator[ast.FunctionDef]:
    scopes: list[ast.Module | ast.ClassDef] = [module]
    scopes += [node for node in module.body if isinstance(node, ast.ClassDef)]
    for scope in scopes:
        functions = [node for node in scope.body if isinstance(node, ast.FunctionDef)]
        times = Counter(function.name for function in functions)
        for each in functions:
            named = {ast.unparse(decorator) for decorator in each.decorator_list}
            if named and not named & _LEFT and times[each.name] == 1:
                yield each
