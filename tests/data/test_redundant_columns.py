"""Copies and functions among discrete columns."""

import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import from_array, from_frame
from dag_gfn.data.redundant_columns import copies_and_functions


def told(codes, names="abcdef", **options):
    data = from_array(
        np.asarray(codes, dtype=float), list(names[: codes.shape[1]]), discrete="all", strict=True, **options
    )
    return {doubt.code: doubt.warning for doubt in copies_and_functions(data)}


def test_a_copy_under_other_labels(rng):
    smoker = rng.choice(["no", "yes"], 300)
    frame = pd.DataFrame(
        {"smoker": smoker, "coin": rng.choice(["h", "t"], 300), "code": np.where(smoker == "no", "Z", "A")}
    )
    (doubt,) = copies_and_functions(from_frame(frame, strict=True))
    assert doubt.code == "copies"
    assert doubt.level == "caution"
    assert doubt.warning.startswith("'smoker' and 'code' are copies of each other")
    assert "drop one" in doubt.warning
    assert "coin" not in doubt.warning


def test_a_near_copy_tells_its_exceptions(rng):
    codes = rng.integers(0, 3, size=(1000, 3))
    codes[:, 2] = (codes[:, 0] + 1) % 3
    codes[:4, 2] = codes[:4, 0]
    assert "'a' and 'c' (all but 4 of 1,000 rows)" in told(codes)["copies"]
    codes[:40, 2] = codes[:40, 0]
    assert told(codes) == {}


def test_a_coarser_column_is_a_function(rng):
    codes = rng.integers(0, 6, size=(400, 3))
    codes[:, 1] = codes[:, 2] // 2
    assert "'b' is a function of 'c'" in told(codes)["functions"]


@pytest.mark.parametrize("function", [np.logical_and, np.logical_or, np.logical_xor])
def test_a_function_of_two(function, rng):
    codes = rng.integers(0, 2, size=(300, 5))
    codes[:, 4] = function(codes[:, 1], codes[:, 3])
    sentence = told(codes)["functions"]
    assert sum(f"'{name}'" in sentence for name in "bde") == 3
    assert "'a'" not in sentence
    assert "'c'" not in sentence


def test_functions_of_copies_are_said_once(rng):
    codes = rng.integers(0, 2, size=(300, 4))
    codes[:, 2] = 1 - codes[:, 0]
    codes[:, 3] = codes[:, 0] & codes[:, 1]
    assert told(codes)["functions"].startswith("'d' is a function of 'a' and 'b', exactly")


@pytest.mark.parametrize(("n", "d", "levels"), [(10, 6, 2), (30, 6, 3), (60, 6, 6), (200, 6, 8)])
def test_few_rows_in_a_configuration_prove_nothing(n, d, levels):
    for seed in range(30):
        codes = np.random.default_rng(seed).integers(0, levels, size=(n, d))
        codes[:levels] = np.arange(levels)[:, None]
        assert told(codes) == {}


def test_a_rare_state_is_no_copy_of_another_rare_state(rng):
    codes = (rng.random((1000, 2)) < 0.004).astype(int)
    codes[:2] = [[0, 1], [1, 0]]
    assert told(codes) == {}


def test_rows_set_by_the_experimenter_do_not_count(rng):
    codes = rng.integers(0, 2, size=(200, 3))
    codes[:, 2] = codes[:, 0]
    codes[150:, 2] = 1 - codes[150:, 0]
    mask = np.zeros((200, 3), dtype=bool)
    mask[150:, 2] = True
    assert "copies" in told(codes, intervened=mask)
    assert told(codes) == {}


def test_numbers_have_warnings_of_their_own(rng):
    values = rng.normal(size=(50, 2))
    assert copies_and_functions(from_array(values[:, [0, 1, 0]])) == []
