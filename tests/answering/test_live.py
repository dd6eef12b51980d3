"""Whoever asks now: the log, then what came in since, at the time of the clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest

from zhiyin import models
from zhiyin.answering import Answerer, Asking, Assembly, features_for
from zhiyin.answering.live import DAY_S, OLD_DAYS
from zhiyin.core.errors import DataError
from zhiyin.data.contracts import KINDS, Candidates, Requests
from zhiyin.data.dataset import Dataset
from zhiyin.data.weighting import Weighting
from zhiyin.features import default_names, further_names, named_features
from zhiyin.testing import causes, worlds


@dataclass
class Came:
    """An event as it came in."""

    item: str
    time: int | None = 0
    kind: str | None = None
    value: float | None = None
    context: Mapping[str, Any] | None = None


def asking(world: Dataset | None = None, later_s: int = 60, **settings: Any) -> Asking:
    """A model of the even world, asked so many seconds after the log's newest event."""
    world = worlds.even() if world is None else world
    assembly = Assembly.alone("ease", models.EASE().fit(world), **settings)
    return Asking(Answerer(assembly, world), at(world, later_s))


def at(world: Dataset, later_s: int) -> Callable[[], float]:
    return lambda: float(world.histories.times.max()) + later_s


def test_what_came_in_follows_the_log_and_is_seen() -> None:
    world = worlds.even()
    ask = asking(world)
    before = world.history_of(["u3"])
    question = ask.person("u3", [Came("i0", ask.now - 1, "purchase", 2.0), Came("i2", ask.now)])
    history = question.requests.histories
    assert history.items.tolist() == [*before.items.tolist(), 0, 2]
    assert history.times.tolist() == [*before.times.tolist(), ask.now - 1, ask.now]
    assert [KINDS[code] for code in history.kinds[-2:]] == ["purchase", "view"]
    assert history.values[-2] == 2.0
    assert np.isnan(history.values[-1])
    assert set(question.requests.exclude[0].tolist()) == set(history.items.tolist())
    assert question.notes == [[]]


def test_a_clients_clock_moves_no_event() -> None:
    """Late, early, and in the future: they follow the log, in the order in which they came, none after now."""
    world = worlds.even()
    before, ask = world.history_of(["u3"]), asking(world)
    came = [Came("i0", 1), Came("i2", ask.now - 5), Came("i4", ask.now - 9), Came("i6", 1 << 39)]
    histories = ask.person("u3", came).requests.histories
    assert histories.items[-4:].tolist() == [0, 2, 4, 6]
    newest = int(before.times.max())
    assert histories.times.tolist() == [*before.times.tolist(), newest, ask.now - 5, ask.now - 5, ask.now]


def test_somebody_the_log_never_met_is_what_came_in_and_nobody_known_is_named() -> None:
    ask = asking()
    question = ask.person("new", [Came("i4"), Came("nowhere"), Came("nowhere")])
    assert question.requests.histories.items.tolist() == [4]
    assert question.unknown == [["nowhere"]]
    assert question.notes == [[]]
    stranger = ask.person("new")
    assert stranger.requests.histories.n_events == 0
    assert stranger.notes == [["nothing is known of 'new' yet: answered as for somebody new"]]


def test_the_recipes_weights_hold_for_what_came_in() -> None:
    world = worlds.even().weighted(Weighting(kinds={"view": 0.25, "purchase": 3.0}))
    question = asking(world).person("new", [Came("i0", 1, "view"), Came("i1", 2, "purchase"), Came("i2", 3, "return")])
    assert question.requests.histories.weights.tolist() == [0.25, 3.0, -1.0]


def test_only_the_assemblys_kinds_are_left_out_and_never_means_never() -> None:
    ask = asking(exclude=("purchase",))
    question = ask.person("new", [Came("i0", 1, "view"), Came("i1", 2, "purchase")], never=["i7", "nowhere"])
    assert question.requests.exclude[0].tolist() == [1, 7]
    assert ask.history(["i0"], never=["i7"]).requests.exclude[0].tolist() == [0, 7]


def test_an_event_that_the_log_has_taken_in_counts_once() -> None:
    world = worlds.even()
    ask = asking(world)
    before = world.history_of(["u3"])
    item, time = world.catalogue.ids[before.items[0]], int(before.times[0])
    assert ask.person("u3", [Came(item, time, "view")]).requests.histories.n_events == before.n_events
    assert ask.person("u3", [Came(item, time, "click")]).requests.histories.n_events == before.n_events + 1
    assert ask.person("u3", [Came(item, time + 1, "view")]).requests.histories.n_events == before.n_events + 1


def test_the_time_of_asking_is_the_clocks_and_an_old_log_is_asked_as_if_it_had_just_ended() -> None:
    world = worlds.even()
    newest = int(world.histories.times.max())
    assert asking(world, later_s=60).now == newest + 60
    limit_s = OLD_DAYS * DAY_S
    assert asking(world, later_s=limit_s).now == newest + limit_s
    old = asking(world, later_s=limit_s + 1)
    assert (old.lag_s, old.now) == (limit_s + 1, newest)
    old.clock = at(world, limit_s + 11)
    assert old.now == newest + 10
    came = old.person("u3", [Came("i0", newest + limit_s + 6)]).requests.histories
    assert came.times[-1] == newest + 5
    assert asking(world, later_s=-60).now == newest  # a clock that is behind


def test_without_times_what_came_in_has_the_next_places() -> None:
    world = Dataset.from_frame(pl.DataFrame({"user": ["a", "a", "b"], "item": ["x", "y", "x"]}))
    ask = asking(world)
    history = ask.person("a", [Came("x", 1_800_000_000), Came("y", 1_800_000_001)]).requests.histories
    assert history.times.tolist() == [0, 1, 2, 3]
    assert ask.now == 1


def test_without_consent_nothing_is_read() -> None:
    ask = asking()
    said = [{"consent": "train"}, {"consent": None}, {"consent": "personalise|train"}, {"a": 1}]
    question = ask.person("new", [Came(f"i{n}", context=context) for n, context in enumerate(said, start=1)])
    assert question.requests.histories.items.tolist() == [2, 3, 4]
    with pytest.raises(DataError, match="consent 'yes' names 'yes'; the purposes are train, personalise, measure"):
        ask.check(Came("i1", context={"consent": "yes"}))
    with pytest.raises(DataError, match="consent is True; give purposes joined by |, or none"):
        ask.check(Came("i1", context={"consent": True}))


def test_a_log_with_columns_of_its_own_is_followed_by_events_without() -> None:
    log = pl.DataFrame({"user": ["a", "a"], "item": ["x", "y"], "time": [1, 2], "device": ["phone", None],
                        "shelf": [1.5, 2.5], "consent": ["personalise", None]})  # fmt: skip
    history = asking(Dataset.from_frame(log)).person("a", [Came("x", 3)]).requests.histories
    assert history.context["device"].tolist() == ["phone", None, None]
    assert np.isnan(history.context["shelf"][-1])
    assert history.context["consent"].tolist()[-1] == 0b111


def test_events_that_came_in_say_of_their_moment_what_the_log_says() -> None:
    log = pl.DataFrame({"user": ["a", "a"], "item": ["x", "y"], "time": [1, 2], "device": ["phone", None],
                        "shelf": [1.5, 2.5]})  # fmt: skip
    came = [Came("x", 3, context={"device": "desk", "shelf": 4, "new": 1}), Came("y", 4, context={"shelf": "high"})]
    history = asking(Dataset.from_frame(log)).person("a", came).requests.histories
    assert history.context["device"].tolist() == ["phone", None, "desk", None]
    np.testing.assert_array_equal(history.context["shelf"], [1.5, 2.5, 4, np.nan])


def test_columns_for_one_live_request_are_those_of_the_batch() -> None:
    """The log until a moment and what came in since, one person after the other, against everybody at once."""
    whole = causes.everything()
    h = whole.histories
    now = int(np.quantile(h.times, 0.9, method="lower")) + 1
    past = whole.with_histories(h.keep(h.times < now - 86_400))
    answerer = Answerer(Assembly.alone("ease", models.EASE().fit(past)), past)
    ask = Asking(answerer, lambda: float(now))
    names = [*default_names(whole.catalogue), *further_names(whole)]
    features = named_features(names, whole.catalogue, log=whole)
    rows = np.random.default_rng(5).integers(0, whole.n_items, (len(whole), 20)).astype(np.int32)
    found = Candidates(rows, np.zeros(rows.shape, np.float32), np.ones(rows.shape, np.uint32), ("ease",))
    known = whole.with_histories(h.keep(h.times < now))
    assert answerer.counters is not None
    requests = Requests.of(known.histories, now=now, person=whole.people)
    batch = features_for(requests, found, features, answerer.counters)
    moved = 0
    for row, user in enumerate(whole.users):
        own = np.flatnonzero((h.owners == row) & (h.times >= now - 86_400) & (h.times < now))
        came = [
            Came(whole.catalogue.ids[int(h.items[e])], int(h.times[e]), whole.kinds[h.kinds[e]], None,
                 {name: column[e] for name, column in h.context.items()}) for e in own
        ]  # fmt: skip
        moved += len(came)
        live = features_for(ask.person(user, came).requests, found.take(row), features, answerer.counters)
        for f, name in enumerate(batch.names):
            np.testing.assert_allclose(
                live.values[0, :, f], batch.values[row, :, f], rtol=1e-6, atol=1e-6, err_msg=name
            )
    assert moved > 10


def test_a_kind_that_nobody_knows_is_answered_with_the_kinds() -> None:
    with pytest.raises(DataError, match="there is no kind 'purchas'; did you mean 'purchase'. the kinds are: view"):
        asking().check(Came("i1", kind="purchas"))


def test_without_a_log_everybody_is_what_came_in() -> None:
    ask = Asking(Answerer(Assembly.alone("ease", models.EASE().fit(worlds.even()))), lambda: 50.0)
    assert ask.person("u3", [Came("i0", 7)]).requests.histories.items.tolist() == [0]
    assert ask.now == 50


def test_events_stand_on_the_rows_of_the_models() -> None:
    """A log with an item more than the models know, in front."""
    world = worlds.even()
    model = models.EASE().fit(world)
    first = pl.DataFrame({"user": ["u0"], "item": ["a0"], "time": [worlds.START - 1]})
    rows = zip(
        np.repeat(np.arange(60), world.histories.lengths), world.histories.items, world.histories.times, strict=True
    )
    rest = pl.DataFrame([(f"u{u}", world.catalogue.ids[i], int(t)) for u, i, t in rows], first.schema, orient="row")
    log = Dataset.from_frame(pl.concat([first, rest]))
    ask = Asking(Answerer(Assembly.alone("ease", model), log), at(log, 1))
    question = ask.person("u0", [Came("i1", 0)])
    expected = [*world.history_of(["u0"]).items.tolist(), 1]
    assert question.requests.histories.items.tolist() == expected
