"""Whether words are glad or sad, in English and Chinese, offline: a list of plain words, and what turns them round.

The libraries for it have not been kept up since 2020 and know one language each, so that this is a list of our own. It
reads mood, not irony; `benchmarks/results/features.json` has how often it is right.
"""

import re
from functools import lru_cache


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


GLAD = _listed("""
    good great nice love loved loves lovely like liked enjoy enjoyed enjoyable excellent amazing awesome
    wonderful fantastic perfect perfectly beautiful beautifully best better happy happily glad pleased
    pleasant delighted delight delicious fun funny charming favorite favourite brilliant superb fresh
    recommend recommended worth impressive impressed satisfied comfortable cozy easy friendly helpful
    clean clever smart solid sweet thank thanks cheerful joy joyful excited exciting calm relaxed
    relaxing proud hope hopeful win winner gift treat yummy tasty cute gorgeous stunning outstanding
    terrific marvelous marvellous pleasure well works masterpiece touching moving entertaining engaging
    powerful refreshing hilarious captivating
""")
SAD = _listed("""
    bad badly worse worst poor poorly hate hated hates awful terrible horrible horrid disappointing
    disappointed disappointment disappoint boring bored dull ugly useless waste wasted broken broke
    break cheap cheaply flimsy dirty smelly smell stinks stink annoying annoyed angry anger sad sadly
    unhappy upset upsetting cry crying lonely tired exhausted depressed depressing gloomy miserable
    afraid scared fear worried worry anxious stress stressed stressful pain painful hurt hurts sick
    disgusting gross nasty rude slow wrong problem problems fail failed fails failure defective faulty
    refund return returned regret avoid mess stupid silly lame weak mediocre unfortunately lacks lack
    lacking tedious predictable pointless pretentious overpriced uncomfortable difficult cold stale
    bland dreadful unfunny contrived shallow flat uninspired fake scam junk garbage trash crap sucks
""")
CHINESE_GLAD = _listed("""
    喜欢 很好 不错 好看 好用 好吃 好评 满意 开心 高兴 快乐 幸福 愉快 喜悦 推荐 值得 完美 优秀 精彩 漂亮
    美丽 舒服 舒适 方便 实惠 便宜 超值 干净 热情 周到 给力 惊喜 感动 感谢 谢谢 享受 期待 放松 轻松 温馨
    温暖 可爱 有趣 有用 受益 经典 一流 很棒 真棒 太棒 最棒 赞 爱 物美价廉 性价比高 很快 挺好 蛮好 还好
    较好 最好 好的 流畅 清晰 清楚 齐全 新鲜 贴心 耐心 安静 宽敞 精美 精致 优美 深刻 启发 帮助 放心 结实
    划算 大方 时尚
""")
CHINESE_SAD = _listed("""
    讨厌 难看 难吃 难用 难受 难过 伤心 悲伤 生气 愤怒 失望 差评 很差 太差 较差 最差 真差 差劲 糟糕 糟
    垃圾 后悔 上当 受骗 骗人 骗 假货 假的 坏了 坏的 问题 毛病 缺点 故障 退货 退款 投诉 麻烦 郁闷 无聊
    没意思 孤独 寂寞 疲惫 累 烦 烦躁 焦虑 担心 害怕 痛苦 恶心 脏 臭 异味 噪音 吵 太慢 很慢 太贵 不值
    浪费 破 旧 死机 发热 太烫 掉色 粗糙 敷衍 冷漠 恶劣 态度差 无语 晕 可惜 遗憾 不足 错误 空洞 乏味 幼稚
    肤浅 罗嗦 啰嗦 混乱 简陋 陈旧 失败 缺货 破损 裂 死了 不行 不如 不好 不满 不爽 不会再
""")
TURNING = _listed("""
    not no never without hardly neither nor cannot cant can't dont don't doesnt doesn't didnt didn't
    isnt isn't wasnt wasn't wont won't wouldnt wouldn't couldnt couldn't arent aren't
""")
CHINESE_TURNING = "不没无别未"
READ = 10_000
"""Signs of a text that are read."""
REACH = 3
"""Words (Chinese: signs) before one in which something may turn it round."""
ENGLISH = re.compile(r"[a-z]+(?:['’][a-z]+)?")
CHINESE = re.compile("|".join(sorted(map(re.escape, (*CHINESE_GLAD, *CHINESE_SAD)), key=len, reverse=True)))
OWN_TURNS = frozenset(word for word in (*CHINESE_GLAD, *CHINESE_SAD) if word[0] in CHINESE_TURNING)


@lru_cache(1 << 16)
def sentiment(text: str) -> float:
    """From -1 (sad) to 1 (glad); 0 where no word says anything: (glad - sad) / (glad + sad + 1)."""
    text = text[:READ]
    glad = sad = 0
    words = [word.replace("’", "'") for word in ENGLISH.findall(text.casefold())]
    for place, word in enumerate(words):
        if word in GLAD or word in SAD:
            turned = any(before in TURNING for before in words[max(0, place - REACH) : place])
            glad, sad = (glad + 1, sad) if (word in GLAD) != turned else (glad, sad + 1)
    for found in CHINESE.finditer(text):
        word, before = found.group(), text[max(0, found.start() - REACH + 1) : found.start()]
        turned = word not in OWN_TURNS and any(sign in CHINESE_TURNING for sign in before)
        glad, sad = (glad + 1, sad) if (word in CHINESE_GLAD) != turned else (glad, sad + 1)
    return (glad - sad) / (glad + sad + 1)
