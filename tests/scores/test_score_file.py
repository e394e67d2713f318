import gzip

import numpy as np
import pytest

from dag_gfn.errors import DataError, OptionError
from dag_gfn.scores import FamilyList, read_scores
from dag_gfn.scores.score_file import is_score_file, listed_families, score_text

BBMARKOV = """3
0 4
-195.673828 2 1 2
-194.647797 1 2
-189.098404 1 1
-193.265869 0
1 4
-517.531555 1 2
-587.681213 1 0
-518.557739 2 0 2
-591.848389 0
2 4
-562.807800 2 0 1
-556.232178 1 1
-631.931213 1 0
-630.549072 0
"""
"""The example of https://www.cs.helsinki.fi/group/coreo/bbmarkov/, a program for chordal networks."""
TWO = "2\na 2\n-1 0\n-0.5 1 b\nb 1\n-2 0\n"


@pytest.fixture
def read(tmp_path):
    def read(text, name="scores.jkl"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read_scores(tmp_path / name)

    return read


def by_name(families):
    """Return {(variable, parents by name): score}."""
    return {
        (name, *[other for i, other in enumerate(families.names) if mask >> i & 1]): score
        for name, masks, scores in zip(families.names, families.sets, families.scores, strict=True)
        for mask, score in zip(masks.tolist(), scores.tolist(), strict=True)
    }


def test_a_published_file(read):
    families = read(BBMARKOV)
    found = by_name(families)
    assert (families.names, len(found), families.num_possible) == (("0", "1", "2"), 12, 12)
    assert found["1", "0", "2"] == -518.557739
    assert found["0", "1"] == -189.098404
    assert found["2",] == -630.549072
    assert families.source == "'scores.jkl'"


@pytest.mark.parametrize(
    "text",
    [
        "# from elsewhere\n\n 2 \n\na 2 # the first\n-1 0\n-5e-1 1 b\n\nb 1\n-2.0E0 0\n\n",
        "2\r\na\t2\r\n-1 0\r\n-.5 1\tb\r\nb 1\r\n-2 0\r\n",
        "\ufeff2\na 2\n-0.5 1 b\n-1 0\nb 1\n-2 0",
        "2\na 2\n-1 0\n-0.5 1 1\nb 1\n-2 0\n",
    ],
    ids=["comments and blank lines", "Windows", "byte order mark", "parents by position"],
)
def test_ways_to_write_the_same(read, text):
    assert by_name(read(text)) == {("a",): -1.0, ("a", "b"): -0.5, ("b",): -2.0}


def test_numbers_as_names_are_names(read):
    families = read("2\n7 2\n-1 0\n-0.5 1 0\n0 1\n-2 0\n")
    assert by_name(families) == {("7",): -1.0, ("7", "0"): -0.5, ("0",): -2.0}
    with pytest.raises(DataError, match="no variable '1'"):
        read("2\n7 1\n-0.5 1 1\n0 1\n-2 0\n")


def test_compressed_files(tmp_path):
    path = tmp_path / "two.jkl.gz"
    path.write_bytes(gzip.compress(TWO.encode()))
    assert is_score_file(path)
    assert read_scores(path).num_listed == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends after line 0: the number of variables"),
        ("two\na 1\n-1 0\n", r"line 1 \('two'\): the number of variables"),
        ("0\n", "1 to 63 variables"),
        ("64\n", "1 to 63 variables"),
        ("2\na 1\n-1 0\n", "ends after line 3: the name of variable 2 of 2"),
        ("2\na one\n-1 0\n", "line 2 .*the name of variable 1 of 2"),
        ("2\na 0\nb 1\n-1 0\n", "line 2 .*'a' has no parent set"),
        ("2\na 1\n-1 0\nb 3\n-1 0\n", "3 parent sets of 'b' were announced, 1 are there"),
        (
            TWO.replace("a 2", "a 3"),
            r"line 5 \('b 1'\): a score was expected.*'a' is to have 3 parent sets, from line 3",
        ),
        (TWO.replace("a 2", "a 1"), "line 4 .*the name of variable 2 of 2"),
        (TWO + "-3 1 a\n", "line 7 .*nothing more was expected after 2 variables"),
        (TWO.replace("b 1", "a 1"), "line 5 .*'a' has a block already, from line 2"),
        (TWO.replace("1 b", "1 a"), "line 4 .*'a' is its own parent"),
        (TWO.replace("1 b", "1 c"), "line 4 .*no variable 'c'"),
        (TWO.replace("1 b", "2 b"), "line 4 .*a score was expected, the number of parents and these"),
        (TWO.replace("1 b", "2 b b"), "line 4 .*a parent is there twice"),
        (TWO.replace("-1 0", "-1 1"), "line 3 .*1 parents were announced, 0 are there"),
        (TWO.replace("-1 0", "-1"), "line 3 .*the number of parents was expected"),
        (TWO.replace("-0.5", "nan"), "line 4 .*a finite number"),
        (TWO.replace("-0.5", "-inf"), "line 4 .*a finite number"),
        (TWO.replace("-0.5", "half"), "line 4 .*a score was expected"),
        (TWO.replace("-1 0", "-1 1 b"), "lines 3 and 4 have the same parents of 'a'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(read, text, said):
    with pytest.raises(DataError, match=said) as found:
        read(text)
    assert "\n" not in str(found.value)


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "bad.jkl").write_bytes(b"2\na 1\xff\n")
    with pytest.raises(DataError, match="not text"):
        read_scores(tmp_path / "bad.jkl")
    with pytest.raises(DataError, match="no file"):
        read_scores(tmp_path / "nowhere.jkl")


def test_what_is_written_is_read_to_the_last_digit(read, rng):
    masks = [[0b000, 0b010, 0b110], [0b000, 0b101], [0b000]]
    families = FamilyList.of(
        ("a", "b", "c"), [{mask: rng.normal() * 10.0 ** rng.integers(-300, 9) for mask in of} for of in masks]
    )
    text, changed = score_text(families)
    assert by_name(read(text)) == by_name(families)
    assert changed == ()


def test_white_space_in_names_is_told_of_or_refused():
    families = FamilyList.of(("my a", "#b"), [{0: -1.0}, {0: -1.0, 1: 0.0}])
    text, changed = score_text(families)
    assert text == "2\nmy_a 1\n-1.0 0\nb 2\n-1.0 0\n0.0 1 my_a\n"
    assert changed == ("'my a' is written my_a", "'#b' is written b")
    with pytest.raises(OptionError, match="'a b' and 'a_b'"):
        score_text(FamilyList.of(("a b", "a_b"), [{0: -1.0}, {0: -1.0}]))


def test_only_lists_and_files_of_scores_take_the_place_of_data(tmp_path):
    families = FamilyList.of(("a",), [{0: -1.0}])
    assert listed_families(families) is families
    assert listed_families(np.eye(3)) is None
    assert listed_families(tmp_path / "survey.csv") is None
    (tmp_path / "a.SCORES").write_text("1\na 1\n-1 0\n")
    assert listed_families(str(tmp_path / "a.SCORES")).names == ("a",)
