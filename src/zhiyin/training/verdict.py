"""Did it converge? In words that say what to do."""

from collections.abc import Sequence

from zhiyin.core.languages import Sentence

LOSS_STILL = 0.002
"""Relative fall of the loss an epoch from which on a training counts as still improving."""
VALIDATION_STILL = 0.005
"""Relative gain of the validation figure over the last `RECENT` epochs from which on it counts as still improving."""
RECENT = 5


DIVERGED = Sentence("diverged: {trouble}; the weights of epoch {kept} are kept: lower learning_rate and train again",
                    "发散：{trouble}；保留第 {kept} 轮的权重：请调低 learning_rate 重新训练")  # fmt: skip
AT_ONCE = Sentence("diverged: {trouble}; nothing was learned, the weights are as before: lower learning_rate",
                   "发散：{trouble}；没有学到东西，权重为训练前的：请调低 learning_rate 重新训练")  # fmt: skip
RISEN = Sentence("the loss rose to {loss} from {first}", "损失从 {first} 升至 {loss}")
WHERE = Sentence("{trouble} in epoch {epoch}, batch {batch}", "第 {epoch} 轮第 {batch} 批{trouble}")
AFTER = Sentence("{trouble} after epoch {epoch}", "第 {epoch} 轮后{trouble}")
NOTHING = Sentence("not trained: 0 epochs", "没有训练：0 轮")
CONVERGED = Sentence("converged at epoch {best}: {after} more brought nothing better; its weights are kept",
                     "第 {best} 轮收敛：之后 {after} 轮没有更好；保留该轮权重")  # fmt: skip
STILL = Sentence("still improving at epoch {last}, the last one: train longer (raise epochs)",
                 "到最后的第 {last} 轮仍在进步：请延长训练（调高 epochs）")  # fmt: skip
FLAT = Sentence("converged at epoch {best}: the last {recent} epochs brought {gain}; the best weights are kept",
                "第 {best} 轮收敛：最近 {recent} 轮只提高 {gain}；保留最好的权重")  # fmt: skip
ONE = Sentence("1 epoch says nothing of convergence: train longer, or give a validation part",
               "1 轮看不出是否收敛：请延长训练，或给出验证部分")  # fmt: skip
FEW = Sentence("{n} epochs say nothing of convergence: train longer, or give a validation part",
               "{n} 轮看不出是否收敛：请延长训练，或给出验证部分")  # fmt: skip
FALLS = Sentence("still improving at epoch {last} (loss falls by {gain} an epoch): train longer",
                 "第 {last} 轮仍在进步（每轮损失下降 {gain}）：请延长训练")  # fmt: skip
RISES = Sentence("the loss rises at epoch {last}: lower learning_rate and train again",
                 "第 {last} 轮损失上升：请调低 learning_rate 重新训练")  # fmt: skip
BY_LOSS = Sentence("converged at epoch {last} by its training loss; without validation nobody checked overfitting",
                   "按训练损失在第 {last} 轮收敛；没有验证部分，未检查过拟合")  # fmt: skip


def verdict_of(
    curve: Sequence[dict[str, float]], patience: int, trouble: Sentence | None = None, kept: int = 0
) -> Sentence:
    """One sentence on a finished training: from its curve, its patience, and what stopped it.

    ``trouble``: what stopped it before its time; ``kept``: the epoch whose weights were put back then.
    """
    if trouble is not None:
        return (DIVERGED if kept else AT_ONCE).filled(trouble=trouble, kept=kept)
    if not curve:
        return NOTHING
    return _by_validation(curve, patience) if "validation" in curve[-1] else _by_loss(curve)


def _by_validation(curve: Sequence[dict[str, float]], patience: int) -> Sentence:
    best = max(curve, key=lambda entry: (entry["validation"], -entry["epoch"]))
    after = int(curve[-1]["epoch"] - best["epoch"])
    if after >= patience:
        return CONVERGED.filled(best=int(best["epoch"]), after=after)
    earlier = max((entry["validation"] for entry in curve[:-RECENT]), default=0.0)
    gain = (best["validation"] - earlier) / max(abs(best["validation"]), 1e-9)
    if gain > VALIDATION_STILL:
        return STILL.filled(last=int(curve[-1]["epoch"]))
    return FLAT.filled(best=int(best["epoch"]), recent=RECENT, gain=f"{max(gain, 0):.1%}")


def _by_loss(curve: Sequence[dict[str, float]]) -> Sentence:
    last = int(curve[-1]["epoch"])
    if len(curve) < 3:
        return ONE if len(curve) == 1 else FEW.filled(n=len(curve))
    gain = (curve[-3]["loss"] - curve[-1]["loss"]) / 2 / max(abs(curve[-1]["loss"]), 1e-9)
    if gain > LOSS_STILL:
        return FALLS.filled(last=last, gain=f"{gain:.1%}")
    return RISES.filled(last=last) if gain < -LOSS_STILL else BY_LOSS.filled(last=last)
