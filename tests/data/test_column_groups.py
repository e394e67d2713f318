"""Groups of columns as the user names them, and columns that look like one category."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.data import data_doubts
from dag_gfn.data.column_groups import as_groups, grouped, one_hot_groups
from dag_gfn.data.roles import ColumnRole
from dag_gfn.errors import DataError, OptionError


@pytest.fixture
def data(rng):
    job, town = np.eye(3)[rng.integers(0, 3, 40)], np.eye(4)[rng.integers(0, 4, 40)]
    job[:3], town[:4] = np.eye(3), np.eye(4)
    names = ["job_a", "town_a", "job_b", "town_b", "job_c", "town_c", "town_d", "age", "sick"]
    columns = [job[:, 0], town[:, 0], job[:, 1], town[:, 1], job[:, 2], town[:, 2], town[:, 3]]
    return dag_gfn.from_array(np.column_stack([*columns, rng.normal(size=40), rng.integers(0, 2, 40)]), names)


@pytest.mark.parametrize(
    "given",
    [
        {"climate": ["temp", "rain"], "soil": ("ph, wet",)},
        {"climate": "temp,rain", "soil": '"ph, wet"'},
        {" climate ": " temp , rain,", "soil": ["ph, wet"]},
    ],
)
def test_groups_are_read_in_every_form(given):
    assert as_groups(given) == (("climate", ("temp", "rain")), ("soil", ("ph, wet",)))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"climate": []}, "'climate' names no columns"),
        ({"climate": " , "}, "'climate' names no columns"),
        ({"climate": 5}, "'climate' expects names of columns, as climate=A,B,.., not 5"),
    ],
)
def test_what_is_no_group_is_refused(given, said):
    with pytest.raises(OptionError, match=said):
        as_groups(given)


def test_groups_are_given_while_reading(rng, tmp_path):
    frame = pd.DataFrame(rng.normal(size=(20, 3)), columns=["temp", "rain", "ph"])
    data = dag_gfn.from_frame(frame, group={"climate": ["temp", "rain"]})
    assert data.nodes == ("climate", "ph")
    frame.to_csv(tmp_path / "table.csv", index=False)
    assert dag_gfn.read_csv(tmp_path / "table.csv", group={"climate": "temp,rain"}).nodes == ("climate", "ph")
    assert dag_gfn.from_array(frame.to_numpy(), group={"g": ["x0", "x2"]}).nodes == ("g", "x1")
    with pytest.raises(DataError, match="'rian'"):
        dag_gfn.from_frame(frame, group={"climate": ["temp", "rian"]})


def test_a_member_that_was_left_out_is_named_with_its_reason(data):
    known = replace(data, roles=(ColumnRole("id", "left out", "it counts the rows"),))
    with pytest.raises(
        DataError, match=r"'id' of group 'who' is left out \(it counts the rows\): keep with --keep id"
    ):
        grouped(known, (("who", ("id", "age")),))
    with pytest.raises(DataError, match="unknown columns 'ag'"):
        grouped(data, (("who", ("ag",)),))
    with pytest.raises(DataError, match="at least 2"):
        grouped(data, (("all", data.names),))


def test_the_levels_of_categories_are_found_however_the_columns_stand(data):
    assert one_hot_groups(data) == [("job_a", "job_b", "job_c"), ("town_a", "town_b", "town_c", "town_d")]
    standardized = data.standardize()
    assert one_hot_groups(standardized) == one_hot_groups(data)
    (doubt,) = [doubt for doubt in data_doubts(data) if doubt.code == "one_hot"]
    assert (
        '--group "category=job_a,job_b,job_c" --group "category2=town_a,town_b,town_c,town_d"'
        in doubt.warning
    )


def test_nothing_is_said_of_groups_or_of_columns_that_do_not_sum_to_one(data):
    job = grouped(data, (("job", ("job_a", "job_b", "job_c")),))
    assert one_hot_groups(job) == [("town_a", "town_b", "town_c", "town_d")]
    values = data.values.copy()
    values[0, :7] = 0.0  # one row has no level
    assert one_hot_groups(replace(data, values=values)) == []
