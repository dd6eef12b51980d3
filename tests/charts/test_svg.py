"""Pictures are well-formed, to scale, harmless, and say their numbers in words."""

import xml.etree.ElementTree as ET

import pytest

from zhiyin.charts import Interval, intervals, lines

SVG = "{http://www.w3.org/2000/svg}"


def test_a_dot_stands_to_scale_inside_its_bar() -> None:
    picture = ET.fromstring(intervals([Interval("a", 0.5, 0.25, 1.0), Interval("b", 0.25, 0.0, 0.5)], "NDCG"))  # noqa: S314
    bars, dots = picture.findall(f"{SVG}line"), picture.findall(f"{SVG}circle")
    left, right = float(bars[0].attrib["x1"]), float(bars[0].attrib["x2"])
    assert float(dots[0].attrib["cx"]) == pytest.approx(left + (right - left) / 3, abs=0.2)
    assert float(dots[1].attrib["cx"]) == pytest.approx(left, abs=0.2)


def test_hostile_labels_stay_text_and_the_numbers_are_told() -> None:
    label = "<script>alert(1)</script>"
    picture = ET.fromstring(intervals([Interval(label, 0.5, 0.4, 0.6)], label))  # noqa: S314
    assert not list(picture.iter(f"{SVG}script"))
    assert picture.findtext(f"{SVG}title") == label
    assert picture.findtext(f"{SVG}desc") == f"{label} 0.5000 [0.4000, 0.6000]"


def test_curves_are_told_apart_without_colour() -> None:
    picture = ET.fromstring(lines({"a": [3, 2, 1], "b": [1, float("nan"), 2]}, "loss"))  # noqa: S314
    curves = picture.findall(f"{SVG}polyline")
    assert len({curve.attrib["stroke-dasharray"] for curve in curves}) == 2
    assert len(curves[1].attrib["points"].split()) == 2


@pytest.mark.parametrize("nothing", [intervals([Interval("a", float("nan"), 0, 1)], ""), lines({"a": [1.0]}, "")])
def test_no_picture_of_nothing(nothing: str) -> None:
    assert nothing == ""
