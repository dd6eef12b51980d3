"""What is said of how a log was understood (its columns, its times, its tables), in Chinese beside the English.

Notes are kept in English, with the snapshot; here each has its twin.
"""

import re
from collections.abc import Mapping

from zhiyin.core.languages import Sentence

TABLES: Mapping[str, str] = {"item": "商品", "user": "用户"}
WORDS: Mapping[str, str] = {
    **TABLES, "time": "时间", "value": "数值", "session": "会话", "kind": "事件类型", "position": "位置",
    "price": "价格", "title": "标题", "purchase": "购买", "rating": "评分", "seconds": "秒", "milliseconds": "毫秒",
    "microseconds": "微秒", "nanoseconds": "纳秒", "day/month": "日/月", "month/day": "月/日",
    "year/month/day": "年/月/日",
}  # fmt: skip
ORDER = r"(?:year/month/day|day/month|month/day)"
NOTES: Mapping[str, str] = {
    r"(.+) holds no number that can be read in ([\d,]+) rows: taken for missing":
        "{0} 列有 {1} 行不是可读的数：视为缺失",
    r"every event is a (\w+): (.+) says so": "每个事件都是{said[0]}：由 {1} 列可知",
    r"(.+) is written like 17850\.0: read as 17850": "{0} 列写作 17850.0 的形式：读作 17850",
    r"(.+) is taken for (\w+), though (.+) could be it: say otherwise with (.+)":
        "{0} 列视为{said[1]}，但 {2} 也可能是；若不对，请用 {3}",
    r"(.+) is taken for time, as its cells are dates": "{0} 列视为时间，因为其内容是日期",
    r"(.+) is taken for time, as its cells are dates, though (.+) could be it":
        "{0} 列视为时间，因为其内容是日期；但 {1} 也可能是",
    r"no time; (.+) looks? like dates: say which is when things happened, (.+)":
        "没有时间列；{0} 像是日期：请指明哪一列是事件发生的时间，{1}",
    r"(.+) is 1 for a click and 0 for an impression, which says nothing for or against the item":
        "{0} 列中 1 为点击，0 为曝光；曝光不表示喜欢或不喜欢该商品",
    r"(.+) is taken for the place on the page and kept as context": "{0} 列视为页面上的位置，作为上下文保留",
    r"(.+) is mostly empty": "{0} 列大多为空",
    r"no column names the user: each session is one": "没有用户列：每个会话视为一位用户",
    r"no column names the user: people of the same features are taken for one":
        "没有用户列：特征相同的人视为同一位用户",
    r"(.+) is in days since 1900, as spreadsheets count: read as dates":
        "{0} 列是电子表格自 1900 年起的天数：读作日期",
    r"(.+) is in (\w+): read as seconds": "{0} 列以{said[1]}为单位：换算为秒",
    r"(.+) mixes units \((.+)\): each row read as seconds, its unit told by its size":
        "{0} 列混用单位（{said[1]}）：每行都换算为秒，单位由数值大小判断",
    rf"(.+) could be ({ORDER}(?: or {ORDER})+): read as (.+)": "{0} 列可能是{said[1]}：读作{said[2]}",
    r"([\d,]+) rows of the (item|user)s table have no \w+: left out": "{said[1]}表中 {0} 行没有{said[1]}标识：已去除",
    r"([\d,]+) rows of the (item|user)s table repeat an? \w+: the first of each is kept":
        "{said[1]}表中 {0} 行重复了{said[1]}标识：各保留第一行",
    r"(.+) is taken for the (item|user), as the events' \w+ stand in it":
        "{0} 列视为{said[1]}标识，因为事件中的{said[1]}都在其中",
    r"none of the first events' (item|user)s stands in (.+)": "最初的事件中没有一个{said[0]}出现在 {1} 列里",
    r"item numbers repeat in each (.+): .+ and item together are the id":
        "商品编号在每个 {0} 中重复：{0} 与商品编号合为标识",
    r"([\d,]+) ties lack a user or a friend: left out": "{0} 条好友关系缺少用户或好友：已去除",
    r"([\d,]+) people are named as friends of themselves: left out": "{0} 人被列为自己的好友：已去除",
    r"([\d,]+) ties stand twice: counted once": "{0} 条好友关系重复：只计一次",
    r"events are read from (.+); not read: (.+)": "事件读自 {0}；未读：{1}",
    r"(.+) is read as (.+), told from its bytes; say otherwise with --encoding":
        "{0} 按 {1} 编码读取，由其字节判断；若不对，请用 --encoding",
    r"sheet '(.+)' is read, not read: (.+); say otherwise with --sheet":
        "读取工作表“{0}”，未读：{1}；若不对，请用 --sheet",
    r"sheet '(.+)' is read, not read: (.+)": "读取工作表“{0}”，未读：{1}",
    r"rows (\d+) and (\d+) are the header together: (.+)": "第 {0} 行与第 {1} 行合为表头：{2}",
    r"the header is row (\d+); what stands above it is left out": "表头在第 {0} 行；其上内容未读",
}  # fmt: skip
"""A note, as a pattern → the same in Chinese; the first that fits. ``{0}`` is a name of yours, ``{said[0]}`` a word of
ours."""
ABOUT = re.compile(r"(items|users|[^:]+\.\w+): (.+)", re.DOTALL)
"""A note of a table or of a file by name."""


def note_said(note: str) -> Sentence:
    """A note in both languages; one of a plug-in's reader, which has no Chinese, as it is."""
    if found := ABOUT.fullmatch(note):
        about, rest = found.group(1), note_said(found.group(2))
        if rest.zh != rest.en:
            called = f"{TABLES[about[:-1]]}表" if about in ("items", "users") else about
            return Sentence(note, f"{called}：{rest.zh}")
    for pattern, chinese in NOTES.items():
        if found := re.fullmatch(pattern, note, re.DOTALL):
            parts = found.groups()
            return Sentence(note, chinese.format(*parts, said=[_said(part) for part in parts]))
    return Sentence(note, note)


def _said(part: str) -> str:
    """A word of ours in Chinese, orders of a date and counts of units one by one; names of yours as they are."""
    if re.fullmatch(rf"{ORDER}(?: or {ORDER})+", part):
        return "或".join(_said(one) for one in part.split(" or "))
    if found := re.findall(r"([\d,]+) rows in (\w+)(?:, |$)", part):
        return "，".join(f"{rows} 行为{_said(unit)}" for rows, unit in found)
    return WORDS.get(part, part)
