import numpy as np
import pytest

from dag_gfn.data.identifier_columns import is_id_name, why_identifier, words_of

ROWS = np.arange(1.0, 41)


@pytest.mark.parametrize("name", ["rownames", "X", "t", "Individual", "Row", "stratum"])
@pytest.mark.parametrize("first", [0, 1])
def test_1_2_3_in_the_order_of_the_rows(name, first):
    assert why_identifier(name, ROWS - 1 + first).startswith("numbers the rows")


@pytest.mark.parametrize("name", ["year", "Day", "age", "Dist", "score", "Time (s)"])
def test_quantities_may_run_through_the_rows(name):
    assert why_identifier(name, ROWS) == ""


def test_missing_cells_do_not_hide_row_numbers():
    assert why_identifier("Individual", np.r_[ROWS, np.nan]).startswith("numbers the rows")


@pytest.mark.parametrize("name", ["id", "patient_id", "rownames", "case"])
def test_gaps_are_usual_in_numbers_of_cases(name):
    assert why_identifier(name, np.cumsum(np.tile([1.0, 3.0], 20)) + 80).startswith("numbers the rows")
    assert why_identifier("dose", np.cumsum(np.tile([1.0, 3.0], 20)) + 80) == ""


def test_shuffled_numbers_are_an_identifier_if_they_are_called_so(rng):
    shuffled = rng.permutation(ROWS)
    assert why_identifier("id", shuffled).startswith("an identifier")
    assert why_identifier("rank", shuffled) == ""  # what was drawn, or measured


def test_repeated_numbers_of_cases_and_groups():
    groups = np.repeat(np.arange(1.0, 21), 3)
    assert why_identifier("subject", groups) == "an identifier: 20 numbers that name, not measure"
    assert why_identifier("litter", groups) == "an identifier of groups: 20 numbers, each in 3 rows"
    assert why_identifier("row", groups) == ""  # where a plot lies
    assert (
        why_identifier("subject", np.repeat(np.arange(1.0, 6), 12)) == ""
    )  # few numbers: a category, if any


def test_groups_of_unequal_size_may_be_measured(rng):
    assert why_identifier("litter", rng.poisson(9, 200).astype(float)) == ""


def test_what_is_measured_names_nothing(rng):
    assert why_identifier("id", rng.normal(size=40)) == ""
    assert why_identifier("yearID", np.repeat(np.arange(1980.0, 2020), 2)) == ""
    assert why_identifier("id", ROWS[:5]) == ""  # too few to tell


def test_names_of_identifiers():
    assert words_of("RBC.AgeGroup_2") == ["rbc", "age", "group", "2"]
    assert [
        name
        for name in ("ID", "zip", "major_code", "price_index", "width", "country", "userId")
        if is_id_name(name)
    ] == [
        "ID",
        "zip",
        "major_code",
        "userId",
    ]
