"""The words of the report beside their translation."""

from zhiyin.core.languages import Language, Sentence

WORDS = {
    "title": Sentence("Zhiyin: report of a run", "知音：运行报告"),
    "steps": Sentence("Steps and cost", "步骤与开销"),
    "step": Sentence("step", "步骤"),
    "seconds": Sentence("seconds", "秒"),
    "result": Sentence("result", "结果"),
    "data": Sentence("What was read", "读入的数据"),
    "aside": Sentence("Rows set aside, and why", "被隔离的行及原因"),
    "quality": Sentence("Data quality", "数据质量"),
    "score": Sentence("Score (of 1)", "得分（满分 1）"),
    "points": Sentence("score", "得分"),
    "check": Sentence("check", "检查"),
    "verdict": Sentence("verdict", "结论"),
    "rows": Sentence("rows", "行数"),
    "share": Sentence("share", "占比"),
    "cleaning": Sentence("Cleaning", "清洗"),
    "left": Sentence("rows left", "剩余行数"),
    "models": Sentence("Models compared", "模型比较"),
    "model": Sentence("model", "模型"),
    "split": Sentence("How it was tested", "测试方式"),
    "cases": Sentence("test cases", "测试样本"),
    "interval": Sentence("Each figure with its 95 % interval over people", "每个数字附按人计算的 95 % 区间"),
    "differences": Sentence(
        "The best beside each other, corrected for all comparisons (Holm)",
        "最好的列表与其他的差异（Holm 多重比较校正）",
    ),
    "difference": Sentence("difference", "差异"),
    "p": Sentence("p (Holm)", "p（Holm）"),
    "leakage": Sentence("Leakage audit", "泄漏审计"),
    "training": Sentence("Training", "训练过程"),
    "loss": Sentence("loss of each epoch", "每轮损失"),
    "validation": Sentence("validation of each epoch", "每轮验证指标"),
    "rankers": Sentence("Rankers", "排序模型"),
    "new": Sentence("Items that could be", "可能的新商品"),
    "neighbours": Sentence("nearest in the catalogue", "目录中最接近的"),
    "novelty": Sentence("novelty", "新颖度"),
    "people": Sentence("People, slates and reasons", "用户、推荐与理由"),
    "nobody": Sentence("somebody new", "新用户"),
    "history": Sentence("history, newest last", "历史（最新在后）"),
    "item": Sentence("item", "商品"),
    "source": Sentence("source", "来源"),
    "reason": Sentence("reason", "理由"),
    "pass": Sentence("pass", "通过"),
    "warn": Sentence("warning", "警告"),
    "fail": Sentence("fail", "不通过"),
}


def words(language: Language) -> dict[str, str]:
    """Every word of the report in one language."""
    return {name: sentence.said(language) for name, sentence in WORDS.items()}


REASONS = {
    "no user": "没有用户", "no item": "没有商品", "time cannot be read": "时间无法读取",
    "time is before 1970": "时间早于 1970 年", "time is in the future": "时间在未来",
    "value cannot be read": "数值无法读取", "value is NaN": "数值为 NaN", "value is impossibly large": "数值过大",
    "half a last line": "最后一行不完整",
    "a quotation mark that does not fit": "引号不匹配",
}  # fmt: skip
"""Why rows are set aside, in Chinese; a reason that names something of the file stays as it is."""
