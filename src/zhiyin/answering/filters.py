"""Which items, in words: ``category == "mug" and price < 5``, ``colour in ["red", "blue"] and not brand == "x"``.

Words are read as Python reads them and never run: of its language there are comparisons of a column with a value,
``in`` with a list, ``and``, ``or``, ``not``. Where an item says nothing of a column, only ``!=`` and ``not in`` hold.
"""

import ast
import operator
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from zhiyin.answering.columns import Columns
from zhiyin.core.errors import SettingsError

LONGEST = 2000
"""Characters of a filter."""
DEEPEST = 16
"""Filters inside a filter."""
EXAMPLE = 'category == "mug" and price < 5'
BY = "the filter"
QUIET = threading.Lock()

ORDERS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
TURNED: Mapping[type, type] = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
"""The same order with its sides exchanged."""


@dataclass(frozen=True)
class Filter:
    """A condition on items."""

    text: str
    condition: ast.expr

    @staticmethod
    def of(text: str) -> "Filter":
        """Read it. Raises `SettingsError` for what is no filter, longer than 2,000 characters or too deep."""
        return _read(text)

    def allowed(self, columns: Columns) -> np.ndarray:
        """Which items it holds for, bool (N,). Raises `SettingsError` for a column that the items do not have."""
        return _holds(self.condition, columns)


@lru_cache(256)
def _read(text: str) -> Filter:
    if len(text) > LONGEST:
        raise SettingsError(
            f"the filter has {len(text):,} characters; give at most {LONGEST:,}", found=f"{len(text):,}",
            allowed=f"{LONGEST:,}",
        )  # fmt: skip
    try:
        with QUIET, warnings.catch_warnings(action="ignore"):  # of Python's about its own language
            spelled = text.strip().replace("\\", "\\\\")  # a backslash is a sign like others
            condition = ast.parse(spelled, mode="eval").body
    except SyntaxError as error:
        raise _unreadable(f"{error.msg} at character {error.offset or 0}", text) from None
    except (ValueError, RecursionError, MemoryError):
        raise _unreadable("no text of conditions", text) from None
    _check(condition, DEEPEST)
    return Filter(text, condition)


def _check(node: ast.expr, depth: int) -> None:
    """Raises `SettingsError` for what is no condition."""
    if not depth:
        raise SettingsError(f"the filter is deeper than {DEEPEST} conditions inside each other; write it flatter")
    if isinstance(node, ast.BoolOp):
        for part in node.values:
            _check(part, depth - 1)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check(node.operand, depth - 1)
    elif isinstance(node, ast.Compare):
        for left, order, right in _pairs(node):
            _column_and_value(left, order, right)
    else:
        raise _unreadable("it is no comparison", _said(node))


def _holds(node: ast.expr, columns: Columns) -> np.ndarray:
    if isinstance(node, ast.BoolOp):
        parts = [_holds(part, columns) for part in node.values]
        return np.asarray((np.logical_and if isinstance(node.op, ast.And) else np.logical_or).reduce(parts))
    if isinstance(node, ast.UnaryOp):
        return ~_holds(node.operand, columns)
    assert isinstance(node, ast.Compare)  # noqa: S101  `_check` has seen it
    found = [_compared(*_column_and_value(*pair), columns) for pair in _pairs(node)]
    return np.asarray(np.logical_and.reduce(found))


def _compared(column: str, order: type, value: Any, columns: Columns) -> np.ndarray:
    if order in ORDERS:
        with np.errstate(invalid="ignore"):
            return np.asarray(ORDERS[order](columns.numbers(column, BY), value))
    there = columns.having(column, value if isinstance(value, list) else [value], BY)
    return ~there if order in (ast.NotEq, ast.NotIn) else there


def _pairs(node: ast.Compare) -> list[tuple[ast.expr, type, ast.expr]]:
    """``1 < price < 5`` is two."""
    sides = [node.left, *node.comparators]
    return [(left, type(op), right) for left, op, right in zip(sides, node.ops, sides[1:], strict=False)]


def _column_and_value(left: ast.expr, order: type, right: ast.expr) -> tuple[str, type, Any]:
    """A column (a name, or text where it stands first), how it is compared, and a value or a list of values."""
    if order not in (ast.Eq, ast.NotEq, ast.In, ast.NotIn, *ORDERS):
        raise _unreadable("it compares in a way that is not known", _said(left))
    if _is_column(right) and not _is_column(left):  # "red" in colours, 5 > price
        left, right, order = right, left, TURNED.get(order, order)
    elif order in (ast.In, ast.NotIn) and not isinstance(right, ast.List | ast.Tuple):
        raise _unreadable("in needs a list of values", _said(right))
    if _is_column(left):
        column = left.id  # type: ignore[attr-defined]
    elif isinstance(left, ast.Constant) and isinstance(left.value, str):
        column = left.value
    else:
        raise _unreadable("it compares no column", _said(left))
    value = _value(right)
    if order in ORDERS and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise SettingsError(
            f"{BY} orders {column!r} by {value!r}; < and > compare numbers: give a number", found=repr(value),
            allowed="a number",
        )  # fmt: skip
    return column, order, value


def _is_column(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id not in ("true", "false")


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(part) for part in node.elts]
    if isinstance(node, ast.Name) and not _is_column(node):
        return node.id
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if isinstance(value, int | float):
            return -value
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
        return node.value
    raise _unreadable("it compares with what is no value", _said(node))


def _said(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except RecursionError:
        return "…"


def _unreadable(why: str, found: str) -> SettingsError:
    found = found[:60]
    return SettingsError(
        f"the filter cannot be read ({why}: {found!r}); write it like  {EXAMPLE}", found=found, allowed=EXAMPLE
    )
