"""From a dirty file to a dataset in one line: what is read, what is left out, and what is said about it."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import zhiyin
from zhiyin.core.errors import DataError
from zhiyin.data.bundled import online_retail
from zhiyin.data.reading import read


def test_the_dirty_shop_in_one_line_says_what_was_left_out():
    dataset = read(online_retail(), fixes="shop")
    assert [report.sentence.en for report in dataset.report] == [
        "135,080 lines have no customer: left out",
        "0 item ids: written in upper case",
        "8,905 returns: left out",
        "40 of price 0 or less: left out",
        "1,547 lines of no product (6 codes): left out",
        "5,187 exact duplicates: left out",
    ]
    assert [report.left for report in dataset.report][-2:] == [396_337, 391_150]
    assert (dataset.histories.n_events, len(dataset.users), len(dataset.catalogue)) == (391_150, 4_334, 3_659)
    row = dataset.catalogue.ids.row("85123A")
    assert dataset.catalogue.columns["title"][row] == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert dataset.catalogue.columns["price"][row] == 2.95
    assert dataset.people["country"][dataset.users.row("17850")] == "United Kingdom"
    assert "CustomerID   →  user" in str(dataset.guess)
    purchase = dataset.kinds.index("purchase")
    assert (dataset.histories.kinds == purchase).all()


def test_without_fixes_every_line_with_a_customer_is_kept():
    dataset = read(online_retail())
    assert (dataset.histories.n_events, len(dataset.users), len(dataset.catalogue)) == (406_829, 4_372, 4_070)
    assert [report.rows for report in dataset.report] == [135_080]
