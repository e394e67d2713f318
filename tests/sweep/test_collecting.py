import numpy as np
import pandas as pd
import pytest

from dag_gfn.errors import StorageError
from dag_gfn.sweep import collect, read_plan
from dag_gfn.sweep.results import read_results


def test_tables_hold_every_probability(done):
    results = collect(done)
    edges = pd.read_csv(done / "edges.csv")
    assert edges[["a", "b"]].to_numpy().tolist() == [["rain", "wet"], ["rain", "slip"], ["wet", "slip"]]
    values = results.pairs(results.settings())
    np.testing.assert_array_equal(edges[[f"linked in setting {k}" for k in range(6)]].to_numpy().T, values)
    np.testing.assert_array_equal(edges["linked lowest"], values.min(axis=0))
    np.testing.assert_array_equal(edges["linked highest"], values.max(axis=0))
    np.testing.assert_array_equal(edges["linked in base"], values[0])
    boots = results.pairs(results.bootstraps())
    np.testing.assert_array_equal(edges["resamples above half"], (boots > 0.5).mean(axis=0))
    settings = pd.read_csv(done / "settings.csv")
    assert settings["score"].tolist() == ["bge"] * 4 + ["bic"] * 2
    assert settings["fits of resamples"].tolist() == [4, 0, 0, 0, 0, 0]
    fits = pd.read_csv(done / "fits.csv", dtype={"fit": str})
    assert len(fits) == 10 * 6
    some = fits[(fits["setting"] == 3) & (fits["source"] == "wet") & (fits["target"] == "rain")]
    assert some["probability"].tolist() == [results.of_setting(3)[1, 0]]


def test_the_same_fits_give_the_same_files(done):
    def content():
        collect(done)
        return [
            (done / name).read_bytes() for name in ("edges.csv", "settings.csv", "fits.csv", "index.html")
        ]

    assert content() == content()


def test_what_is_there_is_collected(done):
    for fit in read_plan(done).fits[:5]:
        (done / "fits" / fit.name).rename(done / fit.name)
    assert len(collect(done).complete) == 5
    edges = pd.read_csv(done / "edges.csv")
    assert edges["linked in base"].isna().all()
    assert (edges["resamples"] == 0).all()
    assert edges["linked lowest"].notna().all()


def test_nothing_is_written_where_nothing_is_there(planned):
    with pytest.raises(StorageError, match="none of the 10 fits"):
        collect(planned)
    assert not (planned / "index.html").exists()
    with pytest.raises(StorageError, match="there is no folder"):
        read_results(planned / "none")
