"""What is asked twice while one answer is made is worked out once, and never longer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from zhiyin.core import once as module
from zhiyin.core.once import once, once_each


class Asked:
    """Counts how often it is asked."""

    def __init__(self, size: int = 1) -> None:
        self.size, self.times = size, 0

    def ask(self, about: object) -> np.ndarray:
        self.times += 1
        return np.full(self.size, self.times)


@pytest.fixture
def model() -> Iterator[Asked]:
    yield Asked()
    assert module.KEPT.get() is None


def test_the_same_question_is_asked_once_within_and_each_time_without(model: Asked) -> None:
    about, other = [1], [1]  # equal, and two things all the same
    once(model.ask, about)
    once(model.ask, about)
    assert model.times == 2
    with once_each():
        first = once(model.ask, about)
        assert once(model.ask, about) is first
        assert once(model.ask, other)[0] == 4
        assert once(Asked().ask, about)[0] == 1
    once(model.ask, about)
    assert model.times == 5


def test_one_answer_within_another_is_part_of_it_and_an_accident_forgets_all(model: Asked) -> None:
    about = [1]
    with pytest.raises(KeyError), once_each():
        once(model.ask, about)
        with once_each():
            once(model.ask, about)
        once(model.ask, about)
        assert model.times == 1
        raise KeyError
    once(model.ask, about)
    assert model.times == 2


def test_what_is_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 79)
    model, about = Asked(size=10), [1]
    with once_each():
        once(model.ask, about)
        once(model.ask, about)
    assert model.times == 2


def test_another_thread_asks_for_itself(model: Asked) -> None:
    about = [1]
    with once_each(), ThreadPoolExecutor(1) as threads:
        once(model.ask, about)
        threads.submit(once, model.ask, about).result()
        assert model.times == 2
