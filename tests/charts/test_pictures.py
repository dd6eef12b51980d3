"""Pictures are well-formed, to scale, harmless, and say their numbers in words."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from zhiyin.charts import Curve, Interval, bars, columns, curves, forest, intervals
from zhiyin.charts.canvas import shortened

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
NAN = float("nan")
HOSTILE = "<script>alert('汉字 $x_1$')</script>\n-->"
PICTURES = {
    "intervals": intervals([Interval(HOSTILE, 0.5, 0.4, 0.6), Interval("b", 0.1, 0.0, 0.2, hollow=True)], HOSTILE),
    "forest": forest({HOSTILE: [Interval(HOSTILE, 0.5, 0.4, 0.6), Interval("b", -0.1, -0.2, 0.2)]}, HOSTILE),
    "curves": curves([Curve(HOSTILE, [1, 2, 3], [0.5, 0.25, 0.75], 3)], HOSTILE, x=HOSTILE),
    "diagonal": curves([Curve(HOSTILE, [0.1, 0.2], [0.125, 0.25])], HOSTILE, x=HOSTILE, diagonal=True),
    "bars": bars([HOSTILE, "b"], {HOSTILE: [0.5, 0.25]}, HOSTILE),
    "columns": columns([HOSTILE, "b"], [5, 12_000], HOSTILE),
}


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314


def dots(picture: ET.Element) -> list[float]:
    """Where the middle of each marker stands, x."""
    return [float(use.attrib["x"]) for use in picture.iter(f"{SVG}use")]


def bars_of(picture: ET.Element, width: str) -> list[tuple[float, float]]:
    """Ends of the lines of this width, x."""
    found = [
        path.attrib for path in picture.iter(f"{SVG}path") if f"stroke-width: {width}" in path.attrib["style"][-16:]
    ]
    return [(float(ends[0]), float(ends[1])) for ends in (re.findall(r"[ML] ([\d.]+) ", p["d"]) for p in found)]


def test_a_dot_stands_to_scale_inside_its_bar() -> None:
    rows = [Interval("a", 0.5, 0.25, 1.0), Interval("b", 0.25, 0.0, 0.5)]
    picture = parsed(intervals(rows, "NDCG"))
    ends = [end for end in bars_of(picture, "3") if end[1] > end[0]]
    (left, right), (start, _) = ends
    first, second = dots(picture)[-2:]
    assert first == pytest.approx(left + (right - left) / 3, abs=0.01)
    assert second == pytest.approx(left, abs=0.01)
    assert start < left


def test_rows_of_one_label_stand_under_each_other_on_one_scale() -> None:
    groups = {"one": [Interval("a", 0.5, 0.4, 0.6), Interval("a", 0.1, 0.0, 0.2, hollow=True)],
              "two": [Interval("a", 0.25, 0.2, 0.3)]}  # fmt: skip
    picture = parsed(forest(groups, "effect"))
    labels = [text.text for text in picture.iter(f"{SVG}text")]
    assert labels.count("a") == 1
    assert {"one", "two"} <= set(labels)
    lengths = [right - left for left, right in bars_of(picture, "3")]
    assert lengths == pytest.approx([lengths[0], lengths[0], lengths[0] / 2], abs=1e-3)
    assert "one, a 0.1000 [0.0000, 0.2000]; two, a 0.2500" in str(picture.findtext(f"{SVG}desc"))
    own = [right - left for left, right in bars_of(parsed(forest(groups, "effect", own_scales=True)), "3")]
    assert own == pytest.approx([lengths[0]] * 3, abs=1e-3)


@pytest.mark.parametrize("name", PICTURES)
def test_hostile_labels_stay_text_and_nothing_is_referred_to_outside(name: str) -> None:
    picture = parsed(PICTURES[name])
    assert not list(picture.iter(f"{SVG}script"))
    assert picture.findtext(f"{SVG}title") == HOSTILE
    assert "alert('汉字 $x_1$')" in str(picture.findtext(f"{SVG}desc"))
    assert "url(" not in PICTURES[name]
    assert "font-family" not in PICTURES[name]
    assert "<!--" not in PICTURES[name]
    assert all(use.attrib[LINK].startswith("#") for use in picture.iter(f"{SVG}use"))
    assert any("汉字" in (text.text or "") for text in picture.iter(f"{SVG}text"))


@pytest.mark.parametrize("name", PICTURES)
def test_two_pictures_of_a_page_share_no_name_that_means_two_things(name: str) -> None:
    meant: dict[str, set[str]] = {}
    for svg in PICTURES.values():
        for path in parsed(svg).iter(f"{SVG}path"):
            if "id" in path.attrib:
                meant.setdefault(path.attrib["id"], set()).add(path.attrib["d"])
    assert all(len(shapes) == 1 for shapes in meant.values())
    assert not re.search(r'<g id="', PICTURES[name])


def test_ink_is_the_pages() -> None:
    for svg in PICTURES.values():
        colours = set(re.findall(r"#[0-9a-f]{6}\b", svg))
        assert colours <= {"#3b76b5"}
        assert all("fill: var(--" in text.attrib["style"] for text in parsed(svg).iter(f"{SVG}text"))


def test_a_dollar_begins_no_formula() -> None:
    for svg in (columns(["price in $ and $"], [1], ""), intervals([Interval("price in $ and $", 1, 0, 2)], "")):
        assert "price in $ and $" in [text.text for text in parsed(svg).iter(f"{SVG}text")]


def test_a_small_loss_is_no_minus_nothing() -> None:
    assert "-0.0000" not in intervals([Interval("a", -0.00001, -0.00002, 0.0)], "")


def test_points_that_are_no_number_are_left_out() -> None:
    picture = parsed(curves([Curve("a", [1, 2, 3], [1.0, NAN, 2.0])], "", x=""))
    assert picture.findtext(f"{SVG}desc") == "a: 1 1, 3 2"
    told = parsed(intervals([Interval("a", 1, 0, 2), Interval("b", NAN, 0, 1)], "")).findtext(f"{SVG}desc")
    assert told == "a 1.0000 [0.0000, 2.0000]"


@pytest.mark.parametrize("nothing", [
    intervals([Interval("a", NAN, 0, 1)], ""), forest({"a": [Interval("a", NAN, 0, 1)]}, ""),
    curves([Curve("a", [1, 2], [1.0, NAN])], "", x=""), bars([], {"a": []}, ""), bars(["a"], {"b": [0.0]}, ""),
    columns([], [], ""), columns(["a"], [0], ""),
])  # fmt: skip
def test_no_picture_of_nothing(nothing: str) -> None:
    assert nothing == ""


def test_one_value_alone_and_fifty_rows_are_drawn() -> None:
    assert intervals([Interval("a", 0.0, 0.0, 0.0)], "").startswith("<svg ")
    many = parsed(intervals([Interval(f"model {n}", n, n - 1, n + 1) for n in range(50)], ""))
    assert float(many.attrib["viewBox"].split()[-1]) > 1000
    assert len(list(parsed(curves([Curve("a", [1, 2], [1, 2])] * 50, "", x="")).iter(f"{SVG}svg"))) == 1


def test_labels_are_cut_where_the_room_ends() -> None:
    assert shortened("abc", 21) == "abc"
    assert shortened("abcd", 21) == "ab…"
    assert shortened("汉字汉字", 42) == "汉字…"
    assert shortened("a\nb   c", 100) == "a b c"
    assert shortened("abc", 0) == "…"


def test_columns_have_as_many_labels_as_fit() -> None:
    picture = parsed(columns([f"2011-{n:02}-01" for n in range(40)], [1] * 40, "t"))
    labels = [text.text for text in picture.iter(f"{SVG}text") if str(text.text).startswith("2011")]
    assert 2 <= len(labels) <= 5


def test_importing_charts_does_not_import_matplotlib() -> None:
    code = "import sys, zhiyin.charts; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
