"""As given: a column of the log says which part each event belongs to."""

import numpy as np

from zhiyin.core.errors import DataError
from zhiyin.core.languages import Sentence
from zhiyin.data.contracts import Histories
from zhiyin.data.dataset import Dataset
from zhiyin.data.splits.rule import FOLD_IN, OUT, TEST, TRAIN, VALIDATION, SplitRule

WORDS = {
    "train": TRAIN, "training": TRAIN, "validation": VALIDATION, "valid": VALIDATION, "val": VALIDATION,
    "dev": VALIDATION, "test": TEST, "testing": TEST, "fold_in": FOLD_IN,
}  # fmt: skip
"""What the column may say."""


def meaning(column: np.ndarray) -> dict[object, int]:
    """What each word of a split column means; -1 for one that is none of ours."""
    return {word: WORDS.get(str(word).strip().casefold(), -1) for word in set(column.tolist())}


class GivenRule(SplitRule):
    """``by = "given"``"""

    def parts(self, histories: Histories, dataset: Dataset) -> np.ndarray:
        column = histories.context.get("split")
        if column is None:
            raise DataError(
                "a given split needs a column that says the part of each event; name it: --map split=COLUMN"
            )
        words = meaning(column)
        if unknown := sorted(str(word) for word, part in words.items() if part < 0):
            raise DataError(
                f"the split column says {unknown[0]!r}; it may say {', '.join(WORDS)}", found=unknown[0],
                allowed=", ".join(WORDS),
            )  # fmt: skip
        for name, part in (("training", TRAIN), ("test", TEST)):
            if part not in words.values():
                raise DataError(
                    f"the split column gives no event to the {name} part (it says {', '.join(map(str, words))}); "
                    "split by another rule: time, last, people, random", found=", ".join(map(str, words)),
                )  # fmt: skip
        parts = np.array([words[word] for word in column.tolist()], np.int8)
        if not self.validation:
            parts[parts == VALIDATION] = OUT
        for part in (TEST, VALIDATION):
            if _apart(histories, parts, part):
                parts[(parts == part) & (histories.ages > 0)] = FOLD_IN
        return parts

    def words(self, dataset: Dataset) -> Sentence:
        histories = dataset.unread or dataset.histories
        column = histories.context["split"]
        meant = meaning(column)
        parts = np.array([meant[word] for word in column.tolist()], np.int8)
        if _apart(histories, parts, TEST):
            return Sentence(
                "as given by the log's split column, which holds out whole people (or sessions): their newest event is "
                "the test, what they did before it is shown",
                "按日志的 split 列划分，该列留出整个用户（或会话）：其最新事件用作测试，之前的事件可见",
            )
        return Sentence("as given by the log's split column", "按日志的 split 列划分")


def _apart(histories: Histories, parts: np.ndarray, part: int) -> bool:
    """Whether nobody of this part has an event in another: then their own earlier events are all that can be shown."""
    inside = np.unique(histories.owners[parts == part])
    return len(inside) > 0 and not np.isin(inside, histories.owners[(parts != part) & (parts != OUT)]).any()
