from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import dag_gfn
from dag_gfn.errors import StorageError
from dag_gfn.sweep.tables import fingerprint, read_table, write_table


def mixed():
    frame = pd.DataFrame(
        {
            "größe": [1.0, 2.5, np.nan, 4.0] * 5,
            "job": ["cook", "nurse"] * 10,
            "day": ["mo"] * 7 + ["tu"] * 13,
            "w": [1.0, 2.0] * 10,
        }
    )
    return dag_gfn.from_frame(frame, weights="w", missing="drop", context=["day"])


@pytest.mark.parametrize(
    "data",
    [
        mixed(),
        dag_gfn.load_example("asia"),
        dag_gfn.from_covariance(np.eye(3), 50),
        dag_gfn.from_array(np.random.default_rng(0).normal(size=(20, 2)), lags=1),
    ],
    ids=["mixed", "asia", "covariance", "lags"],
)
def test_a_table_comes_back_as_it_was(data, tmp_path):
    back = read_table(tmp_path, write_table(data, tmp_path))
    for name in data.__dataclass_fields__:
        before, after = getattr(data, name), getattr(back, name)
        if isinstance(before, np.ndarray):
            np.testing.assert_array_equal(before, after)
            assert before.dtype == after.dtype
        else:
            assert before == after, name


def test_everything_that_a_fit_reads_changes_the_fingerprint():
    data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0], [0.0, 1.0]]), ["a", "b"])
    others = [
        replace(data, names=("a", "c")),
        replace(data, weights=np.array([1.0, 2.0, 1.0])),
        replace(data, intervened=np.eye(3, 2, dtype=bool)),
        replace(data, values=data.values[::-1].copy()),
        replace(data, groups=(("g", ("a",)),)),
    ]
    assert len({fingerprint(each) for each in [data, *others]}) == 6


def test_a_table_that_was_changed_is_refused(tmp_path):
    data = dag_gfn.from_array(np.array([[1.0, 2.0], [3.0, 8.0]]))
    name = write_table(data, tmp_path)
    other = write_table(replace(data, names=("a", "b")), tmp_path)
    (tmp_path / f"{other}.npz").replace(tmp_path / f"{name}.npz")
    with pytest.raises(StorageError, match="has been changed"):
        read_table(tmp_path, name)
    (tmp_path / f"{name}.npz").write_bytes(b"PK")
    with pytest.raises(StorageError, match="is damaged"):
        read_table(tmp_path, name)
    with pytest.raises(StorageError, match="is missing"):
        read_table(tmp_path, other)
