import pytest

from dag_gfn import OptionError
from dag_gfn.knowledge.tetrad import is_tetrad, parse_tetrad

FILE = """/knowledge

addtemporal
1 X1 X2
2* X3 "X 4"
3

forbiddengroup
X1
X2 X3

forbiddirect
X1 X3

requiredirect
X2 X3 // a comment
"""


def test_all_sections_are_read():
    known = parse_tetrad(FILE, "k.txt")
    assert known.tiers == (("X1", "X2"), ("X3", "X 4"))
    assert known.closed_tiers == (2,)
    assert known.forbidden == (("X1", "X2"), ("X1", "X3"), ("X1", "X3"))
    assert known.required == (("X2", "X3"),)
    assert known.place("required", 0) == "k.txt, line 16: "
    assert known.place("forbidden", 2) == "k.txt, line 13: "


def test_it_is_told_from_yaml():
    assert is_tetrad(FILE)
    assert is_tetrad("\nforbiddirect\na b\n")
    assert not is_tetrad("required:\n- a -> b\n")
    assert not is_tetrad("")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/knowledge\nfoo\n", "line 2: expected one of addtemporal"),
        ("addtemporal\nx y\n", "line 2: expected the number of a tier, not 'x'"),
        ("addtemporal\n1- x\n", "line 2: tiers that may cause the next tier alone"),
        ("forbiddirect\na b c\n", "line 2: expected cause and effect"),
        ('forbiddirect\na "b\n', "line 2: a quote is not closed"),
    ],
)
def test_what_cannot_be_read_is_named(text, message):
    with pytest.raises(OptionError, match=message):
        parse_tetrad(text, "k.txt")
