import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.cli.options import check_seed, read_edge, read_names, read_settings
from dag_gfn.errors import OptionError

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)


@given(st.lists(NAMES, min_size=1))
def test_names_come_back_from_a_line_of_csv(names):
    line = io.StringIO()
    csv.writer(line).writerow(names)
    assert read_names("columns", line.getvalue().strip()) == names


def test_names_in_quotes_may_hold_anything():
    assert read_names("drop", '"two\nlines","a,b"') == ["two\nlines", "a,b"]
    assert read_names("drop", "two\nlines") == ["two", "lines"]
    with pytest.raises(OptionError, match="--drop cannot be read"):
        read_names("drop", "x" * 200_000)


@pytest.mark.parametrize("nothing", ["", " ", ",", " , ,"])
def test_no_name_is_an_error(nothing):
    assert read_names("drop", None) is None
    with pytest.raises(OptionError, match="--drop expects names separated by commas"):
        read_names("drop", nothing)


@given(NAMES.filter(lambda name: ":" not in name), NAMES.filter(lambda name: ":" not in name))
def test_an_edge_is_split_at_its_colon(source, target):
    assert read_edge(f"{source}:{target}", ()) == (source, target)
    assert read_edge(f" {source} : {target} ", (source, target)) == (source, target)


def test_names_with_colons_are_known_by_the_table():
    assert read_edge("a:b:c", ("a:b", "c")) == ("a:b", "c")
    assert read_edge("a:b:c", ("a", "b:c")) == ("a", "b:c")
    with pytest.raises(OptionError, match="source:target"):
        read_edge("a:b:c", ("a", "b:c", "a:b", "c"))  # which of the two is meant?


@pytest.mark.parametrize("text", ["", "a", ":", "a:", ":b", "a:b:c"])
def test_what_is_no_edge_is_named(text):
    with pytest.raises(OptionError, match=f"not '{text}'"):
        read_edge(text, ("a", "b"))


@given(st.dictionaries(NAMES.filter(lambda name: "=" not in name), st.integers() | st.booleans() | st.none()))
def test_values_are_read_as_json(values):
    assert (
        read_settings("train-option", [f"{name}={json.dumps(value)}" for name, value in values.items()])
        == values
    )


def test_other_values_are_text():
    assert read_settings("train-option", ["optimizer = adam", "rate=1e-3", "a=b=c"]) == {
        "optimizer": "adam",
        "rate": 1e-3,
        "a": "b=c",
    }
    for wrong in ("rate", "=3", " =3"):
        with pytest.raises(OptionError, match=f"--train-option expects name=value.* not '{wrong}'"):
            read_settings("train-option", [wrong])


def test_seeds():
    for seed in (0, 2**63 - 2):
        check_seed(seed)
    for seed in (-1, 2**63 - 1):
        with pytest.raises(OptionError, match=f"not {seed}"):
            check_seed(seed)
