"""Each part of the next-item Transformers is active, and is what its paper says: against versions written out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import zhiyin
from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import Histories, Requests
from zhiyin.models.transformer.export import NextItemScores
from zhiyin.models.transformer.lessons import Lessons
from zhiyin.models.transformer.network import LOUD, NextItemNetwork
from zhiyin.models.transformer.parts import AT_ONCE, BLOCKS, Packed
from zhiyin.models.transformer.sequences import GAPS, Sequences, gaps_of
from zhiyin.models.transformer.settings import ESASRecConfig, GSASRecConfig, SASRecConfig
from zhiyin.models.transformer.training import NextItemLearner
from zhiyin.testing import worlds

N_ITEMS = 12
WIDTH = 8
HISTORY = [1, 2, 3, 4, 5]


def network(**settings: object) -> NextItemNetwork:
    torch.manual_seed(0)
    made = NextItemNetwork(N_ITEMS, SASRecConfig(width=WIDTH, **{"heads": 2, "max_history": 9, **settings})).double()
    for name, weight in made.named_parameters():
        if "table" in name or "bias" in name:
            nn.init.normal_(weight, std=1 / LOUD if name == "item_table" else 1)  # so that every part is seen
        elif weight.dim() > 1:
            nn.init.xavier_normal_(weight)
    return made.eval()


def read(made: NextItemNetwork, items: list[int], **columns: list[int]) -> torch.Tensor:
    """The vector of each event of one history, (L, D)."""
    given = {name: torch.tensor(column) for name, column in columns.items()}
    with torch.no_grad():
        return made(torch.tensor([0, len(items)]), torch.tensor(items), **given)


def changed(one: torch.Tensor, other: torch.Tensor) -> bool:
    return float((one - other).detach().abs().max()) > 1e-3


# -- layers ----------------------------------------------------------------------------------------------------------


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, heads: int) -> torch.Tensor:
    """Event by event, head by head: a weighted mean of the values up to it."""
    out = torch.zeros_like(v)
    size = q.shape[1] // heads
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        for t in range(len(q)):
            weights = torch.softmax(k[: t + 1, part] @ q[t, part] / size**0.5, dim=0)
            out[t, part] = weights @ v[: t + 1, part]
    return out


def plain(b: nn.Module, x: torch.Tensor) -> torch.Tensor:
    x = x + b.attended(attention(*b.queries_keys_values(b.norm_attention(x)).chunk(3, dim=1), b.heads))
    return x + b.narrow(nn.functional.gelu(b.widen(b.norm_forward(x))))


def gated(b: nn.Module, x: torch.Tensor) -> torch.Tensor:
    gate = torch.sigmoid(x @ b.gate_attention.weight.T + b.gate_attention.bias)
    x = x + gate * b.attended(attention(*b.queries_keys_values(b.norm_attention(x)).chunk(3, dim=1), b.heads))
    first, third = b.widen.weight.chunk(2)
    h = b.norm_forward(x)
    wide = nn.functional.silu(h @ first.T) * (h @ third.T)
    return x + torch.sigmoid(x @ b.gate_forward.weight.T + b.gate_forward.bias) * (wide @ b.narrow.weight.T)


def released(b: nn.Module, x: torch.Tensor) -> torch.Tensor:
    q = b.norm_attention(x)
    y = b.norm_forward(q + attention(b.queries(q), *b.keys_values(x).chunk(2, dim=1), b.heads))
    return y + b.narrow(torch.relu(b.widen(y)))


def one_block(kind: str, dropout: float = 0.0) -> tuple[nn.Module, torch.Tensor, Packed]:
    torch.manual_seed(1)
    block = BLOCKS[kind](WIDTH, 2, dropout).double()
    for weight in block.parameters():
        nn.init.normal_(weight, std=0.5)
    return block, 3 * torch.randn(5, WIDTH, dtype=torch.float64), Packed(torch.tensor([5]))


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_layer_is_what_its_paper_says(kind: str):
    block, x, mix = one_block(kind)
    torch.testing.assert_close(block(x, mix), {"plain": plain, "gated": gated, "released": released}[kind](block, x))


def test_everybody_asks_their_own_history_however_many_are_packed():
    """More people than one rectangle holds; the first of equal length, so that theirs is full."""
    torch.manual_seed(2)
    lengths = torch.cat([torch.full((AT_ONCE,), 4), torch.randint(1, 9, (AT_ONCE + 3,))])
    packed = torch.randn(int(lengths.sum()), 3 * WIDTH)
    alone = [Packed(torch.tensor([len(part)]))(part, 2) for part in packed.split(lengths.tolist())]
    torch.testing.assert_close(Packed(lengths)(packed, 2), torch.cat(alone))


@pytest.mark.parametrize("kind", BLOCKS)
def test_what_came_in_is_added(kind: str):
    """With nothing to add, a layer passes on what came in (the released one: normalised)."""
    block, x, mix = one_block(kind)
    for name, weight in block.named_parameters():
        if name.split(".")[0] in ("attended", "narrow", "keys_values"):
            nn.init.zeros_(weight)
    wanted = block.norm_forward(block.norm_attention(x)) if kind == "released" else x
    torch.testing.assert_close(block(x, mix), wanted)


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("norm", ["norm_attention", "norm_forward"])
def test_normalisation_is_active(kind: str, norm: str):
    block, x, mix = one_block(kind)
    before = block(x, mix)
    setattr(block, norm, nn.Identity())
    assert changed(before, block(x, mix))


def test_what_comes_out_is_normalised_but_after_gates():
    made = network()
    before = read(made, HISTORY)
    made.final_norm = nn.Identity()
    assert changed(before, read(made, HISTORY))
    assert not list(network(block="gated").final_norm.parameters())


@pytest.mark.parametrize("kind", BLOCKS)
def test_dropout_is_active_while_learning_alone(kind: str):
    block, x, mix = one_block(kind, dropout=0.5)
    assert changed(block(x, mix), block(x, mix))
    block.eval()
    torch.testing.assert_close(block(x, mix), block(x, mix), rtol=0, atol=0)
    made = network(block=kind, dropout=0.5).train()
    made.blocks.eval()
    assert changed(read(made, HISTORY), read(made, HISTORY))  # that of the embedding


@pytest.mark.parametrize(("kind", "widths"), [("plain", [1, 1]), ("gated", [1, 4, 1]), ("released", [1, 1])])
def test_dropout_stands_where_the_paper_has_it(kind: str, widths: list[int]):
    """After attention and after the feed-forward layer; eSASRec's, and the released one, inside it too."""
    block, x, mix = one_block(kind)
    seen: list[int] = []
    block.dropout.register_forward_hook(lambda module, given, _: seen.append(given[0].shape[1] // WIDTH))
    block(x, mix)
    assert seen == widths


@pytest.mark.parametrize("gate", ["gate_attention", "gate_forward"])
def test_a_closed_gate_lets_nothing_through(gate: str):
    block, x, mix = one_block("gated")
    other = "attended" if gate == "gate_forward" else "narrow"  # the other half adds nothing anyway
    for weight in getattr(block, other).parameters():
        nn.init.zeros_(weight)
    open_ = block(x, mix)
    assert changed(open_, x)
    nn.init.zeros_(getattr(block, gate).weight)
    nn.init.constant_(getattr(block, gate).bias, -1e4)
    torch.testing.assert_close(block(x, mix), x)


# -- input -----------------------------------------------------------------------------------------------------------


def test_positions_tell_the_order_and_none_does_not():
    """One layer without places answers the same whatever the order of what was before."""
    one, other = [1, 2, 3, 4], [3, 1, 2, 4]
    for positions in ("oldest", "newest"):
        made = network(positions=positions, blocks=1)
        assert changed(read(made, one)[-1], read(made, other)[-1])
    made = network(positions="none", blocks=1)
    torch.testing.assert_close(read(made, one)[-1], read(made, other)[-1])
    assert made.place_table is None


def test_places_are_counted_from_the_end_that_is_named():
    ranks, lengths, nothing = torch.arange(3), torch.tensor([3, 3, 3]), torch.zeros(3, WIDTH, dtype=torch.float64)
    for positions, places in (("oldest", [0, 1, 2]), ("newest", [2, 1, 0])):
        made = network(positions=positions)
        torch.testing.assert_close(made.begun(nothing, ranks, lengths, None, None), made.place_table[places])


@pytest.mark.parametrize("part", ["kinds", "gaps"])
def test_kinds_and_gaps_are_read_where_they_are_on(part: str):
    made, without = network(**{part: True}), network()
    items, column, other = [1, 2, 3], [1, 2, 3], [1, 5, 3]
    one, two = (read(made, items, **{part: each}) for each in (column, other))
    assert changed(one[1:], two[1:])
    torch.testing.assert_close(one[0], two[0])  # the past does not know what comes
    torch.testing.assert_close(read(without, items, **{part: column}), read(without, items, **{part: other}))
    names = {name for name, _ in made.named_parameters()} - {name for name, _ in without.named_parameters()}
    assert names == {f"{part[:-1]}_table"}


def test_a_kind_that_was_not_there_in_training_is_read_as_none():
    made = network(kinds=True)
    unknown = len(made.kind_table)
    torch.testing.assert_close(read(made, [1, 2], kinds=[1, unknown]), read(made, [1, 2], kinds=[1, 0]))


def test_kinds_and_gaps_of_sequences():
    histories = Histories.of([[3, 4, 5, 6], [7], []])
    times = np.array([100, 100, 101, 101 + 2**40, 5], np.int64)
    histories = replace(histories, times=times, kinds=np.array([0, 3, 2, 1, 4], np.uint8))
    assert gaps_of(histories).tolist() == [0, 1, 2, GAPS - 1, 0]
    sequences = Sequences.of(histories, N_ITEMS, 3)
    assert sequences.rows.tolist() == [4, 5, 6, N_ITEMS, 7, N_ITEMS]
    assert sequences.kinds.tolist() == [4, 3, 2, 0, 5, 0]
    assert sequences.gaps.tolist() == [1, 2, GAPS - 1, 0, 0, 0]  # what was cut off is still the event before
    disliked = replace(histories, weights=np.array([1, -1, 1, 1, 1], np.float32))
    assert gaps_of(disliked.keep(disliked.weights > 0)).tolist() == [0, 2, GAPS - 1, 0]
    some = sequences.take(np.array([2, 0]))
    assert [column.tolist() for column in (some.offsets, some.rows, some.kinds)] == [
        [0, 1, 4], [N_ITEMS, 4, 5, 6], [0, 4, 3, 2],
    ]  # fmt: skip


@pytest.mark.parametrize("seconds", [0, 1, 2, 3, 4, 59, 2**20 - 2, 2**20 - 1])
def test_a_gap_counts_doublings(seconds: int):
    histories = replace(Histories.of([[1, 2]]), times=np.array([7, 7 + seconds], np.int64))
    assert gaps_of(histories)[1] == 1 + int(np.log2(1 + seconds))


# -- head ------------------------------------------------------------------------------------------------------------


def scores(made: NextItemNetwork) -> torch.Tensor:
    with torch.no_grad():
        return made.head.people(read(made, HISTORY)) @ made.head.items(made.outputs).T


def test_the_temperature_scales_the_cosine():
    warm, cold = scores(network(head="cosine", temperature=0.5)), scores(network(head="cosine", temperature=0.25))
    torch.testing.assert_close(cold, 2 * warm)
    made = network(head="cosine", temperature=0.5)
    vectors = read(made, HISTORY)
    wanted = nn.functional.cosine_similarity(vectors[:, None], made.item_table[:-1][None], dim=2) / 0.5
    torch.testing.assert_close(warm, wanted.detach())
    assert changed(warm, scores(network()))


def test_an_item_may_have_a_vector_of_its_own_for_being_scored():
    made = network(tied=False)
    assert made.output_table.shape == (N_ITEMS, WIDTH)
    before, vectors = scores(made), read(made, HISTORY)
    with torch.no_grad():
        made.output_table[3] += 1
    torch.testing.assert_close(read(made, HISTORY), vectors)
    assert (scores(made) != before).any(dim=0).tolist() == [item == 3 for item in range(N_ITEMS)]


# -- losses ----------------------------------------------------------------------------------------------------------


class _NoStep:
    """Takes the loss instead of a step."""

    def descend(self, loss: torch.Tensor, over: int, name: str = "main") -> None:
        self.loss, self.over = loss, over


def learner(**settings: object) -> NextItemLearner:
    config = SASRecConfig(width=WIDTH, heads=2, max_history=9, dropout=0, **settings)
    torch.manual_seed(0)
    return NextItemLearner(NextItemNetwork(N_ITEMS, config).double(), config, np.arange(N_ITEMS))


def loss_of(of: NextItemLearner, *, ahead: int = 0) -> tuple[float, np.ndarray]:
    histories = Histories.of([[1, 2, 3, 4, 5], [7], [8, 9, 10]])
    if ahead:
        histories = replace(histories, times=np.array([1, 1, 2, 2, 3, 1, 1, 1, 2]))
    seen = _NoStep()
    torch.manual_seed(5)
    each = of.step(Lessons.of(histories, N_ITEMS, 9, ahead), seen)
    return float(seen.loss.detach()), each.numpy()


def test_negatives_are_drawn_and_their_number_counts():
    few, many, exact = (
        loss_of(learner(loss=loss, negatives=k))[0]
        for loss, k in (("sampled_softmax", 1), ("sampled_softmax", 8), ("softmax", 1))
    )
    assert few < 1.5 < many < exact + 0.5


@pytest.mark.parametrize(("proposal", "share"), [("uniform", 1 / N_ITEMS), ("frequency", 1 / 78)])
def test_negatives_are_drawn_as_the_setting_says(proposal: str, share: float):
    """Item i was taken i times: by frequency, item 0 is drawn once in 0 + 1 + … + 11 + 12."""
    torch.manual_seed(0)
    drawn = learner(loss="bpr", proposal=proposal).proposal.draw(40_000)
    assert float((drawn == 0).double().mean()) == pytest.approx(share, rel=0.15)


@pytest.mark.parametrize("proposal", ["uniform", "frequency"])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("ahead", [0, 2])
def test_corrected_sampled_softmax_with_many_draws_is_the_exact_loss(proposal: str, shared: bool, ahead: int):
    settings = {"loss": "sampled_softmax", "negatives": 100_000, "corrected": True}
    exact, each = loss_of(learner(), ahead=ahead)
    found, sampled = loss_of(learner(proposal=proposal, shared=shared, **settings), ahead=ahead)
    assert found == pytest.approx(exact, abs=1e-2)
    np.testing.assert_allclose(sampled, each, atol=2e-2)
    without, _ = loss_of(learner(proposal=proposal, shared=shared, **{**settings, "corrected": False}), ahead=ahead)
    assert without > exact + 1


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("loss", ["sampled_softmax", "bce"])
def test_rows_that_are_looked_up_get_the_gradient_of_the_whole_table(tied: bool, loss: str):
    """Against the same loss with the tables read as they are."""
    of = learner(loss=loss, negatives=4, tied=tied, shared=True)
    made, sequences = of.network, Sequences.of(Histories.of([[1, 2, 3], [2, 2]]), N_ITEMS, 9)
    asked, items, drawn = torch.tensor([0, 2, 4, 5]), torch.tensor([1, 3, 2, 2]), torch.tensor([2, 0, 5, 5])
    of.proposal.draw = lambda *shape: drawn
    total, each = of.losses(sequences.tensors(), asked, torch.arange(4), items, torch.ones(4, dtype=torch.float64))
    vectors = made(*sequences.tensors())[asked]
    positive = (vectors * made.outputs[items]).sum(dim=1)
    negative = (vectors @ made.outputs[drawn].T).masked_fill(drawn == items[:, None], -torch.inf)
    plain = of.sampled_loss(positive, negative)
    torch.testing.assert_close(each, plain.detach())
    weights = list(made.parameters())
    found = torch.autograd.grad(total, weights, allow_unused=True)
    for one, other in zip(found, torch.autograd.grad(plain.sum(), weights, allow_unused=True), strict=True):
        torch.testing.assert_close(one, other)


def test_the_calibration_is_active():
    bce, none, some = (
        loss_of(learner(negatives=3, **settings))[0]
        for settings in ({"loss": "bce"}, {"loss": "gbce", "calibration": 0}, {"loss": "gbce", "calibration": 0.75})
    )
    assert none == bce
    assert some < bce - 0.01


def test_every_loss_is_its_own():
    names = ("softmax", "soft_softmax", "sampled_softmax", "bce", "bpr")
    found = [loss_of(learner(loss=loss, negatives=3))[0] for loss in names]
    assert len({round(loss, 3) for loss in found}) == len(names)


def test_the_soft_softmax_counts_all_items_as_so_many():
    exact, soft = loss_of(learner()), loss_of(learner(loss="soft_softmax", negatives=3))
    rest = 3 / (N_ITEMS - 1)
    assert soft[0] < exact[0]
    of_one = loss_of(learner(loss="soft_softmax", negatives=N_ITEMS - 1))
    assert of_one[0] == pytest.approx(exact[0])  # all as all of them
    one, other = learner(), learner(loss="soft_softmax", negatives=3)
    read = Sequences.of(Histories.of([[1, 2, 3]]), N_ITEMS, 9).tensors()
    asked, owners, items, shares = torch.tensor([1, 2]), torch.arange(2), torch.tensor([2, 3]), torch.ones(2).double()
    plain, softened = (of.losses(read, asked, owners, items, shares)[1] for of in (one, other))
    torch.testing.assert_close(softened, torch.log(1 - rest + rest * plain.exp()))


# -- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "wrong", "words"),
    [
        ("loss", "sofmax", "'soft_softmax', 'sampled_softmax', 'gbce', 'bce' or 'bpr'; did you mean 'softmax'"),
        ("block", "gate", "'plain', 'gated' or 'released'; did you mean 'gated'"),
        ("positions", "time", "'oldest', 'newest' or 'none'"),
        ("head", "cos", "'dot' or 'cosine'"),
        ("proposal", "popular", "'uniform' or 'frequency'"),
    ],
)
def test_an_unknown_part_is_refused_with_the_choices(setting: str, wrong: str, words: str):
    with pytest.raises(SettingsError, match=words):
        zhiyin.models.ESASRec(**{setting: wrong})


def test_the_papers_parts_are_the_defaults():
    g, e = GSASRecConfig(), ESASRecConfig()
    assert (g.loss, g.negatives, g.calibration, g.tied, g.positions) == ("gbce", 256, 0.75, False, "newest")
    assert (e.loss, e.negatives, e.corrected, e.block, e.positions) == (
        "sampled_softmax", 256, False, "gated", "newest",
    )  # fmt: skip


# -- whole models ----------------------------------------------------------------------------------------------------

PARTS = [
    {"block": "gated", "positions": "newest"},
    {"block": "released", "positions": "none", "tied": False},
    {"head": "cosine", "temperature": 0.5, "positions": "newest"},
]


@pytest.mark.parametrize("parts", PARTS)
def test_the_future_does_not_change_the_past(parts: dict[str, object]):
    made = network(kinds=True, gaps=True, **parts)
    columns = {"kinds": [0, 1, 2, 1, 1], "gaps": [0, 0, 3, 2, 4]}
    one = read(made, [1, 2, 3, 4, 5], **columns)
    other = read(made, [1, 2, 3, 6, 7], kinds=[0, 1, 2, 5, 6], gaps=[0, 0, 3, 20, 30])
    torch.testing.assert_close(one[:3], other[:3])
    assert changed(one[3:], other[3:])


@pytest.mark.parametrize("parts", PARTS)
def test_an_answer_does_not_depend_on_who_else_is_in_the_batch(parts: dict[str, object]):
    made = network(**parts)
    alone = read(made, [1, 2, 3])
    with torch.no_grad():
        together = made(torch.tensor([0, 6, 9, 10]), torch.tensor([9, 9, 9, 9, 9, 9, 1, 2, 3, 4]))
    torch.testing.assert_close(together[6:9], alone)


@pytest.mark.parametrize("parts", [{}, *PARTS])
def test_a_rectangle_gives_the_scores_of_packed_histories(parts: dict[str, object]):
    """What is exported; with dislikes, longer than what is read, and more padding than needed."""
    model = zhiyin.models.SASRec(epochs=1, width=WIDTH, max_history=4, **parts).fit(worlds.even(20, 12, 4))
    histories = Histories.of([[], [0], [3, 3, 1], [5, 4, 3, 2, 1, 0, 6, 7]])
    weights = np.array([1, 1, -2, 1, 1, 1, 1, -1, 1, 1, 1, 1], np.float32)
    histories = replace(histories, weights=weights)
    items, given = np.full((4, 11), -1), np.zeros((4, 11), np.float32)
    for b in range(4):
        items[b, : len(histories.rows[b])] = histories.rows[b]
        given[b, : len(histories.rows[b])] = weights[histories.offsets[b] : histories.offsets[b + 1]]
    with torch.no_grad():
        found = NextItemScores(model)(torch.from_numpy(items), torch.from_numpy(given))
    np.testing.assert_allclose(found.numpy(), model.score(Requests.of(histories)), atol=1e-5)
