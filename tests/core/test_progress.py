"""Progress gives back the same items and speaks on stderr only."""

import io

import pytest

from zhiyin.core.progress import Bars, Plain, Silent, for_terminal


@pytest.mark.parametrize("progress", [Silent(), Plain(io.StringIO()), Bars()])
def test_the_items_pass_through(progress):
    assert list(progress.track(iter([3, 1, 2]), "work", total=3)) == [3, 1, 2]


def test_plain_lines_are_counted_and_have_no_control_characters(capsys):
    stream = io.StringIO()
    list(Plain(stream, every_s=0).track([1, 2], "epochs", total=2))
    assert stream.getvalue() == "epochs: 1 of 2\nepochs: 2 of 2\n"
    Plain().say("hello")
    assert capsys.readouterr() == ("", "hello\n")


def test_without_a_terminal_there_are_no_bars():
    assert isinstance(for_terminal(), Plain)
