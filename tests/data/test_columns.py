"""Which column is which: guessed, shown, overridden, and refused in words that help."""

import shlex
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest

from zhiyin.core.errors import DataError
from zhiyin.data.canonical import separate
from zhiyin.data.columns import guess
from zhiyin.data.dataset import Dataset
from zhiyin.data.side import side_table
from zhiyin.data.times import time_form

NOW = 1_700_000_000


def one(**columns):
    return pl.DataFrame({name: [value] for name, value in columns.items()})


def ours(frame: pl.DataFrame, **given: str) -> pl.DataFrame:
    return separate(frame, guess(frame, given), NOW).good


@pytest.mark.parametrize(
    "names",
    [
        ("user_id", "item_id", "timestamp", "rating"),
        ("CustomerID", "StockCode", "InvoiceDate", "Quantity"),
        ("reviewerID", "asin", "unixReviewTime", "overall"),
        ("visitorid", "itemid", "timestamp", "score"),
        ("personId", "contentId", "eventTime", "count"),
        ("用户ID", "商品ID", "时间", "评分"),
        ("customer", "book", "sold_at", "qty"),
        ("client_id", "sku", "Sale date", "stars"),
    ],
)
def test_usual_names_are_understood(names):
    found = guess(pl.DataFrame({name: ["1"] for name in names}))
    assert dict(found.names) == dict(zip(("user", "item", "time", "value"), names, strict=True))


def test_the_guess_can_be_read():
    shown = str(guess(one(CustomerID="17850.0", StockCode="85123A", Quantity=3, Colour="red")))
    assert shown.splitlines() == [
        "CustomerID  →  user",
        "StockCode   →  item",
        "Quantity    →  value",
        "kept as context: Colour",
        "every event is a purchase: Quantity says so",
        "CustomerID is written like 17850.0: read as 17850",
    ]


def test_what_is_given_goes_before_what_is_guessed():
    frame = one(user="machine", who="ann", item="x", what="y")
    assert ours(frame, user="who", item="what").rows(named=True) == [
        {"user": "ann", "item": "y", "user_": "machine", "item_": "x"}
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"usr": "who"}, r"map names 'usr', which is no column of ours; did you mean 'user'\? ours are: user, item"),
        ({"user": "whoo"}, r"'user' is column 'whoo', which is not there; did you mean 'who'\? the columns are"),
        ({"user": "who", "item": "who"}, r"column 'who' is mapped to 'user' and 'item'; map each column once"),
        ({"user": "who"}, r"no column for 'item'; found who, x: say which one it is, for example --map item=x"),
        ({}, r"no column for 'user'; found who, x: .* in Python map=\{'user': 'who'\}"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_asked_for(given, words):
    with pytest.raises(DataError, match=words):
        guess(one(who="a", x="b"), given)


@pytest.mark.parametrize("name", ["sold", "day", "when", "Erledigt am"])
@pytest.mark.parametrize("cell", ["2024-05-03", "03/05/24", datetime(2020, 1, 2)])
def test_dates_are_the_time_whatever_their_column_is_called(name, cell):
    found = guess(one(customer="a", book="x", **{name: cell}, note="n"))
    assert found.names["time"] == name
    assert f"{name} is taken for time, as its cells are dates" in found.notes
    assert found.others == ("note",)
    assert Dataset.from_frame(one(customer="a", book="x", **{name: cell})).histories.times.max() > 0


@pytest.mark.parametrize(("name", "cell"), [("day", 17), ("sold", "3"), ("version", "1.2.10"), ("note", "soon"),
                                            ("n", 1_700_000_000), ("n", "20240503"), ("empty", None)])  # fmt: skip
def test_what_could_be_anything_is_no_time(name, cell):
    found = guess(one(customer="a", book="x", **{name: cell}))
    assert "time" not in found.names
    assert found.notes == ()


def test_numbers_are_a_time_where_the_name_says_so():
    assert guess(one(user="a", item="x", sold=1_700_000_000)).names["time"] == "sold"
    assert guess(one(user="a", item="x", day="20240503")).time.forms == ("%Y%m%d",)


def test_of_several_columns_of_dates_one_is_taken_only_if_its_name_tells():
    dates = {"am": "2024-05-03", "birth date": "2024-05-03", "um": "2024-05-03"}
    found = guess(one(user="a", item="x", **dates))
    assert "time" not in found.names
    said = "no time; am, birth date, um look like dates: say which is when things happened, --map time=am"
    assert found.notes == (said,)
    assert guess(one(user="a", item="x", **{"birth date": "2024-05-03"})).notes == (
        'no time; birth date looks like dates: say which is when things happened, --map "time=birth date"',
    )
    found = guess(one(user="a", item="x", shipped="2024-05-04", ankauf="2024-05-03"))
    assert found.names["time"] == "ankauf"
    assert found.notes == ("ankauf is taken for time, as its cells are dates, though shipped could be it",)
    assert guess(one(user="a", item="x", am="2024-05-03", sold="2024-05-03")).names["time"] == "sold"
    assert guess(one(user="a", item="x", am="2024-05-03", sold="2024-05-03"), {"time": "am"}).notes == ()


@pytest.mark.parametrize(
    ("columns", "hint"),
    [
        ({"sold_at": "2024-05-03", "book": "x", "price paid": 3.5, "Customer ref.": "7"}, '--map "user=Customer ref."'),
        ({"am": "2024-05-03", "user": "a", "price": 3.5, "Amount": 2.5, "book ref": "x"}, '--map "item=book ref"'),
        ({"user": "a", "price": 3.5, "Amount": 2.5, "weg": "x", "um": "2024-05-03"}, "--map item=weg"),
        ({"item": "a", "client name": "Ann", "client $": "7", "client's $ id": "7"},
         """--map 'user=client'"'"'s $ id'"""),
    ],
)  # fmt: skip
def test_a_hint_names_a_likely_column_and_can_be_pasted(columns, hint):
    with pytest.raises(DataError, match="say which one it is, for example ") as caught:
        guess(one(**columns))
    assert f"for example {hint}, in Python" in caught.value.message
    assert shlex.split(hint)[1] in [f"{ours}={name}" for name in columns for ours in ("user", "item")]


def test_whole_numbers_stored_as_floats_are_whole():
    floats = pl.DataFrame({"user": [17850.0, None], "item": [1.0, 2.0]})
    assert ours(floats)["user"].to_list() == ["17850"]
    text = pl.DataFrame({"user": ["17850.0", "A1.0", "-3.0"], "item": ["007", "1.50", "1e5"]})
    assert guess(text).whole == ()
    assert ours(text).rows() == list(zip(text["user"], text["item"], strict=True))
    all_whole = pl.DataFrame({"user": ["17850.0", "-3.0"], "item": ["a", "b"]})
    assert ours(all_whole)["user"].to_list() == ["17850", "-3"]


def test_signed_64_bit_ids_keep_every_digit():
    frame = pl.DataFrame({"user": ["-8845298781299428018"], "item": [-3499919498720038879]})
    assert ours(frame).rows() == [("-8845298781299428018", "-3499919498720038879")]


def test_a_label_of_0_is_an_impression_and_weighs_nothing():
    frame = pl.DataFrame({"user": ["a", "a"], "item": ["x", "y"], "label": [1, 0]})
    dataset = Dataset.from_frame(frame)
    assert [dataset.kinds[code] for code in dataset.histories.kinds] == ["click", "impression"]
    assert dataset.histories.weights.tolist() == [1, 0]
    assert dataset.hot_items.tolist() == [True, False]


def test_in_a_log_of_impressions_a_position_is_a_place_on_the_page():
    frame = pl.DataFrame({"user_feature_0": ["f", "g"], "item": ["1", "2"], "position": [3, 1], "click": [0, 1]})
    assert ours(frame).rows(named=True) == [
        {"user": "f", "item": "1", "kind": "impression", "slot": 3},
        {"user": "g", "item": "2", "kind": "click", "slot": 1},
    ]
    assert "people of the same features are taken for one" in str(guess(frame))


def test_without_a_user_a_session_is_one():
    sessions = pl.DataFrame({"session": ["s1", "s1"], "item": ["x", "y"], "position": [1, 0]})
    assert ours(sessions).columns == ["user", "item", "position"]
    mostly_empty = pl.DataFrame({"session_id": ["1", "2"], "user_id": ["NA", None], "item_id": ["x", "y"]})
    assert ours(mostly_empty)["user"].to_list() == ["1", "2"]


def test_words_for_kinds_are_ours_where_they_mean_the_same():
    words = ["VIEW", "addtocart", "transaction", "COMMENT CREATED", "Wink", "购买", None]
    frame = pl.DataFrame({"user": ["u"] * 7, "item": ["i"] * 7, "event": words})
    assert ours(frame)["kind"].to_list() == ["view", "cart", "purchase", "comment", "Wink", "purchase", None]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("978300760", 978300760), ("978300760000", 978300760), ("978300760000000", 978300760),
        ("978300760.9", 978300760), ("2000-12-31 22:12:40", 978300760), ("2000-12-31T22:12:40Z", 978300760),
        ("2000-12-31T23:12:40+01:00", 978300760), ("2019-11-24 00:00:20.801121+00:00", 1574553620),
        ("2000-12-31", 978220800), ("31/12/2000 22:12", 978300720), ("12/31/2000 22:12", 978300720),
        ("31.12.2000", 978220800), ("31-Dec-2000", 978220800), ("2000年12月31日", 978220800), ("20001231", 978220800),
        ("31/12/00", 978220800), ("12/31/00 10:12 PM", 978300720), ("31-12-2000 22:12:40", 978300760),
        ("31.12.00 22:12", 978300720), ("2000.12.31", 978220800), ("12-31-2000", 978220800),
    ],
)  # fmt: skip
def test_times_in_any_usual_form_become_seconds(written, seconds):
    assert ours(one(user="u", item="i", time=written))["time"].to_list() == [seconds]


def test_the_unit_is_told_by_the_size_of_each_row():
    frame = pl.DataFrame({"user": ["u"] * 3, "item": ["i"] * 3, "time": [978300760, 978300761, 978300762000]})
    separated = separate(frame, guess(frame), NOW)
    assert separated.good["time"].to_list() == [978300760, 978300761, 978300762]
    assert separated.units == {"seconds": 2, "milliseconds": 1}


def test_day_and_month_never_change_places_inside_a_column():
    mixed = pl.Series(["01/02/2020", "13/02/2020", "02/25/2020", "14/03/2020"])
    frame = pl.DataFrame({"user": ["u"] * 4, "item": ["i"] * 4, "time": mixed})
    separated = separate(frame, guess(frame), NOW)
    assert separated.good["time"].to_list() == [1580515200, 1581552000, 1584144000]
    assert separated.bad["reason"].to_list() == ["time cannot be read"]
    assert time_form(pl.Series(["01/02/2020"])).note == "could be day/month or month/day: read as day/month"


@pytest.mark.parametrize(
    ("cells", "days", "note"),
    [
        (["03/05/20", "13/05/20"], ["2020-05-03", "2020-05-13"], ""),
        (["03/05/20", "03/25/20"], ["2020-03-05", "2020-03-25"], ""),
        (["20-05-03", "20-06-17"], ["2020-05-03", "2020-06-17"], ""),
        (["03/05/20", "04/05/20"], ["2020-05-03", "2020-05-04"], "could be day/month or month/day: read as day/month"),
        (["03/05/04", "03/05/04"], ["2004-05-03"] * 2,
         "could be day/month or month/day or year/month/day: read as day/month"),
        (["03/05/20", "13/05/2020", "3.5.2020"], ["2020-05-03", "2020-05-13", "2020-05-03"], ""),
    ],
)  # fmt: skip
def test_years_of_two_digits_are_told_by_the_whole_column(cells, days, note):
    frame = pl.DataFrame({"user": "u", "item": "i", "time": cells})
    seconds = pl.Series(days).str.to_datetime("%Y-%m-%d").dt.epoch("s").to_list()
    assert ours(frame)["time"].to_list() == seconds
    assert time_form(frame["time"]).note == note


def test_dates_of_a_frame_are_read_in_utc():
    there = datetime(2001, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert there.astimezone(UTC).hour == 0
    frame = pl.DataFrame({"user": ["u"], "item": ["i"], "time": [there]})
    assert ours(frame)["time"].to_list() == [978307200]


@pytest.mark.parametrize("columns", [("User", "user", "ITEM", "item"), ("user", "User", "item", "ITEM")])
def test_a_column_called_like_ours_wins_over_another_spelling_and_a_note_says_so(columns):
    frame = pl.DataFrame({name: [name] for name in columns})
    found = guess(frame)
    assert dict(found.names) == {"user": "user", "item": "item"}
    assert found.notes == (
        "user is taken for user, though User could be it: say otherwise with --map user=User",
        "item is taken for item, though ITEM could be it: say otherwise with --map item=ITEM",
    )
    assert guess(frame, {"user": "User", "item": "item"}).notes == ()
    assert side_table(frame, "item", {}, ()).frame.row(0, named=True)["item"] == "item"
    other = side_table(frame, "item", {"item": "ITEM"}, ()).frame
    assert other.row(0, named=True) == {"item": "ITEM", "User": "User", "user": "user", "item_": "item"}


def test_two_usual_names_of_one_role_are_told():
    found = guess(one(user="a", item="x", rating=1.0, count=2))
    assert (
        found.notes[-1] == "rating is taken for value, though count could be it: say otherwise with --map value=count"
    )
