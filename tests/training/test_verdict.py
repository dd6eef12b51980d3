"""The verdict's words for curves whose answer a person would give at a glance."""

import pytest

from zhiyin.training.verdict import verdict_of


def curve(losses: list[float], validations: list[float] | None = None) -> list[dict[str, float]]:
    entries = [{"epoch": n, "loss": loss} for n, loss in enumerate(losses, start=1)]
    for entry, value in zip(entries, validations or [], strict=False):
        entry["validation"] = value
    return entries


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (curve([]), "not trained: 0 epochs"),
        (curve([9.0]), "1 epoch says nothing of convergence: train longer, or give a validation part"),
        (curve([9.0, 8.0]), "2 epochs say nothing of convergence: train longer, or give a validation part"),
        (curve([9, 8, 7, 6]), "still improving at epoch 4 (loss falls by 16.7% an epoch): train longer"),
        (
            curve([9, 6.001, 6.0005, 6]),
            "converged at epoch 4 by its training loss; without validation nobody checked overfitting",
        ),
        (curve([5, 6, 7]), "the loss rises at epoch 3: lower learning_rate and train again"),
        (curve([3, 2, 1], [0.1, 0.2, 0.3]), "still improving at epoch 3, the last one: train longer (raise epochs)"),
        (
            curve([4, 3, 2, 1], [0.1, 0.3, 0.2, 0.2]),
            "converged at epoch 2: 2 more brought nothing better; its weights are kept",
        ),
        (
            curve([3, 2, 1], [0.1, 0.3, 0.2]),
            "still improving at epoch 3, the last one: train longer (raise epochs)",
        ),
        (
            curve(list(range(8, 0, -1)), [0.1, 0.2, 0.3, 0.3, 0.3, 0.301, 0.3, 0.3008]),
            "converged at epoch 6: the last 5 epochs brought 0.3%; the best weights are kept",
        ),
    ],
)
def test_verdicts(entries: list[dict[str, float]], expected: str):
    assert verdict_of(entries, patience=2 if len(entries) < 8 else 5).en == expected


def test_of_equal_epochs_the_first_is_the_best():
    assert verdict_of(curve([3, 2, 1], [0.3, 0.3, 0.3]), patience=2).en.startswith("converged at epoch 1")
