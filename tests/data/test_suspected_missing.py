import numpy as np
import pandas as pd
import pytest

from dag_gfn.data import data_warnings, from_array, from_frame


def warn(values, **options):
    data = from_array(values, [f"x{i}" for i in range(values.shape[1])], **options)
    sentences = data_warnings(data)
    if (
        data.kind == "continuous" and np.abs(values).max() < 1e10
    ):  # larger codes leave no digits to the others
        assert data_warnings(data.standardize()) == sentences
    return sentences


@pytest.mark.parametrize("code", [-999, 999, -9999, 9999, 99, -99, 32767, -1e30, 1e5])
def test_codes_far_from_all_other_values_are_named_and_counted(rng, code):
    values = rng.normal(size=(300, 3))
    values[:16, 1] = code
    values[20:30, 2] = code
    (sentence,) = warn(values)
    assert f"{code:.15g} in 'x1' (16 cells) and 'x2' (10 cells)" in sentence
    assert f"--na-values {code:.15g} --missing drop" in sentence
    assert "logarithms" not in sentence


def test_codes_in_the_same_rows_are_no_copies(rng):
    values = rng.normal(size=(300, 3))
    values[:30, :2] = -999
    (sentence,) = warn(values)
    assert "-999" in sentence
    assert "drop one" not in sentence


def test_the_remedy_works(rng):
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    frame.loc[:15, "b"] = -999
    data = from_frame(frame, na_values=["-999"], missing="drop")
    assert data.n == 284
    assert data_warnings(data) == []


def test_two_codes_of_a_questionnaire(rng):
    ages = rng.integers(18, 70, 300).astype(float)
    ages[:5], ages[5:12] = 998, 999
    answers = rng.integers(1, 6, 300).astype(float)
    answers[:9] = 9
    found = warn(np.stack([ages, answers], axis=1))[0]
    assert "998 in 'x0' (5 cells)" in found
    assert "999 in 'x0' (7 cells)" in found
    assert "9 in 'x1' (9 cells)" in found
    both = np.stack([answers, answers[::-1]], axis=1)
    assert "9 in 'x0' (9 cells) and 'x1' (9 cells)" in warn(both, discrete="all")[0]


def test_ordinary_values_are_no_codes(rng):
    ages = rng.integers(18, 100, 300)
    scales = rng.integers(1, 10, 300)
    heavy = np.exp(2 * rng.normal(size=300)).round(1)
    for column in (ages, scales, heavy, rng.integers(0, 2, 300), rng.poisson(3, 300)):
        assert not any(
            "codes for missing" in text for text in warn(np.stack([column, rng.normal(size=300)], 1))
        )


def test_words_that_may_be_missing_values(rng):
    frame = pd.DataFrame(
        {"job": rng.choice(["cook", "nurse", "unknown"], 300), "sex": rng.choice(list("fm"), 300)}
    )
    sentence = data_warnings(from_frame(frame))[0]
    assert f"'unknown' in 'job' ({(frame['job'] == 'unknown').sum()} cells)" in sentence
    assert '--na-values "unknown" --missing drop' in sentence
    assert data_warnings(from_frame(frame, na_values="unknown", missing="drop")) == []
