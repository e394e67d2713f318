import math

import pytest

from dag_gfn.knowledge.support import times_in_words


@pytest.mark.parametrize(
    ("times", "words"),
    [(1.0, "1 times"), (9.96, "10 times"), (999.0, "1,000 times"), (2e6, "more than a million times")],
)
def test_two_digits_are_enough(times, words):
    assert times_in_words(math.log(times)) == words == times_in_words(-math.log(times))


def test_any_factor_has_words():
    assert times_in_words(1e9) == "more than a million times"
