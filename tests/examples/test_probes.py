"""What a newcomer types by mistake: every answer names what was found and what to do, and nothing is silently wrong.

Seven peers were asked the same: empty tables, unknown and mistyped people, numbers for texts, missing values, wrong
columns, wrong k, misspelt names, models and files that are not there, and the traps that answer without an error. Of
their probes these have no counterpart here: inner numbers of people and items (there are none to give), a database of
built-in data sets, HTTP (its own tests come with it). A matrix turned round and a header without `:token` are
with the readers' tests.
"""

import datetime
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import zhiyin
from zhiyin.cli import app
from zhiyin.core.errors import ZhiyinError
from zhiyin.testing import worlds

N = 240
EASE = zhiyin.models.EASE
NAN = float("nan")
QUANTITY = {"value": "Quantity"}


def table(**columns: Any) -> pd.DataFrame:
    """A shop's log: 40 customers, 23 articles, ten days."""
    rows = {
        "user": [str(17850 + i % 40) for i in range(N)], "item": [f"8512{(i * 7 + i // 40) % 23}A" for i in range(N)],
        "time": 1_700_000_000 + 3600 * np.arange(N), "value": 1.0,
    }  # fmt: skip
    return pd.DataFrame({**rows, **columns})


def two(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"user": ["a", "b"], "item": ["x", "y"], **columns})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Data, split, models and files that the probes misuse."""
    folder, dataset = tmp_path_factory.mktemp("probes"), zhiyin.read(table())
    split = zhiyin.split(dataset, "time", days=2)
    model = EASE().fit(split.train)
    (folder / "model.pkl").write_bytes(b"\x80\x04K\x01.")
    (folder / "photos").mkdir()
    (folder / "photos" / "cat.jpg").write_bytes(b"meow")
    return SimpleNamespace(
        folder=folder, dataset=dataset, split=split, model=model, whole=EASE().fit(dataset),
        evaluation=zhiyin.evaluate({"EASE": model}, split, metrics=["ndcg@10"]),
    )  # fmt: skip


REFUSED: dict[str, tuple[Callable[[Any], object], str, str]] = {
    # a table
    "an empty table": (lambda s: zhiyin.read(table().head(0)), "the frame has no row", "at least one event"),
    "an empty table, trained on": (
        lambda s: EASE().fit(zhiyin.Dataset.from_frame(table().head(0))),
        "the dataset has no event", "check the split and the filters"),
    "no customer at all": (
        lambda s: zhiyin.read(table(user=NAN)), "no row of the frame can be used: 240 × no user",
        "check which columns"),
    "customers half text, half numbers": (
        lambda s: zhiyin.read(table(user=[17850 if i % 2 else "17850" for i in range(N)])),
        "column 'user' mixes types (int 17850, str '17850')", ".astype(str)"),
    "quantities half text": (
        lambda s: zhiyin.read(table(value=["x" if i % 2 else 3 for i in range(N)])),
        "column 'value' mixes types (int 3, str 'x')", "convert it first"),
    "wrong columns": (
        lambda s: zhiyin.read(table().rename(columns={"user": "who", "item": "what"})),
        "no column for 'user'; found who, what, time, value", "map={'user': 'who'}"),
    "customers in the index": (
        lambda s: zhiyin.read(table().set_index("user")), "no column for 'user'", "say which one it is"),
    "a column twice": (
        lambda s: zhiyin.read(pd.concat([table(), table()[["user"]]], axis=1)),
        "column 'user' 2 times", "rename all but one"),
    "ids that are lists": (
        lambda s: zhiyin.read(two(user=[["x"], ["y"]])), "List(String), which is not an id", "convert"),
    "ids that are bytes": (
        lambda s: zhiyin.read(two(user=[b"a", b"\xff"])), "Binary, which is not an id", "convert it"),
    "ids that are records": (
        lambda s: zhiyin.read(two(item=[{"x": 1}, {"x": 2}])), "which is not an id", "name another"),
    "long ids as floating-point numbers": (
        lambda s: zhiyin.read(two(user=[2.0**60, 2.0])), "as large as 1.15292e+18, where different ids become one",
        "dtype={'user': str}"),
    "times that are nobody's date": (
        lambda s: zhiyin.read(table(time="yesterday")), "240 × time cannot be read", "--time-format"),
    "times without a day": (
        lambda s: zhiyin.read(two(time=[datetime.time(1, 1)] * 2)), "Time, which is not a time", "map={'time': …}"),
    "times that are yes and no": (
        lambda s: zhiyin.read(table(time=True)), "Boolean, which is not a time", "convert it"),
    "values that are lists": (lambda s: zhiyin.read(two(value=[[1], [2]])), "which is not a number", "convert it"),
    "ids as kinds": (
        lambda s: zhiyin.read(pl.DataFrame({"user": "a", "item": "x", "kind": [f"k{i}" for i in range(300)]})),
        "300 kinds of their own, such as 'k0'", "--map kind=COLUMN"),
    "an array": (lambda s: zhiyin.read(np.zeros((3, 3))), "found ndarray", "pandas, Polars or Arrow table"),
    "pairs": (lambda s: zhiyin.read([("a", "x")]), "found tuple", "pandas, Polars or Arrow table"),
    "nothing": (lambda s: zhiyin.read([]), "found an empty list", "give at least one file or frame"),
    "a data set's name": (lambda s: zhiyin.read("ml-100k"), "ml-100k does not exist", "give the path"),
    "a misspelt fix": (lambda s: zhiyin.read(table(), fixes="shopp"), "no fix 'shopp'", "did you mean 'shop'"),
    "fixes switched on": (lambda s: zhiyin.read(table(), fixes=True), "fixes are True", "fixes='shop'"),
    "a map the wrong way round": (
        lambda s: zhiyin.read(table(), map={"who": "user"}), "map names 'who', which is no column of ours",
        "ours are:"),
    "a map as text": (
        lambda s: zhiyin.read(table(), map="user=who"), "map is 'user=who'", "map={'user': 'CustomerID'}"),
    "a misspelt weight": (
        lambda s: zhiyin.Weighting(like_form=4), "no setting 'like_form'", "did you mean 'like_from'"),
    "a weight in words": (lambda s: zhiyin.Weighting(like_from="four"), "found 'four'", "correct this setting"),
    "a weight that is NaN": (lambda s: zhiyin.Weighting(like_from=NAN), "found nan", "finite number"),
    "weights as a mapping": (
        lambda s: zhiyin.read(table(), weighting={"like_from": 4}), "weighting is a dict",
        "zhiyin.Weighting(like_from=4)"),
    "a weight for no kind": (
        lambda s: zhiyin.read(table(), weighting=zhiyin.Weighting(kinds={"purchse": 2})),
        "name the kind 'purchse', which the log does not have", "did you mean 'purchase'"),
    "an items table without ids": (
        lambda s: zhiyin.read(table(), items=pd.DataFrame({"colour": ["red"]})),
        "no column for 'item'; found colour", "rename its id column"),
    "a catalogue of one text": (lambda s: zhiyin.Catalogue.of("abc"), "found the text 'abc'", "give ['abc']"),
    "a catalogue of numbers": (lambda s: zhiyin.Catalogue.of([1, 2]), "id 1 is a int", "give '1'"),
    # asking
    "17850 instead of '17850'": (
        lambda s: s.dataset.history_of([17850]), "user 17850 is unknown; '17850' as text is known", "give '17850'"),
    "17850.0, as pandas makes it": (
        lambda s: s.dataset.history_of([17850.0]), "17850.0 is unknown; '17850' as text is known", "give '17850'"),
    "nobody's id": (lambda s: s.dataset.history_of([None]), "user None is unknown", "ids are text"),
    "a person without a list": (lambda s: s.dataset.history_of("17850"), "found '17850'", "give ['17850']"),
    "a person where histories go": (
        lambda s: s.model.recommend("17850"), "histories are '17850'", "history_of(['17850'])"),
    "a number where histories go": (lambda s: s.model.recommend(17850), "histories are 17850", "lists of item ids"),
    "a basket without its list": (
        lambda s: s.model.recommend(["85121A"]), "a history is a list of item ids, found '85121A'", "[['85121A']]"),
    "histories by name": (lambda s: s.model.recommend({"a": ["85121A"]}), "histories are dict", "[['A', 'B']]"),
    "a whole dataset": (lambda s: s.model.recommend(s.dataset), "histories are Dataset", "dataset.history_of"),
    "histories without people": (
        lambda s: s.model.recommend(table()[["item"]]), "histories have no column for 'user'", "rename the one"),
    "rows of another catalogue": (
        lambda s: s.model.recommend(zhiyin.Histories.of([[999]])), "item row 999", "give item ids, or histories"),
    "k of 0": (lambda s: s.model.recommend([[]], k=0), "k is 0", "give k of 1 or more"),
    "k as text": (lambda s: s.model.recommend([[]], k="10"), "k is '10', a str", "give k=10"),
    "k as a fraction": (lambda s: s.model.recommend([[]], k=2.5), "k is 2.5, a float", "whole number"),
    "k of similar items as text": (lambda s: s.model.similar_items(["85121A"], k="3"), "k is '3'", "give k=10"),
    "an allowed item without its list": (
        lambda s: s.model.recommend([[]], allowed="85121A"), "allowed is '85121A'", "['85121A']"),
    "new items as a list": (lambda s: s.model.recommend([[]], new_items=["N"]), "new_items are a list", "column item"),
    "a new item that is old": (
        lambda s: s.model.recommend([[]], new_items=pd.DataFrame({"item": ["85121A"]})),
        "new item '85121A' is in the catalogue already", "only items that came after"),
    "a model that was not trained": (
        lambda s: EASE().recommend([[]]), "EASE is not trained", "call fit(dataset) first"),
    # training
    "trained on a frame": (lambda s: EASE().fit(table()), "found DataFrame", "zhiyin.read(file or frame)"),
    "trained on a path": (lambda s: EASE().fit("log.csv"), "found str", "zhiyin.read(file or frame)"),
    "trained on a split": (lambda s: EASE().fit(s.split), "found Split", "give split.train"),
    "validated on a split": (
        lambda s: zhiyin.models.MultVAE(epochs=1).fit(s.split.train, validation=s.split),
        "validation is a Split", "split.validation"),
    "ratings wanted, none given": (
        lambda s: zhiyin.models.BiasedMF().fit(zhiyin.read(table()[["user", "item"]])), "no event has a value",
        "choose ALS"),
    "content wanted, none given": (
        lambda s: zhiyin.models.ContentKNN().fit(zhiyin.read(table()[["user", "item"]])), "has no column",
        "give items="),
    "every event weighs nothing": (
        lambda s: EASE().fit(zhiyin.read(table(), weighting=zhiyin.Weighting(like_from=4))),
        "no event has a positive weight", "in Python weighting="),
    "only returns": (
        lambda s: EASE().fit(zhiyin.read(table(kind="return"))), "no event has a positive weight", "check"),
    "a misspelt model": (lambda s: zhiyin.models.EAES, "has no 'EAES'", "did you mean 'EASE'"),
    "a misspelt setting": (
        lambda s: EASE(regularization=3), "no setting 'regularization'", "did you mean 'regularisation'"),
    "a setting in words": (lambda s: EASE(regularisation="much"), "found 'much'", "correct this setting"),
    "a setting without its name": (lambda s: EASE(200), "EASE was given 200", "name each setting"),
    # splitting and measuring
    "a misspelt split": (lambda s: zhiyin.split(s.dataset, "tiem"), "no split by 'tiem'", "did you mean 'time'"),
    "a split by a number": (lambda s: zhiyin.split(s.dataset, 30), "no split by 30", "the choices are: time"),
    "days in words": (lambda s: zhiyin.split(s.dataset, "time", days="30D"), "found '30D'", "it must be a number"),
    "days without end": (lambda s: zhiyin.split(s.dataset, "time", days=1e308), "found 1e+308", "less than or equal"),
    "more days than the log": (
        lambda s: zhiyin.split(s.dataset, "time", days=30), "spans 10.0 days", "give fewer days"),
    "a misspelt setting of a split": (lambda s: zhiyin.split(s.dataset, "time", day=3), "'day'", "did you mean 'days'"),
    "by time without times": (
        lambda s: zhiyin.split(zhiyin.read(table()[["user", "item"]]), "time"), "ordered by row", 'use by = "last"'),
    "a frame split": (lambda s: zhiyin.split(table()), "found DataFrame", "zhiyin.read(file or frame)"),
    "only new people in the test": (
        lambda s: zhiyin.split(zhiyin.read(table(user=[f"u{i}" for i in range(N)])), "time", days=2),
        "no test case is left: 48 people without history", 'cold_people = "keep"'),
    "a model's name evaluated": (
        lambda s: zhiyin.evaluate("EASE", s.split), "given 'EASE' as a model", "a trained model"),
    "a class evaluated": (lambda s: zhiyin.evaluate(EASE, s.split), "given EASE as a model", "fit(split.train)"),
    "models in a list": (lambda s: zhiyin.evaluate([s.model], s.split), "as a model", "several by name"),
    "evaluated on a dataset": (
        lambda s: zhiyin.evaluate(s.model, s.dataset), "asked on a Dataset", "zhiyin.split(dataset)"),
    "fitted on the test": (
        lambda s: zhiyin.evaluate({"M": s.whole}, s.split), "M was fitted on all", "fit it on split.train"),
    "fitted on another catalogue": (
        lambda s: zhiyin.evaluate({"M": EASE().fit(worlds.even())}, s.split),
        "M was trained on another catalogue (16 items; this split has 23)", "fit it on split.train"),
    "a misspelt metric": (
        lambda s: zhiyin.evaluate(s.model, s.split, metrics=["ndgc@10"]), "'ndgc@10'", "did you mean 'ndcg'"),
    "a metric without a length": (
        lambda s: zhiyin.evaluate(s.model, s.split, metrics="ndcg"), "'ndcg' has no length", "for example 'ndcg@10'"),
    "no metric": (lambda s: zhiyin.evaluate(s.model, s.split, metrics=[]), "no metric was named", "'ndcg@10'"),
    "models compared": (lambda s: zhiyin.compare(s.model), "found EASE", "zhiyin.evaluate("),
    "compared on what was not measured": (
        lambda s: zhiyin.compare(s.evaluation, "recall@10"), "'recall@10' was not evaluated",
        "evaluated were: ndcg@10"),
    # files
    "a model that is not there": (
        lambda s: zhiyin.load(s.folder / "x"), "is no saved model", "the folder that save() wrote"),
    "a pickle": (lambda s: zhiyin.load(s.folder / "model.pkl"), "is no saved model", "the folder that save() wrote"),
    "saved over a folder of photos": (
        lambda s: s.model.save(s.folder / "photos"), "a folder of other files, which would be lost", "a new folder"),
    "saved over a file": (
        lambda s: s.model.save(s.folder / "model.pkl"), "a file, which would be lost", "a new folder"),
    "saved below a file": (lambda s: s.model.save(s.folder / "model.pkl" / "m"), "cannot be written", "another folder"),
}  # fmt: skip
"""What is done → found, and what to do, both in the one sentence of the error."""

ANSWERED: dict[str, tuple[Callable[[Any], list[str]], str]] = {
    "an unknown customer": (
        lambda s: s.model.recommend(s.dataset.history_of(["99999"])).notes[0],
        "user '99999' is unknown: answered as for somebody new"),
    "a customer written in another way": (
        lambda s: s.model.recommend(s.dataset.history_of(["17850.0"])).notes[0],
        "user '17850.0' is unknown; '17850' is known"),
    "an item never sold": (
        lambda s: s.model.recommend([["85121A", "NEW001"]]).notes[0], "item 'NEW001' is unknown; left out"),
    "an item in small letters": (
        lambda s: s.model.recommend([["85121a"]]).notes[0], "item '85121a' is unknown; '85121A' is known; left out"),
    "an item with spaces": (lambda s: s.model.recommend([[" 85121A"]]).notes[0], "'85121A' is known; left out"),
    "an item as a number": (lambda s: s.model.recommend([[85121]]).notes[0], "item 85121 is unknown; left out"),
    "an item that is NaN": (lambda s: s.model.recommend([[NAN]]).notes[0], "item nan is unknown; left out"),
    "unknown items alone": (lambda s: s.model.recommend([["N1", "N2"]]).notes[0], "item 'N1' is unknown; left out"),
    "an unknown item in a frame": (
        lambda s: s.model.recommend(two()).notes[0], "item 'x' is unknown; left out"),
    "a row without a person in a frame": (
        lambda s: s.model.recommend(pd.DataFrame({"user": [None, "a"], "item": ["85121A"] * 2})).notes[0],
        "1 lines have no customer: left out"),
    "a history of another dataset": (
        lambda s: s.model.recommend(worlds.even().history_of(["u0"])).notes[0], "is unknown; left out"),
    "allowed items nobody knows": (
        lambda s: s.model.recommend([[]], allowed=["x"]).notes[0], "1 allowed items are not in the catalogue"),
    "no item allowed": (lambda s: s.model.recommend([[]], allowed=[]).notes[0], "no item is allowed"),
    "similar to an unknown item": (lambda s: s.model.similar_items(["x"]).notes[0], "item 'x' is unknown"),
    "a new item that only its id tells": (
        lambda s: s.model.recommend([[]], new_items=pd.DataFrame({"item": ["NEW001"]})).notes[0],
        "1 new items stand last"),
    "some customers missing": (
        lambda s: said(zhiyin.read(table(user=[None, *["17850"] * (N - 1)]))), "1 lines have no customer: left out"),
    "a customer 'nan'": (
        lambda s: said(zhiyin.read(table(user=["nan", *["17850"] * (N - 1)]))),
        "1 lines: user is the word 'nan', taken for missing: left out"),
    "customers as floating-point numbers": (
        lambda s: [str(zhiyin.read(table(user=[NAN, *[17850.0] * (N - 1)])).users[0])], "17850"),
    "a NaN quantity": (lambda s: said(zhiyin.read(two(value=[NAN, 1.0]))), "1 lines: value is NaN: left out"),
    "an infinite quantity": (
        lambda s: said(zhiyin.read(two(value=[-1e309, 1.0]))), "value is impossibly large: left out"),
    "one day 'yesterday'": (
        lambda s: said(zhiyin.read(table(time=["yesterday", *["1700000000"] * (N - 1)]))),
        "1 lines: time cannot be read"),
    "doubled lines": (
        lambda s: said(zhiyin.read(pd.concat([table(), table()]), fixes="duplicates")),
        "240 exact duplicates: left out"),
    "returns": (
        lambda s: said(zhiyin.read(table(value=[-1, *[1] * (N - 1)]).rename(columns=QUANTITY), fixes="returns")),
        "1 returns: left out"),
    "an item with two titles in the items table": (
        lambda s: [str(zhiyin.read(table(), items=pd.DataFrame({"item": ["a", "a"], "title": ["x", "y"]})).guess)],
        "1 rows of the items table repeat an item: the first of each is kept"),
    "fitted on another split of the same data": (
        lambda s: zhiyin.evaluate(EASE().fit(zhiyin.split(s.dataset, "last").train), s.split).warnings,
        "EASE was fitted on the training part of another split, which may hold the test's events"),
}  # fmt: skip
"""What is answered all the same, with a note that names what was not understood."""


def said(dataset: zhiyin.Dataset) -> list[str]:
    return [rule.sentence.en for rule in dataset.report]


@pytest.mark.parametrize("probe", REFUSED)
def test_what_cannot_be_answered_says_what_is_wrong_and_what_to_do(probe: str, shop: SimpleNamespace) -> None:
    ask, found, remedy = REFUSED[probe]
    with pytest.raises((ZhiyinError, AttributeError)) as caught:
        ask(shop)
    words = str(caught.value)
    assert found in words
    assert remedy in words
    assert "\n" not in words


@pytest.mark.parametrize("probe", ANSWERED)
def test_what_is_answered_all_the_same_says_what_was_left_out(probe: str, shop: SimpleNamespace) -> None:
    ask, words = ANSWERED[probe]
    assert any(words in note for note in ask(shop)), ask(shop)


def test_the_probes_are_at_least_as_many_as_the_peers() -> None:
    assert len(REFUSED) + len(ANSWERED) >= 71


def test_nothing_was_lost_by_a_refused_save(shop: SimpleNamespace) -> None:
    with pytest.raises(ZhiyinError):
        shop.model.save(shop.folder / "photos")
    assert (shop.folder / "photos" / "cat.jpg").read_bytes() == b"meow"
    shop.model.save(shop.folder / "mine")
    shop.model.save(shop.folder / "mine")  # its own older self may be replaced
    assert not list(shop.folder.glob(".*"))


def test_a_history_knows_its_items_by_name_whatever_the_catalogue(shop: SimpleNamespace) -> None:
    """Tomorrow's dataset numbers its items anew; yesterday's model must not read the rows as its own."""
    turned = zhiyin.read(table().iloc[::-1].reset_index(drop=True))
    asked = ["17850", "17861"]
    theirs, ours = (shop.model.recommend(data.history_of(asked), k=5) for data in (turned, shop.dataset))
    assert list(turned.catalogue.ids) != list(shop.dataset.catalogue.ids)
    assert theirs.ids == ours.ids
    assert theirs.users == asked


def test_more_than_there_is_gives_all_there_is(shop: SimpleNamespace) -> None:
    for k in (10**6, 10**30):
        assert len(shop.model.recommend([[]], k=k).ids[0]) == len(shop.model.catalogue)
    assert shop.model.recommend([[]], k=np.int64(2)).ids == [shop.model.recommend([[]], k=10).ids[0][:2]]


def test_a_new_item_with_words_is_ranked_by_them() -> None:
    model = zhiyin.models.ContentKNN().fit(worlds.even())
    new = pd.DataFrame({"item": ["odd one", "even one"], "title": ["odd 单数 jug 99", "even 双数 jug 98"]})
    ids = model.recommend([["i0", "i2"]], k=99, new_items=new).ids[0]
    assert ids.index("even one") < ids.index("odd one")


def test_infinite_values_weigh_as_if_there_were_none() -> None:
    dataset = zhiyin.Dataset.from_frame(two(value=[np.inf, 3.0]), weighting=zhiyin.Weighting(by_value=True))
    assert dataset.histories.weights.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("recommend --user 17850 -k ten", "found 'ten'"),
        ("reccomend --user 17850", "No such command 'reccomend'"),
        ("evaluate --metric x", "No such option"),
        ("ingest nothing.csv", "nothing.csv does not exist"),
    ],
)
def test_the_same_at_the_command_line(
    typed: str, words: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.main(typed.split()) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.strip().splitlines()) == 1
