import math
import re

import pytest

from dag_gfn.posterior.json_checks import boolean, either, items, number, optional, record, text, wrong


def refusal(check, value, place="x"):
    """Return the message of a check that must refuse a value, or None where it accepts."""
    try:
        return check(place, value)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize(
    ("check", "accepted", "refused"),
    [
        (text, ["", "a"], [None, 1, ["a"]]),
        (boolean, [True, False], [0, 1, "true", None]),
        (number(), [0, -1.5, 10**30], [True, "1", None, [1]]),
        (number(0, 1), [0, 1, 0.5], [-0.1, 1.1, math.nan, math.inf]),
        (number(1, whole=True), [1, 5], [0, 1.0, True]),
        (optional(number(0)), [None, 0, 2.5], [-1, "none"]),
        (items(text), [[], ["a", "b"]], ["ab", ("a",), {"a": 1}, None, ["a", 1]]),
        (items(number(), 2), [[1, 2]], [[], [1], [1, 2, 3], [1, "2"]]),
        (either(text, number()), ["a", 1], [None, [], True]),
        (record({"a": text}), [{}, {"a": "x"}, {"b": 3}], [None, [], {"a": 1}]),
    ],
)
def test_what_is_accepted_and_what_is_refused(check, accepted, refused):
    assert [refusal(check, value) for value in accepted] == [None] * len(accepted)
    assert all(refusal(check, value) for value in refused)


@pytest.mark.parametrize(
    ("check", "value", "said"),
    [
        (number(), "1", "x should be a number, not 1"),
        (number(0), -1, "x should be a number from 0, not -1"),
        (number(high=1), 2, "x should be a number to 1, not 2"),
        (number(0, 9, whole=True), 1.5, "x should be a whole number from 0 to 9, not 1.5"),
        (items(items(text)), [[], ["a", 7]], "x[1][1] should be text, not 7"),
        (items(text, 2), ["a"], "x should be a list of 2"),
        (record({"a": record({"b": items(boolean)})}), {"a": {"b": [True, 0]}}, "x.a.b[1] should be true or"),
        (either(items(text), number(0)), -1, "x should be a number from 0, not -1"),
    ],
)
def test_a_refusal_names_the_place_and_what_was_expected(check, value, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        check("x", value)


def test_names_that_must_be_there():
    check = record({}, required=("n",), together={"check": ("error", "bound")})
    assert refusal(check, {"n": 1}) is None
    assert refusal(check, {"n": 1, "check": False}) is None
    assert refusal(check, {"n": 1, "check": True, "error": 0, "bound": 0}) is None
    assert refusal(check, {}) == "x.n is missing"
    assert refusal(check, {"n": 1, "check": True, "error": 0}) == "x.bound is missing"
    assert refusal(check, {}, place="") == "n is missing"
    assert refusal(check, [], place="").startswith("the file should be a record")


def test_long_values_are_shortened():
    assert len(str(wrong("x", "text", "y" * 10_000))) < 150
