"""posterior.npz: tampered arrays are refused by name, and bombs before they are unpacked."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import dag_gfn
from dag_gfn.errors import StorageError
from dag_gfn.posterior import GraphPosterior, load_posterior, stored_arrays


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Arrays of posteriors of three continuous and of three discrete columns, as they are saved."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 3)).cumsum(axis=1)
    folder = tmp_path_factory.mktemp("saved")
    discrete = dag_gfn.from_array((values > 0).astype(float), ["a", "b", "c"], discrete="all")
    for name, data in (("continuous", values), ("discrete", discrete)):
        dag_gfn.fit(data, method="exact", progress=False).save(folder / name)
    return folder


@pytest.fixture(params=["continuous"])
def folder(saved, request, tmp_path):
    for name in ("posterior.json", "posterior.npz"):
        (tmp_path / name).write_bytes((saved / request.param / name).read_bytes())
    return tmp_path


def rewrite(folder: Path, change, write=np.savez):
    with np.load(folder / "posterior.npz") as stored:
        arrays = dict(stored)
    change(arrays)
    with (folder / "posterior.npz").open("wb") as file:
        write(file, **arrays)


def setting(name, change):
    def changed(arrays):
        arrays[name] = change(arrays[name])

    return changed


def moved(array):
    array = array.copy()
    array.flat[1] += 1.0
    return array


def all_edges(packed):
    return np.array([[255, 128]], dtype=packed.dtype)


EDGE = "marginals/edge/values"
DAMAGES = {
    "missing": (lambda arrays: arrays.pop("log_weights"), "'log_weights' is missing"),
    "float32": (setting("log_weights", np.float32), "'log_weights' should hold float64, not float32"),
    "complex": (setting("log_scores", np.complex128), "'log_scores' should hold float64"),
    "objects": (setting("log_scores", lambda a: a.astype(object)), "'log_scores': it holds Python objects"),
    "length": (
        setting("log_weights", lambda a: a[:-1]),
        r"'log_weights' should have shape \(25\), not \(24,\)",
    ),
    "axes": (setting(EDGE, lambda a: a[0]), r"'marginals/edge/values' should have shape \(3, 3\)"),
    "bits": (setting("graphs", lambda a: a | 1), "no bits beyond"),
    "repeated": (setting("graphs", lambda a: a[[0, *range(len(a) - 1)]]), "different graphs"),
    "cyclic": (setting("graphs", lambda a: np.vstack([all_edges(a), a[1:]])), "directed cycle"),
    "no graphs": (
        lambda arrays: arrays.update({n: arrays[n][:0] for n in ("graphs", "log_weights", "log_scores")}),
        "at least one graph",
    ),
    "not finite": (setting("log_weights", lambda a: a * np.nan), "finite"),
    "not normalised": (setting("log_weights", lambda a: a - 1.0), "sum to one"),
    "infinite scores": (setting("log_scores", lambda a: a * np.inf), "'log_scores' should hold"),
    "improbable": (setting(EDGE, lambda a: a - 0.5), "probabilities"),
    "nan": (setting(EDGE, lambda a: a * np.nan), "probabilities|exclude"),
    "impossible": (setting(EDGE, lambda a: a * 0 + 0.9), "exclude each other"),
    "no source": (lambda arrays: arrays.pop("marginals/edge/source"), "no values or no source"),
    "source": (setting("marginals/edge/source", lambda a: np.array("oracle")), "should hold one of exact"),
    "negative error": (
        lambda arrays: arrays.update({"marginals/edge/standard_error": -np.ones((3, 3))}),
        "not negative",
    ),
    "scales": (setting("statistics/scales", lambda a: a * 0), "'statistics/scales' should hold positive"),
    "means": (
        setting("statistics/column_means", lambda a: a * 0 - 1e200),
        "'statistics/column_means' should hold numbers whose squares are finite",
    ),
    "scatter": (setting("statistics/scatter", lambda a: -a), "squares and products"),
    "asymmetric": (setting("statistics/scatter", moved), "symmetric"),
    "best alone": (lambda arrays: arrays.update(best_graphs=arrays["graphs"]), "both be there"),
    "best of others": (
        lambda arrays: arrays.update(best_graphs=arrays["graphs"], best_log_scores=np.zeros(2)),
        "'best_log_scores' should have shape",
    ),
    "best not sorted": (
        lambda arrays: arrays.update(best_graphs=arrays["graphs"], best_log_scores=np.arange(25.0)),
        "do not rise",
    ),
    "rows": (setting("statistics/num_rows", lambda a: -a), "numbers of rows"),
}
DISCRETE = {
    "codes": (setting("statistics/rows", lambda a: a + 1), "codes of states"),
    "counts": (setting("statistics/counts", lambda a: -a), "numbers of rows"),
    "cardinalities": (setting("statistics/cardinalities", lambda a: a * 0), "numbers of states"),
    "labels": (setting("statistics/states", lambda a: a[:, :1]), "labels"),
    "numbers": (
        setting("statistics/states", lambda a: np.zeros((3, 2))),
        "'statistics/states' should hold text",
    ),
}


BLOCKS = {
    "widths": (setting("statistics/block_widths", lambda a: a + 1), "numbers of columns that add up to 4"),
    "no width": (setting("statistics/block_widths", lambda a: a * 0), "numbers of columns"),
    "scatter": (setting("statistics/block_scatter", lambda a: -a), "squares and products"),
    "means": (setting("statistics/block_means", lambda a: a * 0 - 1e200), "numbers whose squares are finite"),
    "nodes": (setting("statistics/feature_nodes", lambda a: a + 1), "numbers of nodes"),
    "columns": (setting("statistics/feature_columns", lambda a: a - 1), "numbers of columns"),
    "levels": (setting("statistics/feature_levels", lambda a: a + 1), "codes of states, or -1"),
    "map": (setting("statistics/whitening", lambda a: a[:, 1:]), r"'statistics/\w+' should have shape"),
    "labels": (setting("statistics/table_states", lambda a: a[:, :1]), "as many states as there are labels"),
    "scales": (setting("statistics/table_scales", lambda a: -a), "positive numbers"),
}


CURVES = {
    "sizes": (setting("statistics/curve_sizes", lambda a: a * 0), "numbers of curves that make"),
    "too many": (setting("statistics/curve_sizes", lambda a: a + 9), "numbers of curves"),
    "knots": (setting("statistics/curve_knots", lambda a: a[:, ::-1].copy()), "numbers that rise"),
    "scatter": (setting("statistics/curve_scatter", lambda a: -a), "squares and products"),
    "splines": (setting("statistics/curve_coefficients", lambda a: a[:, :, 1:]), "should have shape"),
    "counts": (setting("statistics/quantile_counts", lambda a: a + 500), "numbers of quantiles"),
    "quantiles": (setting("statistics/quantile_own", lambda a: -a), "numbers that rise"),
}


@pytest.mark.parametrize("damage", CURVES)
def test_damaged_curves_are_named(damage, rng, tmp_path):
    dag_gfn.fit(rng.normal(size=(40, 2)), score="additive", progress=False).save(tmp_path / "run")
    assert "curve_scatter" in load_posterior(tmp_path / "run").statistics
    change, said = CURVES[damage]
    rewrite(tmp_path / "run", change)
    with pytest.raises(StorageError, match=said):
        load_posterior(tmp_path / "run")


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_arrays_are_named(folder, damage):
    change, said = DAMAGES[damage]
    rewrite(folder, change)
    with pytest.raises(StorageError, match=rf"posterior.npz' is damaged: .*({said})"):
        load_posterior(folder)


@pytest.mark.parametrize("damage", BLOCKS)
def test_damaged_blocks_are_named(damage, rng, tmp_path):
    codes, values = rng.integers(0, 3, 40), rng.normal(size=(40, 2))
    discrete = dag_gfn.from_array(np.column_stack([codes] * 3), discrete="all", strict=True)
    mixed = replace(
        discrete,
        values=np.column_stack([codes, values]),
        kinds=("discrete", "continuous", "continuous"),
        cardinalities=(3, 0, 0),
        states=(discrete.states[0], (), ()),
    )
    dag_gfn.fit(mixed, progress=False).save(tmp_path / "run")
    assert "block_scatter" in load_posterior(tmp_path / "run").statistics
    change, said = BLOCKS[damage]
    rewrite(tmp_path / "run", change)
    with pytest.raises(StorageError, match=said):
        load_posterior(tmp_path / "run")


@pytest.mark.parametrize("folder", ["discrete"], indirect=True)
@pytest.mark.parametrize("damage", DISCRETE)
def test_damaged_counts_are_named(folder, damage):
    change, said = DISCRETE[damage]
    rewrite(folder, change)
    with pytest.raises(StorageError, match=said):
        load_posterior(folder)


def test_other_byte_orders_compression_and_unknown_arrays_are_read(folder):
    before = load_posterior(folder)

    def foreign(arrays):
        for name, array in arrays.items():
            arrays[name] = array.astype(array.dtype.newbyteorder(">"), order="F")
        arrays["of/a/later/version"] = np.arange(5)

    rewrite(folder, foreign, np.savez_compressed)
    after = load_posterior(folder)
    np.testing.assert_array_equal(after.graphs, before.graphs)
    np.testing.assert_array_equal(after.log_weights, before.log_weights)
    assert after.log_weights.dtype.isnative
    assert after.statistics["scatter"].flags.c_contiguous
    assert after.statistics["scatter"].dtype.isnative


def stored(folder, content, *, name="extra.npy"):
    with zipfile.ZipFile(folder / "posterior.npz", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)


def header(shape):
    text = io.BytesIO()
    np.lib.format.write_array_header_1_0(text, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return text.getvalue()


def test_a_bomb_is_refused_before_it_is_unpacked(folder, monkeypatch):
    stored(folder, header((10_000_000,)) + bytes(80_000_000))
    assert (folder / "posterior.npz").stat().st_size < 200_000

    def unpacked(*given, **named):
        raise AssertionError("it is unpacked")

    monkeypatch.setattr(np.lib.format, "read_array", unpacked)
    monkeypatch.setattr(zipfile.ZipFile, "open", unpacked)
    with pytest.raises(StorageError, match="would unpack to 80,"):
        load_posterior(folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (header((10**15,)) + bytes(80), "does not go with"),
        (header((-8,)) + bytes(80), "impossible"),
        (header((10,)) + bytes(72), "does not go with"),
        (b"\x93NUMPY\x09\x00", "'extra'"),
        (b"", "'extra'"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': 1 + 1}", "'extra'"),
    ],
)
def test_headers_that_lie(folder, content, said):
    stored(folder, content)
    with pytest.raises(StorageError, match=said) as caught:
        load_posterior(folder)
    assert len(str(caught.value)) < 400 + len(str(folder))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["graphs.npy", "readme.txt"])
def test_members_that_are_no_array_or_there_twice(folder, name):
    stored(folder, header((0,)), name=name)
    with pytest.raises(StorageError, match="no array, or there twice"):
        load_posterior(folder)


def test_interventions_have_statistics_of_each_node(tmp_path):
    rng = np.random.default_rng(0)
    posterior = GraphPosterior.from_samples(
        ["a", "b"],
        np.zeros((2, 2, 2), dtype=bool),
        statistics={
            "scatter": np.stack([np.eye(2), np.eye(2)]),
            "column_means": rng.normal(size=(2, 2)),
            "num_rows": np.array([3, 4]),
        },
    )
    posterior.save(tmp_path / "out")
    assert load_posterior(tmp_path / "out").statistics["scatter"].shape == (2, 2, 2)
    rewrite(tmp_path / "out", setting("statistics/column_means", lambda a: a[0]))
    with pytest.raises(StorageError, match="a mean for each scatter"):
        load_posterior(tmp_path / "out")


def test_the_largest_expansion_is_far_beyond_what_a_fit_writes(folder):
    size = (folder / "posterior.npz").stat().st_size
    with zipfile.ZipFile(folder / "posterior.npz") as archive:
        assert sum(member.file_size for member in archive.infolist()) <= size
    assert stored_arrays.MAX_EXPANSION > 10
