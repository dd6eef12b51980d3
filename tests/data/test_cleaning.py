"""Only the named fixes, in a fixed order, each with its count; the shop's steps on the real table."""

import hashlib

import polars as pl
import pytest

from zhiyin.core.errors import SettingsError
from zhiyin.data.bundled import ONLINE_RETAIL_SHA256, online_retail
from zhiyin.data.cleaning import PRESETS, chosen, clean, fix_names


@pytest.fixture(scope="module")
def shop() -> pl.DataFrame:
    """All bundled lines under our column names, those without a customer dropped."""
    names = {
        "InvoiceNo": "session", "StockCode": "item", "Description": "title", "Quantity": "value",
        "InvoiceDate": "time", "UnitPrice": "price", "CustomerID": "user", "Country": "country",
    }  # fmt: skip
    lines = pl.read_parquet(online_retail()).rename(names).with_columns(pl.col("time").dt.epoch("s"))
    assert len(lines) == 541_909
    usable = lines.drop_nulls("user")
    assert len(lines) - len(usable) == 135_080
    return usable


def test_bundled_table_is_the_known_one_and_credits_its_author() -> None:
    assert hashlib.sha256(online_retail().read_bytes()).hexdigest() == ONLINE_RETAIL_SHA256
    licence = online_retail().with_name("LICENSE.txt").read_text()
    assert "Chen, D. (2015)" in licence
    assert "CC BY 4.0" in licence


def test_shop_passes_through_the_published_counts(shop: pl.DataFrame) -> None:
    cleaned = clean(shop, "shop")
    assert [(report.name, report.rows, report.left) for report in cleaned.reports] == [
        ("upper_case_items", 0, 406_829),
        ("returns", 8_905, 397_924),
        ("price", 40, 397_884),
        ("not_products", 1_547, 396_337),
        ("duplicates", 5_187, 391_150),
    ]
    said = [report.sentence.en for report in cleaned.reports]
    assert said[1] == "8,905 returns: left out"
    assert said[3] == "1,547 lines of no product (6 codes): left out"
    assert cleaned.reports[1].sentence.zh == "8,905 行退货：已去除"
    assert len(cleaned.events) == 391_150


def test_shop_before_duplicates_has_the_published_people_and_items(shop: pl.DataFrame) -> None:
    tidy = clean(shop, [name for name in PRESETS["shop"] if name != "duplicates"]).events
    assert (len(tidy), tidy["user"].n_unique(), tidy["item"].n_unique()) == (396_337, 4_334, 3_659)


def test_no_fix_changes_nothing(shop: pl.DataFrame) -> None:
    cleaned = clean(shop, ())
    assert cleaned.events is shop
    assert cleaned.reports == ()


def test_order_is_ours_whatever_the_order_given() -> None:
    assert chosen(["duplicates", "returns", "shop"]) == PRESETS["shop"]
    assert chosen(reversed(fix_names())) == fix_names()
    assert fix_names()[-1] == "duplicates"


def test_unknown_fix_is_named_with_the_nearest_right_one() -> None:
    with pytest.raises(SettingsError, match=r"there is no fix 'duplicate'; did you mean 'duplicates'\? the fixes are"):
        clean(pl.DataFrame({"user": ["a"], "item": ["b"]}), ["duplicate"])


def test_upper_case_items_merges_spellings_and_counts_them() -> None:
    events = pl.DataFrame({"user": ["a", "a", "b"], "item": ["85123a", "85123A", "22"]})
    cleaned = clean(events, "upper_case_items")
    assert cleaned.events["item"].to_list() == ["85123A", "85123A", "22"]
    assert cleaned.reports[0].rows == 1
    assert events["item"][0] == "85123a"
