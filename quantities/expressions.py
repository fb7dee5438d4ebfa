"""A safe evaluator for expressions over quantity keys, with units.

Allowed: + - * / ( ), numbers, quantity keys, the time units (day, week, month, year, hour, minute), min, max, ceil,
and the named formulas of `formulas`. Anything else is refused before it is evaluated.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import cache

from ai_data_strategy.errors import ExpressionError
from ai_data_strategy.quantities.formulas import FORMULAS
from ai_data_strategy.quantities.measures import Measure, measure
from ai_data_strategy.quantities.units import TIMES

_OPERATORS: dict[type[ast.operator], Callable[[Measure, Measure], Measure]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_LONGEST = 300
_DEEPEST = 20


@cache
def _tree(expression: str) -> ast.expr:
    if len(expression) > _LONGEST:
        raise ExpressionError(f"expression of {len(expression)} characters: at most {_LONGEST}")
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"expression {expression!r} cannot be read: write keys joined by + - * / and formulas") from error


@cache
def inputs(expression: str) -> tuple[str, ...]:
    """The quantity keys that an expression uses, in order of appearance."""
    tree = _tree(expression)
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions]
    return tuple(dict.fromkeys(name for name in names if name not in TIMES))


def evaluate(expression: str, values: Mapping[str, tuple[float, str]], result_unit: str) -> float:
    """The value of `expression` in `result_unit`; `values` maps each key to (value, unit).

    Raises ExpressionError for what is not allowed, an unknown key, a division by zero, or units that do not fit.
    """
    try:
        value = _value(_tree(expression), values, 0)
        if not value.fits(result_unit):
            raise ExpressionError(f"{expression!r} gives {value.shown}, not {result_unit!r}: mend the expression or the unit")
        number = value.into(result_unit)
    except ZeroDivisionError as error:
        raise ExpressionError(f"{expression!r} divides by zero") from error
    except (ValueError, OverflowError) as error:
        raise ExpressionError(f"{expression!r} cannot be computed with these inputs: {error}") from error
    if not math.isfinite(number):
        raise ExpressionError(f"{expression!r} has no finite value with these inputs")
    return number


def _value(node: ast.expr, values: Mapping[str, tuple[float, str]], depth: int) -> Measure:
    if depth > _DEEPEST:
        raise ExpressionError("expression is nested too deeply")
    match node:
        case ast.Constant(value=bool()):
            raise ExpressionError("only numbers, keys and formulas are allowed")
        case ast.Constant(value=int() | float() as number):
            return Measure(float(number))
        case ast.Name(id=name):
            return _named(name, values)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, values, depth + 1), _value(right, values, depth + 1))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _called(name, [_value(argument, values, depth + 1) for argument in arguments])
    raise ExpressionError(
        f"{ast.unparse(node)!r} is not allowed: only numbers, keys, + - * /, min, max, ceil and {', '.join(sorted(FORMULAS))}"
    )


def _named(name: str, values: Mapping[str, tuple[float, str]]) -> Measure:
    if name in values:
        return measure(*values[name])
    if name in TIMES:
        return measure(1.0, name)
    raise ExpressionError(f"no quantity has the key {name!r}")


def _called(name: str, arguments: list[Measure]) -> Measure:
    if name in ("min", "max") and arguments:
        if len({argument.dimensions for argument in arguments}) > 1:
            raise ExpressionError(f"{name} needs arguments of one dimension")
        return min(arguments, key=_base) if name == "min" else max(arguments, key=_base)
    if name == "ceil" and len(arguments) == 1:
        return arguments[0].up()
    known = FORMULAS.get(name)
    if known is None:
        raise ExpressionError(f"no formula is called {name!r}: use one of {', '.join(sorted(FORMULAS))}")
    wanted = known.parameters
    if known.variadic and len(arguments) > len(wanted):
        wanted = wanted + (wanted[-1],) * (len(arguments) - len(wanted))
    if len(arguments) != len(wanted) and not (known.variadic and len(arguments) >= len(wanted) - 1):
        raise ExpressionError(f"{name} takes {len(known.parameters)} inputs, not {len(arguments)}")
    plain = [_in_unit(argument, need, name) for argument, need in zip(arguments, wanted, strict=False)]
    return measure(float(known.compute(*plain)), known.result)


def _in_unit(argument: Measure, wanted: str, name: str) -> float:
    if not argument.fits(wanted):
        raise ExpressionError(f"{name}: an input in {argument.shown} does not fit {wanted!r}")
    return argument.into(wanted)


def _base(argument: Measure) -> float:
    return argument.base
