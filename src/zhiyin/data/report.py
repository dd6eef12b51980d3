"""What was left out of a log: one line a reason, in the same form as the reports of the fixes."""

import re
from collections.abc import Mapping

import polars as pl

from zhiyin.data.checks.check import Words
from zhiyin.data.cleaning import FixReport

LEFT_OUT: Mapping[str, Words] = {
    "no user": Words("{rows} lines have no customer: left out", "{rows} 行没有顾客：已去除"),
    "no item": Words("{rows} lines have no item: left out", "{rows} 行没有商品：已去除"),
    "no time": Words("{rows} lines have no time: left out", "{rows} 行没有时间：已去除"),
}
"""Reasons of bad rows in a reader's words; the others are said as they are."""
COLUMNS: Mapping[str, str] = {"user": "用户", "item": "商品", "time": "时间", "value": "数值", "consent": "授权"}
REASONS: Mapping[str, str] = {
    r"no (\w+)": "没有{0}", r"(\w+) cannot be read": "{0}无法读取", r"(\w+) is broken UTF-8": "{0}不是有效的 UTF-8",
    r"(\w+) is infinite": "{0}为无穷大", r"(\w+) is the word ('.*'), taken for missing": "{0}为单词 {1}，视为缺失",
    r"(\w+) is before 1970": "{0}早于 1970 年", r"(\w+) is in the future": "{0}在未来", r"(\w+) is NaN": "{0}为 NaN",
    r"(\w+) is impossibly large": "{0}大得不可能", r"more fields than the header's (\d+)": "字段多于表头的 {0} 个",
    r"(\d+) fields instead of (\d+)": "有 {0} 个字段，应为 {1} 个", "half a last line": "最后一行不完整",
    "a quotation mark that does not fit": "引号不配对", "broken UTF-8": "不是有效的 UTF-8",
    "half a character": "字符不完整", "nested too deep": "嵌套过深", "not JSON": "不是 JSON",
    "not a JSON object": "不是 JSON 对象", "lists of different length": "列表长度不一",
}  # fmt: skip
"""Reason of a bad row, as a pattern → the same in Chinese."""


def reason_said(reason: str) -> Words:
    """A reason in both languages; one of a plug-in's reader, which has no Chinese, as it is."""
    for pattern, chinese in REASONS.items():
        if found := re.fullmatch(pattern, reason, re.DOTALL):
            return Words(reason, chinese.format(*(COLUMNS.get(part, part) for part in found.groups())))
    return Words(reason, reason)


def left_out(bad: pl.DataFrame, n_good: int) -> tuple[FixReport, ...]:
    """The bad rows by reason, most frequent first."""
    reports, left = [], n_good + len(bad)
    for reason, rows in counted(bad).items():
        said = reason_said(reason)
        plain = Words(f"{rows:,} lines: {said.en}: left out", f"{rows:,} 行：{said.zh}：已去除")
        left -= rows
        sentence = LEFT_OUT[reason].filled(rows=rows) if reason in LEFT_OUT else plain
        reports.append(FixReport(reason, rows, left, sentence))
    return tuple(reports)


def counted(bad: pl.DataFrame) -> dict[str, int]:
    """Rows of each reason, most frequent first."""
    return dict(bad["reason"].value_counts().sort("count", "reason", descending=[True, False]).iter_rows())
