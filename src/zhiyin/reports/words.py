"""The words of the report beside their translation."""

from zhiyin.core.languages import Language, Sentence

WORDS = {
    "title": Sentence("Zhiyin: report of a run", "知音：运行报告"),
    "steps": Sentence("Steps and cost", "步骤与开销"),
    "total": Sentence("all", "合计"),
    "cpu": Sentence("CPU s", "CPU 秒"),
    "memory": Sentence("peak MB", "峰值 MB"),
    "energy": Sentence("Wh", "瓦时"),
    "energy_how": Sentence(
        "CPU seconds and memory are measured (memory: the most that the process had held by the end of the step). The "
        "energy is an estimate: {watts} W for each busy core, an assumption that zhiyin report --watts changes; "
        "nothing else of the machine is counted.",
        "CPU 秒与内存为实测（内存：该步骤结束前进程占用的最大值）。能耗为估计：每个忙碌的核 {watts} 瓦，"
        "该假设可用 zhiyin report --watts 修改；不计机器其他部分。",
    ),
    "step": Sentence("step", "步骤"),
    "seconds": Sentence("seconds", "秒"),
    "result": Sentence("result", "结果"),
    "data": Sentence("The data", "数据"),
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
    "effects": Sentence("What mending each defect does, measured", "修补每种缺陷的效果（实测）"),
    "effects_how": Sentence(
        "One quick model ({model}) learned with the fix and one without it, for the same people and what they then "
        "took: the difference in {metric} with its 95 % interval over people. Above 0: mending helps.",
        "用一个快速模型（{model}）分别在修补与不修补该缺陷的日志上训练，对同样的人及其之后的选取评测："
        "{metric} 之差及按人计算的 95 % 区间。大于 0 表示修补有益。",
    ),
    "effects_sure": Sentence(
        "More than chance (p after correction for all fixes): {names}.", "并非偶然（经全部步骤校正）：{names}。"
    ),
    "effects_none": Sentence(
        "None of these differences is shown to be more than chance; the intervals say how large they could still be.",
        "没有一项差异被证明并非偶然；区间给出它们最多可能有多大。",
    ),
    "fix": Sentence("fix", "清洗步骤"),
    "with": Sentence("with", "修补后"),
    "without": Sentence("without", "修补前"),
    "not_in_recipe": Sentence("asked for by a check, not in the recipe", "检查建议，方案中没有"),
    "spread_person": Sentence("people by their number of events", "按事件数统计的人数"),
    "spread_item": Sentence("items by their number of events", "按事件数统计的商品数"),
    "spread_time": Sentence("events over time", "事件随时间的分布"),
    "spread_kind": Sentence("events of each kind", "各类事件数"),
    "spread_value": Sentence("events by their value", "按数值统计的事件数"),
    "half": Sentence(
        "Half of all events are on {items} of {of} items ({share}).",
        "一半的事件集中在 {of} 件商品中的 {items} 件（{share}）。",
    ),
    "models": Sentence("Models compared", "模型比较"),
    "model": Sentence("model", "模型"),
    "split": Sentence("How it was tested", "测试方式"),
    "cases": Sentence("test cases", "测试样本"),
    "interval": Sentence("Each figure with its 95 % interval over people", "每个数字附按人计算的 95 % 区间"),
    "differences": Sentence(
        "The list that answers beside each other. Interval and p are of one pair alone, p (Holm) is corrected for all "
        "pairs; the one to ask first is the list that answers beside popularity: there p alone counts",
        "负责推荐的列表与其他列表之差。区间和 p 针对单个配对，p（Holm）按全部配对校正；首先看与热门榜的比较：只看 p",
    ),
    "differences_best": Sentence(
        "The best list beside each other. Interval and p are of one pair alone, p (Holm) is corrected for all pairs",
        "最好的列表与其他列表之差。区间和 p 针对单个配对，p（Holm）按全部配对校正",
    ),
    "difference": Sentence("difference [95 % interval]", "差异 [95 % 区间]"),
    "p": Sentence("p", "p"),
    "p_holm": Sentence("p (Holm)", "p（Holm）"),
    "leakage": Sentence("Leakage audit", "泄漏审计"),
    "sources": Sentence("What each source of candidates adds", "每个候选来源的贡献"),
    "sources_how": Sentence(
        "Full: what the source proposed; hollow: what nobody else proposed. With 95 % intervals over people.",
        "实心：该来源提出的；空心：只有它提出的。附按人计算的 95 % 区间。",
    ),
    "reached": Sentence("share of what was taken", "之后选取的占比"),
    "reached_alone": Sentence("by it alone", "仅由它提出"),
    "hits": Sentence("hits of the slate, a person", "每人列表命中数"),
    "hits_alone": Sentence("by it alone", "仅由它提出"),
    "training": Sentence("Training", "训练过程"),
    "loss": Sentence("loss of each epoch", "每轮损失"),
    "validation": Sentence("validation of each epoch", "每轮验证指标"),
    "epoch": Sentence("epoch", "轮次"),
    "rankers": Sentence("Rankers", "排序模型"),
    "importance": Sentence("The columns that count most", "最重要的特征列"),
    "calibration": Sentence("Do probabilities come true on the test part?", "概率在测试部分是否属实？"),
    "calibration_how": Sentence(
        "Each point is a tenth of all candidates: the probability that was said, against the share that was taken. On "
        "the line both are the same; the error is their mean distance.",
        "每个点是十分之一的候选：预测的概率与实际被选取的占比。落在线上表示两者一致；误差为平均距离。",
    ),
    "predicted": Sentence("predicted → taken", "预测 → 实际"),
    "ranker": Sentence("ranker", "排序模型"),
    "error": Sentence("calibration error", "校准误差"),
    "log_loss": Sentence("log loss", "对数损失"),
    "entropy": Sentence(
        "log loss over that of the mean alone (below 1: it knows more)",
        "对数损失与只报平均概率之比（小于 1：知道得更多）",
    ),
    "ablation": Sentence("What the large models' columns add to a ranker", "大模型特征列对排序模型的贡献"),
    "ablation_how": Sentence(
        "Difference in {metric} beside the same predictor without these columns, {people} people, 95 % intervals. "
        "Hollow: the control, the same columns shuffled between people.",
        "相对于没有这些列的同一预测模型，{metric} 之差，{people} 人，95 % 区间。空心：对照，同样的列在人与人之间打乱。",
    ),
    "every_family": Sentence("all", "全部"),
    "content": Sentence("What items are by themselves", "物品自身的内容"),
    "content_how": Sentence(
        "Vectors made of what the items' table holds, not of what anybody did. An item without is treated as missing.",
        "由物品表的内容（而非任何人的行为）得到的向量；没有内容的物品按缺失处理。",
    ),
    "block": Sentence("block", "内容块"),
    "encoder": Sentence("encoder", "编码器"),
    "covered": Sentence("items with it", "有内容的物品"),
    "absent": Sentence("nothing given", "未提供"),
    "unusable": Sentence("could not be used", "无法使用"),
    "alike": Sentence("Most alike by {block} (cosine of their vectors)", "按 {block} 最相似（向量夹角余弦）"),
    "content_effects": Sentence("What content adds", "内容的贡献"),
    "content_effects_how": Sentence(
        "{model} learned again without a block, or with it shuffled between the items: {metric} beside the whole model "
        "({value}), the same {people} people, 95 % intervals. Below 0: the content is worth so much.",
        "{model} 在去掉某内容块、或在物品之间打乱它之后重新训练：与完整模型（{value}）相比的 {metric}，"
        "同样的 {people} 人，95 % 区间。小于 0 表示该内容值这么多。",
    ),
    "cold": Sentence("Nobody took these yet: who would find them first", "尚无人选取的物品：谁会最先看到"),
    "cold_how": Sentence(
        "By {model}: the place in the list of the person, of {of} who were asked about.",
        "按 {model}：该物品在此人列表中的名次（共询问 {of} 人）。",
    ),
    "generated": Sentence("Items that could be", "可能的新商品"),
    "neighbours": Sentence("nearest in the catalogue", "目录中最接近的"),
    "novelty": Sentence("novelty", "新颖度"),
    "gaps": Sentence(
        "What to stock next: wanted, and farther from every item than 19 of 20 items are from their own nearest",
        "接下来进什么货：有人想要，而且离任何商品都比 20 件中 19 件离各自最近的商品更远",
    ),
    "asked_by": Sentence("people [95 % interval]", "人数 [95 % 区间]"),
    "specifications": Sentence("Made for people of the log", "为日志中的用户生成"),
    "judgement": Sentence("How good the generator is", "生成模型的评判"),
    "measure": Sentence("measure", "指标"),
    "figure": Sentence("value", "数值"),
    "marginals": Sentence("copy of the columns, each by itself", "各列独立复制"),
    "goal": Sentence("goal", "目标"),
    "met": Sentence("reached", "达到"),
    "missed": Sentence("missed", "未达到"),
    "told_apart": Sentence(
        "a classifier tells made items from real ones (AUC; 0.5: it cannot)",
        "分类器区分生成与真实物品（AUC；0.5 表示无法区分）",
    ),
    "modes": Sentence("share of real items that a made one is near to", "有生成物品相近的真实物品占比"),
    "new": Sentence("share of made items that no real one is near to", "没有真实物品相近的生成物品占比"),
    "nearer_to_training": Sentence(
        "nearer to items learned from than to ones kept away (0.5: nothing by heart)",
        "更接近训练物品而非留出物品（0.5 表示没有死记）",
    ),
    "foresight": Sentence(
        "later items are nearer to what was made for those who took them (AUC)",
        "后来上架的物品更接近为选取者生成的物品（AUC）",
    ),
    "people": Sentence("People, slates and reasons", "用户、推荐与理由"),
    "nobody": Sentence("somebody new", "新用户"),
    "history": Sentence("history, newest last", "历史（最新在后）"),
    "item": Sentence("item", "商品"),
    "rank": Sentence("#", "#"),
    "source": Sentence("source", "来源"),
    "reason": Sentence("reason", "理由"),
    "pass": Sentence("pass", "通过"),
    "warn": Sentence("warning", "警告"),
    "fail": Sentence("fail", "不通过"),
}

STEPS = {
    "data": Sentence("data", "数据"), "models": Sentence("large models", "大模型"),
    "features": Sentence("features", "特征"), "ranking": Sentence("ranking", "排序"),
    "generation": Sentence("generation", "生成"), "answering": Sentence("answering", "推荐"),
}  # fmt: skip


def words(language: Language) -> dict[str, str]:
    """Every word of the report in one language; places for values stay."""
    return {name: getattr(sentence, language) for name, sentence in WORDS.items()}


REASONS = {
    "no user": "没有用户", "no item": "没有商品", "time cannot be read": "时间无法读取",
    "time is before 1970": "时间早于 1970 年", "time is in the future": "时间在未来",
    "value cannot be read": "数值无法读取", "value is NaN": "数值为 NaN", "value is impossibly large": "数值过大",
    "half a last line": "最后一行不完整",
    "a quotation mark that does not fit": "引号不匹配", "it is empty": "内容为空",
    "it is no list of numbers": "不是数字列表", "it holds numbers that are not finite": "含有非有限数",
}  # fmt: skip
"""Why rows are set aside and content is not used, in Chinese; a reason that names something stays as it is."""
