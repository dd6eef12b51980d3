"""Did it converge? In words that say what to do."""

from collections.abc import Sequence

LOSS_STILL = 0.002
"""Relative fall of the loss an epoch from which on a training counts as still improving."""
VALIDATION_STILL = 0.005
"""Relative gain of the validation figure over the last `RECENT` epochs from which on it counts as still improving."""
RECENT = 5


def verdict_of(curve: Sequence[dict[str, float]], patience: int, trouble: str = "") -> str:
    """One sentence on a finished training: from its curve, its patience, and what stopped it (``trouble``)."""
    if trouble:
        return f"diverged: {trouble}; the last good weights are kept: lower learning_rate and train again"
    if not curve:
        return "not trained: 0 epochs"
    if "validation" in curve[-1]:
        return _by_validation(curve, patience)
    return _by_loss(curve)


def _by_validation(curve: Sequence[dict[str, float]], patience: int) -> str:
    best = max(curve, key=lambda entry: (entry["validation"], -entry["epoch"]))
    after = int(curve[-1]["epoch"] - best["epoch"])
    if after >= patience:
        return f"converged at epoch {best['epoch']:.0f}: {after} more brought nothing better; its weights are kept"
    earlier = max((entry["validation"] for entry in curve[:-RECENT]), default=0.0)
    gain = (best["validation"] - earlier) / max(abs(best["validation"]), 1e-9)
    if gain > VALIDATION_STILL:
        return f"still improving at epoch {curve[-1]['epoch']:.0f}, the last one: train longer (raise epochs)"
    return (
        f"converged at epoch {best['epoch']:.0f}: the last {RECENT} epochs brought "
        f"{max(gain, 0):.1%}; the best weights are kept"
    )


def _by_loss(curve: Sequence[dict[str, float]]) -> str:
    last = curve[-1]
    if len(curve) < 3:
        epochs = "1 epoch says" if len(curve) == 1 else f"{len(curve)} epochs say"
        return f"{epochs} nothing of convergence: train longer, or give a validation part"
    earlier = curve[-3]
    gain = (earlier["loss"] - last["loss"]) / 2 / max(abs(last["loss"]), 1e-9)
    if gain > LOSS_STILL:
        return f"still improving at epoch {last['epoch']:.0f} (loss falls by {gain:.1%} an epoch): train longer"
    if gain < -LOSS_STILL:
        return f"the loss rises at epoch {last['epoch']:.0f}: lower learning_rate and train again"
    return f"converged at epoch {last['epoch']:.0f} by its training loss; without validation nobody checked overfitting"
