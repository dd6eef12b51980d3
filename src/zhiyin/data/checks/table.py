"""Which checks there are: ours in one table, an outsider's in the entry-point group ``zhiyin.checks``."""

from collections.abc import Mapping
from importlib import import_module

from zhiyin.core.errors import SettingsError
from zhiyin.core.plugins import registered
from zhiyin.data.checks.check import Check

GROUP = "zhiyin.checks"

CHECKS: Mapping[str, str] = {
    "missing": "missing:Missing",
    "time_unit": "time_unit:TimeUnit",
    "encoding": "encoding:Encoding",
    "spelling": "spelling:Spelling",
    "returns": "returns:Returns",
    "price": "price:Price",
    "not_products": "not_products:NotProducts",
    "future": "future:Future",
    "impossible": "impossible:Impossible",
    "bots": "bots:Bots",
    "several_titles": "several_titles:SeveralTitles",
    "no_title": "no_title:NoTitle",
    "duplicates": "duplicates:Duplicates",
    "concentration": "concentration:Concentration",
    "time_ties": "time_ties:TimeTies",
    "tie_order": "tie_order:TieOrder",
}
"""Name → where it is, in the order in which findings are shown and fixes are made."""


def all_checks() -> list[Check]:
    """Every check, ours first, then those of plug-ins by name."""
    return [named_check(name) for name in (*CHECKS, *sorted(set(registered(GROUP)) - set(CHECKS)))]


def named_check(name: str) -> Check:
    """The check of this name; `SettingsError` with the nearest right name where there is none."""
    if name in CHECKS:
        module, _, attribute = CHECKS[name].partition(":")
        check = getattr(import_module(f"zhiyin.data.checks.{module}"), attribute)()
    elif name in registered(GROUP):
        check = registered(GROUP)[name].load()()
    else:
        choices = [*CHECKS, *sorted(set(registered(GROUP)) - set(CHECKS))]
        raise SettingsError.unknown(f"there is no check {name!r}", name, choices, "the checks are")
    if not isinstance(check, Check):
        raise SettingsError(f"check {name!r} is a {type(check).__name__}; derive it from zhiyin.data.checks.Check")
    return check
