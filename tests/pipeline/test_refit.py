"""What is said while a model is fitted again."""

from zhiyin.core.progress import Silent
from zhiyin.pipeline.train import Refit
from zhiyin.training.verdict import verdict_of


class Heard(Silent):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def say(self, message: str) -> None:
        self.heard.append(message)


def test_a_second_fit_has_no_verdict_but_tells_trouble() -> None:
    heard = Heard()
    refit = Refit(heard)
    for losses in ([3.0], [3.0, 2.0], [3.0, 2.0, 1.0], [1.0, 1.0, 1.0]):
        curve = [{"epoch": float(n), "loss": loss} for n, loss in enumerate(losses, 1)]
        refit.say(f"MultVAE: {verdict_of(curve, 3).en}")
    assert heard.heard == []
    rising = [{"epoch": float(n), "loss": float(n)} for n in range(1, 4)]
    trouble = [f"MultVAE: {verdict_of(rising, 3).en}", "MultVAE: goes on after epoch 3", "MultVAE: diverged: the loss"]
    for message in trouble:
        refit.say(message)
    assert heard.heard == trouble
    assert list(refit.track([1, 2], "x")) == [1, 2]
