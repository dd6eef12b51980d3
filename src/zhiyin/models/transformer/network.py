"""Next-item Transformers: what they compute. How they learn is in training.py, what they are made of in parts.py.

Letters: B people in a batch, T events of all of them end to end, D vector width, N items of the catalogue.
References: SASRec, Kang and McAuley 2018, arXiv 1808.09781; gSASRec, Petrov and Macdonald 2023, arXiv 2308.07192;
eSASRec, Tikhonovich et al. 2025, arXiv 2508.06450. One network for all three. SASRec's
default is not the paper's: normalised before attention, GELU, places counted from the oldest event that is read (so
that one more event leaves the others' vectors as they were). Every history begins with a start row (so that an empty
one has an answer), and histories are packed: only inside attention do they stand in rectangles. With content an item
is the vector of its id plus a projection of what it is, where it is read and where it is scored.
"""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from zhiyin.core.once import once
from zhiyin.data.contracts import KINDS, Requests
from zhiyin.models.described import ItemContent, Projection
from zhiyin.models.layers import Dropout, Norm
from zhiyin.models.network import NetworkModel
from zhiyin.models.transformer.parts import ADDED, BLOCKS, PLACES, Cosine, Dot, Mix, Packed, Watched
from zhiyin.models.transformer.sequences import GAPS, Sequences
from zhiyin.models.transformer.settings import ESASRecConfig, GSASRecConfig, SASRecConfig

COMPONENTS = {
    "causal attention": "test_the_future_does_not_change_the_past",
    "residual connections": "test_what_came_in_is_added",
    "normalisation": "test_normalisation_is_active",
    "dropout": "test_dropout_is_active_while_learning_alone",
    "positions": "test_positions_tell_the_order_and_none_does_not",
    "kinds and gaps of events (off by default)": "test_kinds_and_gaps_are_read_where_they_are_on",
    "cosine head and temperature (off by default)": "test_the_temperature_scales_the_cosine",
    "content and hidden ids (off by default)": "test_content_speaks_where_ids_are_silent",
}
NEGATIVES = {"negatives": "test_negatives_are_drawn_and_their_number_counts"}
SMALL = 0.02
"""Spread of the numbers of a vector at the beginning."""
LOUD, QUIET = 16, 0.1
"""At the beginning an item is read so many times as large as it stands in the table, and layers add but a tenth of the
usual. Else what layers add drowns the item that was read: after 8 epochs on Beauty NDCG@10 is half as high."""
SCORE_BLOCK = 512
"""People whose histories go through the network at once when scoring."""


class NextItemNetwork(nn.Module):
    """Packed sequences of item rows → a vector for each event; its products with item vectors score what is next."""

    per_item: ClassVar[tuple[str, ...]] = ("item_table", "output_table")
    """Weights with a row an item (and one more for the start)."""

    def __init__(
        self, n_items: int, config: SASRecConfig, n_kinds: int = len(KINDS), content: Tensor | None = None
    ) -> None:  # fmt: skip
        super().__init__()
        self.n_items, self.positions, width = n_items, config.positions, config.width

        def table(there: bool, n_rows: int) -> nn.Parameter | None:
            return nn.Parameter(torch.empty(n_rows, width)) if there else None

        self.item_table = nn.Parameter(torch.empty(n_items + 1, width))  # the last row is the start
        self.output_table = table(not config.tied, n_items)
        self.place_table = table(config.positions != "none", config.max_history)
        self.kind_table = table(config.kinds, n_kinds + 1)  # the first row: no kind that was known in training
        self.gap_table = table(config.gaps, GAPS)
        self.dropout = Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            BLOCKS[config.block](width, config.heads, config.dropout) for _ in range(config.blocks)
        )
        self.final_norm = nn.Identity() if config.block == "gated" else Norm(width)
        self.head = Cosine(config.temperature) if config.head == "cosine" else Dot()
        self.content = None
        self.content_in = self.content_out = None
        self.folded: tuple[Tensor, Tensor] | None = None
        for name, weight in self.named_parameters():
            if name.endswith("table"):
                nn.init.normal_(weight, std=SMALL)
            elif weight.dim() > 1:
                nn.init.xavier_normal_(weight, gain=QUIET if name.endswith(ADDED) else 1)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)
        if content is not None:
            self.content = ItemContent(functional.pad(content, (0, 0, 0, 1)))  # the start is not described
            self.content_in = Projection(content.shape[1], width, config.content_hidden, std=SMALL)
            if self.output_table is not None:
                self.content_out = Projection(content.shape[1], width, config.content_hidden, std=SMALL)

    def forward(
        self, offsets: Tensor, rows: Tensor, kinds: Tensor | None = None, gaps: Tensor | None = None,
        table: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """A vector for each event, (T, D), that knows of earlier events of its own history alone.

        ``offsets`` int64 (B + 1,), the others int64 (T,), as `Sequences` has them: at most ``max_history`` a history.
        ``table``: item vectors that ``rows`` count in, instead of all.
        """
        items = functional.embedding(rows, self.inputs if table is None else table)  # (T, D)
        return self.read(items, offsets, kinds, gaps, Packed(offsets.diff()))

    def read(self, items: Tensor, offsets: Tensor, kinds: Tensor | None, gaps: Tensor | None, mix: Mix) -> Tensor:
        """The same from the vectors of the events' items, (T, D)."""
        lengths = offsets.diff()
        owners = torch.repeat_interleave(lengths)  # (T,)
        ranks = torch.arange(len(items)) - offsets[owners]  # (T,) 0 for the oldest that is read
        return self.finished(self.dropout(self.begun(items, ranks, lengths[owners], kinds, gaps)), mix)

    def begun(self, items: Tensor, ranks: Tensor, lengths: Tensor, kinds: Tensor | None, gaps: Tensor | None) -> Tensor:
        """What is known of each event alone: its item's vector, (…, D), and its place, kind and gap, where read."""
        x = LOUD * items
        if self.place_table is not None:
            x = x + functional.embedding(PLACES[self.positions](ranks, lengths), self.place_table)
        if self.kind_table is not None and kinds is not None:
            known = torch.where(kinds < len(self.kind_table), kinds, 0)
            x = x + functional.embedding(known, self.kind_table)
        if self.gap_table is not None and gaps is not None:
            x = x + functional.embedding(gaps, self.gap_table)
        return x

    def finished(self, x: Tensor, mix: Mix) -> Tensor:
        """Through all blocks, (…, D) → (…, D)."""
        for block in self.blocks:
            x = block(x, mix)
        normed: Tensor = self.final_norm(x)
        return normed

    @property
    def inputs(self) -> Tensor:
        """The vectors that items are read by, (N + 1, D), the start's last."""
        return self.tables()[0]

    @property
    def outputs(self) -> Tensor:
        """The vectors that items are scored by, (N, D), before the head."""
        return self.tables()[1]

    def tables(self, nameless: float = 0.0) -> tuple[Tensor, Tensor]:
        """Both; a share ``nameless`` of the items is known by content alone."""
        if self.content is None:
            return self.item_table, self.item_table[:-1] if self.output_table is None else self.output_table
        if self.training:
            return self._tables(nameless)
        if self.folded is None:
            self.folded = self._tables(0.0)
        return self.folded

    def _tables(self, nameless: float) -> tuple[Tensor, Tensor]:
        rows = torch.arange(self.n_items + 1, device=self.item_table.device)
        inputs = self.read_by(rows, nameless)
        return inputs, inputs[:-1] if self.output_table is None else self.scored_by(rows[:-1], nameless)

    def read_by(self, rows: Tensor, nameless: float = 0.0) -> Tensor:
        """The vectors that these rows are read by, (M, D)."""
        return self._joined(functional.embedding(rows, self.item_table), self.content_in, rows, nameless)

    def scored_by(self, rows: Tensor, nameless: float = 0.0) -> Tensor:
        """The vectors that these items are scored by, (M, D), where they have others than for being read."""
        if self.output_table is None:
            return self.read_by(rows, nameless)
        return self._joined(functional.embedding(rows, self.output_table), self.content_out, rows, nameless)

    def _joined(self, ids: Tensor, project: Projection | None, rows: Tensor, nameless: float) -> Tensor:
        if self.content is None or project is None:
            return ids
        return self.content.joined(ids, project, rows, nameless)

    def item_bias(self, learning: bool = False) -> Tensor | None:
        """What is added to the scores of items, (N,): None without content, see `ItemContent.bias`."""
        return None if self.content is None else self.content.bias(learning)[:-1]

    def train(self, mode: bool = True) -> "NextItemNetwork":
        self.folded = None
        return super().train(mode)


class SASRecModel(NetworkModel[SASRecConfig]):
    """SASRec: a Transformer that reads a history in order and scores every item as the next one."""

    name = "SASRec"
    Config: ClassVar[type[SASRecConfig]] = SASRecConfig
    estimator = "zhiyin.models.transformer.training:SASRec"
    components = {**COMPONENTS, "exact softmax": "test_every_loss_is_its_own"}
    reads_order = True
    network: NextItemNetwork

    def score_all(self, requests: Requests) -> np.ndarray:
        scores: np.ndarray = once(self.user_vectors, requests) @ self.item_vectors.T  # (B, N)
        if self.network.content is not None:
            scores += self.item_bias
        return scores

    @torch.no_grad()
    def user_vectors(self, requests: Requests) -> np.ndarray:
        """What each history says of the next item, float32 (B, D)."""
        sequences = self._sequences(requests)
        vectors = [np.zeros((0, self.config.width), np.float32)]
        for start in range(0, len(sequences), SCORE_BLOCK):
            offsets, *events = sequences.take(slice(start, start + SCORE_BLOCK)).tensors()
            last = self.network(offsets, *events)[offsets[1:] - 1]  # (B, D)
            vectors.append(self.network.head.people(last).numpy())
        return np.concatenate(vectors)

    @torch.no_grad()
    def event_embeddings(self, requests: Requests) -> tuple[Tensor, np.ndarray]:
        """The item vectors that are read, (T, D), and their rows, int64 (T,), -1 for the starts."""
        rows = self._sequences(requests).rows
        return self.network.inputs[torch.from_numpy(rows)], np.where(rows < len(self.catalogue), rows, -1)

    def score_from_embeddings(self, embeddings: Tensor, requests: Requests, candidates: np.ndarray) -> Tensor:
        """Scores (B, C) of ``candidates`` int32 (B, C), were ``embeddings`` (T, D) the item vectors that are read;
        order, kinds and times stay."""
        offsets, _, kinds, gaps = self._sequences(requests).tensors()
        read = self.network.read(embeddings, offsets, kinds, gaps, Packed(offsets.diff()))
        people = self.network.head.people(read[offsets[1:] - 1])  # (B, D)
        rows = torch.as_tensor(candidates, dtype=torch.int64)
        vectors, bias = (torch.from_numpy(part) for part in (self.item_vectors, self.item_bias))
        return torch.einsum("bd,bcd->bc", people, vectors[rows]) + bias[rows]

    @torch.no_grad()
    def attention(self, requests: Requests) -> tuple[np.ndarray, np.ndarray]:
        """What the newest event of a single request attends to, float32 (blocks, heads, T), 1 in sum over T, and the
        rows of the items, int64 (T,), -1 for the start."""
        embeddings, items = self.event_embeddings(requests)
        offsets, _, kinds, gaps = self._sequences(requests).tensors()
        watched = Watched()
        self.network.read(embeddings, offsets, kinds, gaps, watched)
        return np.stack([weights[:, -1].numpy() for weights in watched.weights]), items

    def _sequences(self, requests: Requests) -> Sequences:
        return Sequences.of(requests.histories, len(self.catalogue), self.config.max_history)

    @property
    @torch.no_grad()
    def item_vectors(self) -> np.ndarray:
        """float32 (N, D)"""
        return np.asarray(self.network.head.items(self.network.outputs).numpy())

    @property
    def item_bias(self) -> np.ndarray:
        """float32 (N,): none but that of items known by content alone."""
        bias = self.network.item_bias()
        return np.zeros(len(self.catalogue), np.float32) if bias is None else np.asarray(bias.numpy())

    def new_network(self) -> NextItemNetwork:
        """A network for the catalogue and the kinds of event of what the model learns from."""
        n_kinds = len(self.facts.get("kinds", KINDS))
        return NextItemNetwork(len(self.catalogue), self.config, n_kinds, self.content())


class GSASRecModel(SASRecModel):
    """gSASRec: SASRec whose loss is calibrated for the share of the catalogue that its negatives are."""

    name = "GSASRec"
    Config = GSASRecConfig
    components = {
        **COMPONENTS, **NEGATIVES,
        "calibration t": "test_the_calibration_is_active",
        "separate output vectors": "test_an_item_may_have_a_vector_of_its_own_for_being_scored",
    }  # fmt: skip
    estimator = "zhiyin.models.transformer.training:GSASRec"


class ESASRecModel(SASRecModel):
    """eSASRec: SASRec with gated layers and sampled softmax."""

    name = "ESASRec"
    Config = ESASRecConfig
    components = {
        **COMPONENTS, **NEGATIVES,
        "gates": "test_a_closed_gate_lets_nothing_through",
        "SwiGLU": "test_a_layer_is_what_its_paper_says",
        "sampled softmax": "test_every_loss_is_its_own",
    }  # fmt: skip
    estimator = "zhiyin.models.transformer.training:ESASRec"
