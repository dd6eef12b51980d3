"""Columns to numbers and back; distances; the judgement's own judgement."""

import json

import numpy as np
import polars as pl
import pytest

from zhiyin.core.errors import DataError, ModelError
from zhiyin.core.languages import Sentence
from zhiyin.data.contracts import Catalogue
from zhiyin.data.tables import catalogue_of
from zhiyin.generation import Encoding, Specification
from zhiyin.generation.judgement import coverage, marginals_copy, share_new, told_apart
from zhiyin.generation.neighbours import Neighbours
from zhiyin.generation.numbers import number_block
from zhiyin.generation.ranges import ranges_of
from zhiyin.generation.specification import Attributes, sentence

RNG = np.random.default_rng(0)


def catalogue(n: int = 300) -> Catalogue:
    rng = np.random.default_rng(1)
    colours = rng.choice(["red", "blue"], n)
    kinds = rng.choice(["jug", "bag", "bowl"], n)
    prices = rng.choice([0.55, 9.0, 150.0], n)
    columns = {
        "item": [f"i{i}" for i in range(n)],
        "title": [f"LARGE {colour} {kind} no{i}" for i, (colour, kind) in enumerate(zip(colours, kinds, strict=True))],
        "category": [None if i % 10 == 0 else kind for i, kind in enumerate(kinds)],
        "price": [float("nan") if i % 7 == 0 else price for i, price in enumerate(prices)],
        "tags": [[] if i % 5 == 0 else ["a", "b"][: 1 + i % 2] for i in range(n)],
        "width": rng.normal(50, 5, n),
    }
    return catalogue_of(pl.DataFrame(columns))


def test_there_and_back_is_the_same() -> None:
    encoding = Encoding.of(catalogue())
    hard = encoding.read(catalogue())
    soft = encoding.soften(hard, RNG)
    assert soft.shape == (300, encoding.width)
    back = dict(zip((block.name for block in encoding.blocks), encoding.harden(soft), strict=True))
    for block, part in zip(encoding.blocks, hard, strict=True):
        tolerance = 1e-3 * np.nanstd(part) if block.name == "width" else 0
        clipped = 0 if block.name != "width" else (np.abs(part - back[block.name]) > tolerance).sum()
        assert clipped <= 1, block.name  # farther than 4 spreads from its mode
        if block.name != "width":
            np.testing.assert_array_equal(back[block.name], part, err_msg=block.name)


def test_attributes_are_readable_and_in_the_order_of_the_title() -> None:
    shop = catalogue()
    encoding = Encoding.of(shop)
    found = encoding.attributes(encoding.read(shop), 1)
    assert " ".join(found["title"]) == shop.columns["title"][1].lower().removesuffix(" no1")  # type: ignore[arg-type]
    assert found["category"] == shop.columns["category"][1]
    assert found["price"] == shop.columns["price"][1]
    assert set(encoding.attributes(encoding.read(shop), 0)) == {"title", "width"}
    assert Specification({}, [("a", 0.5)], 0.3, {}, Sentence("", "")).to_dict()["neighbours"] == [
        {"item": "a", "distance": 0.5}
    ]


def test_a_specification_reads_as_a_sentence_in_both_languages() -> None:
    attributes: Attributes = {"kind": "kitchen", "price": 5.0, "tags": ["red", "spot"], "title": ["ceramic", "jug"]}
    said = sentence(attributes, {"price": (3.95, 6.0)}, ("title",))
    assert said.en == "ceramic jug, kitchen, price 3.95–6, red, spot"
    assert said.zh == "ceramic jug，kitchen，价格 3.95–6，red，spot"
    assert sentence({"year": 1995.0}, {}).en == "year 1995"
    assert sentence({"year": 1995.0}, {"year": (1990.5, 1995.0)}).en == "year 1990–1995"
    assert sentence({"x": 0.123456}, {}).en == "x 0.123"
    book: Attributes = {"author": "Ann Bo", "blurb": ["sad", "end"], "in_print": "yes", "title": ["red", "jug"]}
    assert sentence(book, {}, ("title", "blurb")).en == "red jug, blurb sad end, author Ann Bo, in print yes"
    assert sentence(book, {}, ("title", "blurb")).zh == "red jug，blurb sad end，作者 Ann Bo，in print yes"


def test_names_are_one_value_and_numbers_written_as_text_are_numbers() -> None:
    n = 300
    shop = Catalogue.of(
        map(str, range(n)),
        title=[f"story {i % 7} of {i}" for i in range(n)],
        author=[f"Ann {i // 3 if i < 240 else i} Bo" for i in range(n)],  # 80 with three books, 60 with one
        year=[None if i == 9 else str(1900 + i % 100) for i in range(n)],
        code=[f"{i % 100:03d}" for i in range(n)],
        in_stock=[str(i % 5) for i in range(n)],
    )
    encoding = Encoding.of(shop)
    forms = {block.name: (block.kind, block.width) for block in encoding.blocks}
    assert forms["author"] == ("category", 81)
    assert forms["title"][0] == "labels"
    assert forms["year"][0] == "number"
    assert forms["code"][0] == "category"  # a leading zero: a code
    assert encoding.set_aside == {"in_stock": "by its name it says how many are left"}
    hard = encoding.read(shop)
    assert encoding.attributes(hard, 3) | {"title": []} == {
        "title": [],
        "author": "Ann 1 Bo",
        "year": 1903.0,
        "code": "003",
    }
    assert "author" not in encoding.attributes(hard, 299)
    assert "year" not in encoding.attributes(hard, 9)
    other = Catalogue(shop.ids, {**shop.columns, "year": np.array(["c. 1900", *shop.columns["year"][1:]], object)})
    assert "year" not in encoding.attributes(encoding.read(other), 0)  # a later table may hold what is no number
    assert Encoding.of(shop, ["in_stock"]).blocks[0].kind == "number"  # who asks for it gets it


def test_a_range_is_the_middle_half_of_what_is_alike() -> None:
    shop = Catalogue.of(
        map(str, range(40)),
        kind=["jug", "bag"] * 20,
        price=[4.0 + (i // 2) % 9 if i % 2 == 0 else 90.0 + i for i in range(40)],
    )
    encoding = Encoding.of(shop)
    pool = encoding.read(shop)
    jug, bag, priceless = ranges_of(encoding, [np.array([1, 0, 1]), np.array([8.0, 100.0, np.nan])], pool)
    jugs = np.sort(np.append(pool[1][::2][:8], 8.0))
    assert jug == {"price": (jugs[2], jugs[6])}
    assert bag["price"][0] >= 90
    assert bag["price"][0] <= 100 <= bag["price"][1]
    assert priceless == {}


def test_three_price_points_stay_three_modes() -> None:
    shop = catalogue()
    encoding = Encoding.of(shop, ["price"])
    soft = encoding.soften(encoding.read(shop), RNG)
    assert encoding.blocks[0].frequent == (0.55, 9.0, 150.0)  # type: ignore[attr-defined]
    assert (soft[:, 1:].sum(axis=1) == 1).all()
    assert set(np.unique(np.nan_to_num(encoding.harden(soft)[0]))) == {0, 0.55, 9.0, 150.0}


def test_saved_as_json_it_reads_alike() -> None:
    encoding = Encoding.of(catalogue())
    restored = Encoding.restored(json.loads(json.dumps(encoding.to_dict())))
    assert restored == encoding
    np.testing.assert_array_equal(
        restored.embed(restored.read(catalogue())), encoding.embed(encoding.read(catalogue()))
    )


def test_what_can_be_asked_for_stands_where_it_says() -> None:
    encoding = Encoding.of(catalogue())
    soft = encoding.soften(encoding.read(catalogue()), RNG)
    at = dict(zip(encoding.askable, encoding.askable_at, strict=True))
    red = ["red" in title for title in catalogue().columns["title"]]
    assert (soft[:, at["title", "red"]] > 0.5).tolist() == red
    bag = [category == "bag" for category in catalogue().columns["category"]]
    assert (soft[:, at["category", "bag"]] > 0.5).tolist() == bag


def test_columns_that_say_nothing_are_set_aside_by_name() -> None:
    n = 40
    shop = Catalogue.of(
        [str(i) for i in range(n)],
        empty=[None] * n,
        one=["same"] * n,
        zero=[0.0] * n,
        void=[float("nan")] * n,
        code=[f"xx{i}" for i in range(n)],
        added=list(range(1_300_000_000, 1_300_000_000 + n)),
        colour=["red", "blue"] * (n // 2),
    )
    encoding = Encoding.of(shop)
    assert [block.name for block in encoding.blocks] == ["colour"]
    assert encoding.set_aside == {
        "empty": "no item has a value", "one": "always 'same'", "zero": "always 0", "void": "no item has a value",
        "code": "no value stands with two items", "added": "it holds times",
    }  # fmt: skip
    with pytest.raises(ModelError, match=r"needs a catalogue with a column .*: it has only ids; give items with such"):
        Encoding.of(Catalogue.of(["a", "b"]))
    with pytest.raises(ModelError, match="one: always 'same'; give items"):
        Encoding.of(shop, ["one"])
    with pytest.raises(ModelError, match="the catalogue has no column 'colr'; it has: empty, one"):
        Encoding.of(shop, ["colr"])


def test_identifiers_addresses_and_silent_words_say_nothing_of_an_item() -> None:
    n = 40
    shop = Catalogue.of(
        map(str, range(n)),
        work_id=[i // 2 for i in range(n)],
        parentId=[i // 2 for i in range(n)],
        page=[f"https://shop.example/{i // 2}" for i in range(n)],
        paid=[i // 2 for i in range(n)],
        title=[f"The {('jug', 'bag')[i % 2]} of Ann's {i // 2} and {i // 3} 水壶" for i in range(n)],
    )
    encoding = Encoding.of(shop)
    assert encoding.set_aside == {
        "work_id": "by its name it is an identifier", "parentId": "by its name it is an identifier",
        "page": "it holds addresses",
    }  # fmt: skip
    words = set(dict(zip((b.name for b in encoding.blocks), encoding.blocks, strict=True))["title"].askable)
    assert {"jug", "bag", "ann", "水壶"} <= words
    assert not words & {"the", "of", "and", "s"}
    asked = Encoding.of(shop, ["work_id", "page"])  # what is asked for is taken
    assert [block.name for block in asked.blocks] == ["work_id", "page"]


def test_a_hundred_thousand_categories_become_words() -> None:
    n = 100_000
    shop = Catalogue.of(
        map(str, range(n)), kind=[f"c{i}" for i in range(n)], sort=[f"kind {i % 50_000}" for i in range(n)]
    )
    encoding = Encoding.of(shop)
    assert encoding.width == 128
    assert "kind" in encoding.set_aside


def test_chinese_titles_are_read_two_signs_at_a_time() -> None:
    shop = Catalogue.of(map(str, range(4)), title=["红色 水壶", "蓝色 水壶", "红色 布袋🎒", "蓝色 布袋"])
    (block,) = Encoding.of(shop, ["title"]).blocks
    assert set(block.askable) == {"红色", "蓝色", "水壶", "布袋"}


def test_neighbours_equal_a_naive_search() -> None:
    items, points = RNG.normal(size=(60, 5)).astype(np.float32), RNG.normal(size=(9, 5)).astype(np.float32)
    rows, distances = Neighbours(items).nearest(points, 4)
    far = np.linalg.norm(points[:, None] - items[None], axis=2)
    np.testing.assert_array_equal(rows, np.argsort(far, axis=1)[:, :4])
    np.testing.assert_allclose(distances, np.sort(far, axis=1)[:, :4], rtol=1e-4)
    own = np.sort(np.linalg.norm(items[:, None] - items[None], axis=2), axis=1)[:, 1]
    novelty = Neighbours(items).novelty(distances[:, 0])
    np.testing.assert_allclose(novelty, [(own < d).mean() for d in distances[:, 0]], atol=0.02)


def test_a_copy_is_not_new_and_a_catalogue_of_one_item_works() -> None:
    items = RNG.normal(size=(60, 5)).astype(np.float32)
    neighbours = Neighbours(items)
    assert share_new(neighbours, items)["value"] == 0
    assert share_new(neighbours, items + 100)["value"] == 1
    alone = Neighbours(items[:1])
    assert alone.nearest(items[:3], 5)[0].tolist() == [[0], [0], [0]]
    assert alone.novelty(np.array([1.0])).tolist() == [0]


def test_of_a_large_catalogue_some_items_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    items = RNG.normal(size=(101, 3)).astype(np.float32)
    everything = Neighbours(items).own
    monkeypatch.setattr("zhiyin.generation.neighbours.OWN", 51)
    some = Neighbours(items).own
    assert len(some) == 51
    far = np.sort(np.linalg.norm(items[::2, None] - items[None], axis=2), axis=1)[:, 1]
    np.testing.assert_allclose(some, np.sort(far), rtol=1e-3)
    assert set(some.round(4)) <= set(everything.round(4))


def test_the_two_sample_test_knows_same_from_different() -> None:
    x = RNG.normal(size=(900, 3))
    same = told_apart(x[:300], x[300:600])
    assert same["low"] < 0.5 < same["high"]
    moved = told_apart(x[:300], x[300:600] + np.array([1.5, 0, 0]))
    assert moved["low"] > 0.7
    with pytest.raises(DataError, match="300 real and 9 made items; give at least 50 of each"):
        told_apart(x[:300], x[:9])


def test_copied_marginals_keep_shares_and_lose_what_belongs_together() -> None:
    shop = catalogue(2000)
    encoding = Encoding.of(shop)
    hard = encoding.read(shop)
    copy = marginals_copy(hard, 2000, np.random.default_rng(2))
    title = [block.name for block in encoding.blocks].index("title")
    np.testing.assert_allclose(copy[title].mean(axis=0), hard[title].mean(axis=0), atol=0.05)
    assert coverage(encoding, hard, copy) == dict.fromkeys(shop.columns, 1.0)
    assert told_apart(encoding.embed(hard), encoding.embed(copy))["low"] > 0.7
    first = [part[:1] for part in hard]
    assert coverage(encoding, hard, first)["title"] < 0.75


def test_a_mixture_of_three_humps_keeps_them() -> None:
    rng = np.random.default_rng(4)
    humps = np.concatenate([rng.normal(mean, 1, 500) for mean in (-50, 0, 80)])
    block = number_block("x", humps, seed=0)
    assert not block.frequent
    for mean in (-50, 0, 80):
        assert np.abs(np.array(block.means) - mean).min() < 1
    back = block.harden(block.soften(humps, rng))
    np.testing.assert_allclose(back, humps, atol=1e-3 * humps.std())
