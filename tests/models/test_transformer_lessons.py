"""What SASRec is asked while it learns: against a slow version that says it person by person."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

import zhiyin
from zhiyin.data.contracts import Histories, Requests
from zhiyin.models.transformer.lessons import Lessons
from zhiyin.models.transformer.sequences import Sequences
from zhiyin.models.transformer.settings import SASRecConfig
from zhiyin.models.transformer.training import ESASRec, SASRec

START = 50


def timed(*people: list[tuple[int, int]]) -> Histories:
    """Histories of (item, time)."""
    histories = Histories.of([[item for item, _ in person] for person in people])
    return replace(histories, times=np.array([time for person in people for _, time in person], np.int64))


def as_lists(lessons: Lessons) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """For each sequence what is read, and (place, item) of each target, sorted."""
    return [
        (lessons.read[b].tolist(), sorted(zip(lessons.places[b].tolist(), lessons.targets[b].tolist(), strict=True)))
        for b in range(len(lessons))
    ]


def slowly(histories: Histories, limit: int, ahead: int) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """The same, written out."""
    found = []
    for b in range(len(histories)):
        events = range(histories.offsets[b], histories.offsets[b + 1])
        pairs = [(int(histories.items[e]), int(histories.times[e])) for e in events if histories.weights[e] > 0]
        items = [item for item, _ in pairs]
        times = [time for _, time in pairs] if ahead else list(range(len(pairs)))
        moments = sorted(set(times))
        if not moments:
            continue
        read = [START, *(item for item, time in zip(items, times, strict=True) if time < moments[-1])]
        cut = max(0, len(read) - limit)
        targets = []
        for number, moment in enumerate(moments):
            place = sum(time < moment for time in times) - cut  # the start row is place 0
            following = moments[number : number + max(1, ahead)]
            wanted = [
                item
                for e, (item, time) in enumerate(zip(items, times, strict=True))
                if time in following and (not ahead or item not in items[:e])
            ]
            targets += [(place, item) for item in wanted if place >= 0]
        if targets:
            found.append((read[cut:], sorted(targets)))
    return found


def test_the_next_event_is_the_target_of_each():
    lessons = Lessons.of(timed([(3, 9), (4, 9), (3, 10)], [], [(7, 1)]), START, 9, 0)
    assert as_lists(lessons) == [([START, 3, 4], [(0, 3), (1, 4), (2, 3)]), ([START], [(0, 7)])]


def test_with_moments_the_end_of_one_predicts_all_that_is_new_in_the_next():
    invoice = [(3, 9), (4, 9), (3, 10), (5, 10), (6, 10), (8, 12)]
    assert as_lists(Lessons.of(timed(invoice), START, 9, 1)) == [
        ([START, 3, 4, 3, 5, 6], [(0, 3), (0, 4), (2, 5), (2, 6), (5, 8)])
    ]
    assert as_lists(Lessons.of(timed(invoice), START, 9, 2))[0][1][-4:] == [(2, 5), (2, 6), (2, 8), (5, 8)]


@pytest.mark.parametrize("limit", [1, 2, 5, 40])
@pytest.mark.parametrize("ahead", [0, 1, 2, 30])
def test_it_equals_the_slow_version(limit: int, ahead: int):
    rng = np.random.default_rng(limit)
    people = [
        list(zip(rng.integers(0, 12, n).tolist(), np.sort(rng.integers(0, 8, n)).tolist(), strict=True))
        for n in rng.integers(0, 15, 60)
    ]
    histories = timed(*people)
    histories = replace(histories, weights=rng.choice([1, 1, 1, -1, 0], histories.n_events).astype(np.float32))
    lessons = Lessons.of(histories, START, limit, ahead)
    assert as_lists(lessons) == slowly(histories, limit, ahead)
    assert all((np.diff(lessons.places[b]) >= 0).all() for b in range(len(lessons)))
    some = np.array([5, 0, 5])
    assert as_lists(lessons.take(some)) == [as_lists(lessons)[b] for b in some]


def two_ways(n_people: int, n_items: int = 40, length: int = 12) -> zhiyin.Dataset:
    """After item i come i + 1 and i + 7 equally often, so that nobody can do better than log 2 an event."""
    rng = np.random.default_rng(4)
    steps = np.concatenate([rng.integers(0, n_items, (n_people, 1)), rng.choice([1, 7], (n_people, length - 1))], 1)
    items = np.cumsum(steps, axis=1) % n_items
    events = pl.DataFrame(
        {
            "user": [f"u{person}" for person in np.repeat(np.arange(n_people), length)],
            "item": [f"i{item:02}" for item in items.ravel()],
            "position": np.tile(np.arange(length), n_people),
        }
    )
    return zhiyin.Dataset.from_frame(events, items=pl.DataFrame({"item": [f"i{item:02}" for item in range(n_items)]}))


def test_the_loss_comes_down_to_the_entropy_with_the_defaults():
    dataset = two_ways(600)
    model = SASRec(epochs=8, seed=1).fit(dataset)
    asked = Requests.of(Histories.of([[start] for start in range(40)]), exclude_seen=False)
    scores = torch.from_numpy(model.score(asked)).log_softmax(dim=1).numpy()
    right = np.stack([(np.arange(40) + step) % 40 for step in (1, 7)], axis=1)
    entropy = -np.take_along_axis(scores, right, axis=1).mean()
    assert np.log(2) <= entropy < 1.1 * np.log(2)


@pytest.mark.parametrize("kind", [SASRec, ESASRec])
def test_the_item_that_was_read_is_heard_above_what_fresh_layers_add(kind: type[SASRec]):
    torch.manual_seed(0)
    dataset = two_ways(40)
    network = kind(epochs=0, width=64).fit(dataset).network
    read = Sequences.of(dataset.histories, dataset.n_items, 50).tensors()
    begun: list[torch.Tensor] = []
    finished = network.finished
    network.finished = lambda x, mix: begun.append(x) or finished(x, mix)
    whole = network.eval()(*read)
    network.final_norm = torch.nn.Identity()
    added = (network(*read) - begun[0]).detach()
    assert 0.01 < float(added.std()) < 0.5 * float(begun[0].detach().std())
    assert whole.shape == added.shape


def test_baskets_whose_lines_stand_in_any_order_are_learned_as_sets():
    """Three of one ten (20, 27, 22), then three of the next ten: the order inside is chance."""
    rng = np.random.default_rng(7)
    people = []
    for _ in range(400):
        tens = rng.integers(0, 4)
        people.append([(int(10 * ((tens + b) % 4) + one), b) for b in range(3) for one in rng.permutation(10)[:3]])
    histories = timed(*people)
    items = [f"i{item:02}" for item in range(40)]
    rows = [
        {"user": f"u{p}", "item": items[item], "time": 1_600_000_000 + time}
        for p, person in enumerate(people)
        for item, time in person
    ]
    dataset = zhiyin.Dataset.from_frame(pl.DataFrame(rows), items=pl.DataFrame({"item": items}))
    model = SASRec(ahead=1, epochs=6, seed=1, width=32, blocks=1).fit(dataset)
    asked = histories.keep(histories.times < 1)
    best = model.candidates(Requests.of(asked), 10).rows
    wanted = (asked.items[asked.offsets[:-1]] // 10 + 1) % 4
    assert (best // 10 == wanted[:, None]).mean() > 0.95


def test_settings_are_refused_that_make_no_sense():
    assert SASRecConfig().ahead == 0
    with pytest.raises(zhiyin.ZhiyinError, match="ahead"):
        SASRec(ahead=-1)


def test_what_is_read_is_not_asked_back():
    """With moments, a target is never at hand already, nor among what is read before its place."""
    rng = np.random.default_rng(3)
    people = [
        list(zip(rng.integers(0, 9, 12).tolist(), np.sort(rng.integers(0, 6, 12)).tolist(), strict=True))
        for _ in range(30)
    ]
    lessons = Lessons.of(timed(*people), START, 40, 3)
    for b in range(len(lessons)):
        for place, item in zip(lessons.places[b], lessons.targets[b], strict=True):
            assert item not in lessons.read[b][: place + 1]
