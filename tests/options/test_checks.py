from fractions import Fraction

import numpy as np
import pytest

from dag_gfn.errors import OptionError
from dag_gfn.options import (
    OneOf,
    edges,
    flag_of,
    number,
    numbers,
    one_of,
    positive_seconds,
    settings,
    true_or_false,
    whole,
)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (one_of("a", "b"), "b"),
        (OneOf(lambda: ("a", "b")), "a"),
        (whole(), -3),
        (whole(0, 7), 7),
        (whole(1), np.int64(1)),
        (positive_seconds(60), 60),
        (positive_seconds(60), np.float32(0.5)),
        (number, Fraction(1, 3)),
        (numbers, 2),
        (numbers, [1.0, 2]),
        (numbers, np.zeros(3)),
        (numbers, np.array(2.0)),
        (settings, {"learning_rate": 1e-3}),
        (edges, ()),
        (edges, [("a", "b"), ["b", "c"]]),
        (edges, np.array([["a", "b"]])),
        (true_or_false, False),
        (true_or_false, np.bool_(True)),
        (true_or_false, 1),
    ],
)
def test_possible_values_pass(check, value):
    check("size", value)


@pytest.mark.parametrize(
    ("check", "value", "said"),
    [
        (one_of("a", "b"), "c", "unknown size 'c': choose a, b"),
        (one_of("a", "b"), None, "unknown size 'None'"),
        (one_of("a", "b"), ["a"], "unknown size"),
        (one_of("a", what="kind of size"), "c", "unknown kind of size 'c'"),
        (OneOf(lambda: ("a", "b")), "c", "choose a, b"),
        (one_of("a"), "x" * 1000, "xxx ... xxx"),
        (whole(), 1.5, r"size \(--size\) must be a whole number, not 1.5"),
        (whole(), True, "not True"),  # a record of it could not be loaded
        (whole(1), "10", "whole .*, not '10'"),
        (whole(2), 1, "whole number from 2 up, not 1"),
        (whole(0, 7), 8, "whole number from 0 to 7, not 8"),
        (whole(0, 7), -1, "not -1"),
        (whole(1), 0, r"size must be positive and whole \(--size\), not 0"),
        (whole(1), 1.0, "positive and whole"),
        (whole(1, 2000), 3000, r"size \(--size\) must be at most 2,000, not 3000"),
        (whole(1, 2000), 10**1000, r"must be at most 2,000, not 1000.* \.\.\. .*000$"),
        (positive_seconds(60), 0, "positive seconds"),
        (positive_seconds(60), 61, "at most 60, not 61: leave it out for none"),
        (positive_seconds(60), float("nan"), "not nan"),
        (positive_seconds(60), "5", "not '5'"),
        (positive_seconds(60), True, "not True"),
        (one_of("a"), np.zeros(2), "unknown size"),
        (number, True, "size must be a number"),
        (number, 10**400, r"size \(--size\) is too large"),
        (number, "5", "size must be a number"),
        (number, [5], "size must be a number"),
        (numbers, "5", "must be a number"),
        (numbers, [1, None], "not None"),
        (numbers, np.array("a"), "not 'a'"),
        (numbers, {"a": 1}, "not {'a': 1}"),
        (numbers, {1, 2}, "must be a number"),
        (numbers, b"12", "must be a number"),
        (edges, None, r"size must be pairs \[\(source, target\), ...\], not None"),
        (edges, 1.5, "not 1.5"),
        (edges, [("a", "b"), 1], "must be pairs"),
        (edges, np.array("a"), "must be pairs"),
        (settings, ["a"], "size must map names to values"),
        (settings, 1.5, "not 1.5"),
        (settings, {1: 2}, "not {1: 2}"),
        (true_or_false, "no", "True or False, not 'no'"),
        (true_or_false, 2, "not 2"),
        (true_or_false, np.zeros(2, dtype=bool), "True or False"),
    ],
)
def test_impossible_values_are_refused_with_their_name(check, value, said):
    with pytest.raises(OptionError, match=said):
        check("size", value)


def test_a_check_of_edges_leaves_an_iterator_unused():
    pairs = iter([("a", "b")])
    edges("required", pairs)
    assert list(pairs) == [("a", "b")]


def test_a_message_about_a_long_value_is_one_line():
    with pytest.raises(OptionError) as caught:
        whole()("size", np.zeros((3, 3)))
    assert "\n" not in str(caught.value)


def test_flags_have_dashes():
    assert flag_of("a_long_name") == "--a-long-name"
