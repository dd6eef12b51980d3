"""The package as a whole: light to import, walls that hold at run time."""

import subprocess
import sys

import pytest

import zhiyin


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_is_light_and_loads_no_torch():
    took = min(
        float(run("import time; t = time.process_time(); import zhiyin; print(time.process_time() - t)"))
        for _ in range(3)
    )
    assert took < 0.3
    assert run("import sys, zhiyin; print('torch' in sys.modules, 'numpy' in sys.modules)") == "False False"


LOWER = ("core", "data.dataset", "registry", "evaluation", "retrieval", "store.store", "client")


@pytest.mark.parametrize("room", LOWER)
def test_the_lower_rooms_need_no_deep_learning_framework(room: str):
    assert run(f"import sys, zhiyin.{room}; print('torch' in sys.modules)") == "False"


def test_a_ranker_sees_large_models_only_as_columns():
    code = "import sys; from zhiyin.ranking import BoostedTrees, Logistic, Rows, outcome_folds"
    assert run(f"{code}; print([name for name in sys.modules if name.startswith('zhiyin.models')])") == "[]"


def test_a_wrong_public_name_is_answered_with_the_right_ones():
    with pytest.raises(AttributeError, match="zhiyin has no 'nothing'; it has Catalogue, Dataset"):
        zhiyin.nothing  # noqa: B018
