import csv
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag_gfn.errors import StorageError
from dag_gfn.files import from_spreadsheet
from dag_gfn.posterior import GraphPosterior, Marginal, load_posterior, save_posterior, storage

FILES = ["edges.csv", "graphs.csv", "posterior.json", "posterior.npz"]
AWKWARD = ('größe, "x"', "two\nlines", "<script>alert('a')</script>", "a;b->c", "末\r端")


def make(seed=0, names=("a", "b", "c", "d"), k=30):
    rng = np.random.default_rng(seed)
    d = len(names)
    draws = np.array([oracles.random_dag(d, 0.4, rng) for _ in range(k)])
    edge = Marginal(draws.mean(axis=0), "rao_blackwell", rng.random((d, d)) / 10)
    return GraphPosterior.from_samples(
        names,
        draws,
        draws.sum(axis=(1, 2)) * 0.1,
        marginals={"edge": edge, "parent_sets": Marginal(np.full((d, 1 << (d - 1)), 0.5**d), "exact")},
        log_evidence=-12.5,
        info={"method": "mcmc", "warnings": ["π"], "timing": {"seconds": 1.5}, "converged": None},
        statistics={"means": rng.random(d), "scatter": np.cov(rng.random((d, 9))), "n": np.array(100)},
    )


def assert_same(a, b):
    assert a.names == b.names
    assert a.info == b.info
    assert a.log_evidence == b.log_evidence
    for name in ("graphs", "log_weights", "log_scores"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert a.marginals.keys() == b.marginals.keys()
    for name, marginal in a.marginals.items():
        other = b.marginals[name]
        assert marginal.source == other.source
        np.testing.assert_array_equal(marginal.values, other.values)
        assert (marginal.standard_error is None) == (other.standard_error is None)
        if marginal.standard_error is not None:
            np.testing.assert_array_equal(marginal.standard_error, other.standard_error)
    assert a.statistics.keys() == b.statistics.keys()
    for name, statistic in a.statistics.items():
        np.testing.assert_array_equal(statistic, b.statistics[name])
        assert statistic.dtype == b.statistics[name].dtype


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("names", [("x", "y"), ("a", "b", "c", "d"), AWKWARD])
def test_round_trip(names, tmp_path):
    posterior = make(names=names)
    posterior.save(tmp_path / "out")
    assert_same(load_posterior(tmp_path / "out"), posterior)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == FILES
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_round_trip_of_a_bare_single_graph(tmp_path):
    posterior = GraphPosterior.from_weights(["x", "y"], np.zeros((1, 2, 2), dtype=bool), np.zeros(1))
    save_posterior(posterior, tmp_path / "new" / "out")
    loaded = load_posterior(tmp_path / "new" / "out")
    assert_same(loaded, posterior)
    assert loaded.log_evidence is None
    assert read_csv(tmp_path / "new/out/graphs.csv") == [
        ["rank", "probability", "score", "edges", "odds"],
        ["1", "1.0", "", "", "1.0"],
    ]


@given(st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=4, unique=True))
def test_any_names_survive(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("names") / "out"
    posterior = make(names=tuple(names), k=3)
    posterior.save(folder)
    assert load_posterior(folder).names == tuple(names)
    rows = read_csv(folder / "edges.csv")[1:]
    read = [(from_spreadsheet(s), from_spreadsheet(t)) for s, t, _ in rows]
    assert read == [(s, t) for s in names for t in names if s != t]


def test_equal_posteriors_give_equal_bytes(tmp_path, monkeypatch):
    make().save(tmp_path / "one")
    later = time.time() + 86_400
    monkeypatch.setattr("time.time", lambda: later)
    make().save(tmp_path / "two")
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_edges_csv_at_full_precision(tmp_path):
    posterior = make(names=AWKWARD)
    posterior.save(tmp_path / "out")
    header, *rows = read_csv(tmp_path / "out" / "edges.csv")
    assert header == ["source", "target", "probability"]
    assert len(rows) == 5 * 4
    edge = posterior.edge_marginals()
    for source, target, probability in rows:
        assert float(probability) == edge.loc[source, target]


def test_graphs_csv_lists_the_top_graphs(tmp_path):
    graphs = np.zeros((3, 3, 3), dtype=bool)
    graphs[0, 0, 1] = graphs[0, 1, 2] = graphs[1, 2, 0] = True
    posterior = GraphPosterior.from_weights(
        ["a", "b", "c"], graphs, np.log([0.5, 0.25, 0.25]), np.array([-1.5, np.nan, -2.0])
    )
    posterior.save(tmp_path / "out")
    assert read_csv(tmp_path / "out" / "graphs.csv") == [
        ["rank", "probability", "score", "edges", "odds"],
        ["1", "0.5", "-1.5", "a->b; b->c", "1.0"],
        ["2", "0.25", "-2.0", "", "0.5"],
        ["3", "0.25", "", "c->a", "0.5"],
    ]
    save_posterior(posterior, tmp_path / "short", num_graphs=1)
    assert len(read_csv(tmp_path / "short" / "graphs.csv")) == 2


def test_json_is_strict_and_equals_info(tmp_path):
    posterior = GraphPosterior.from_samples(
        ["x", "y"], np.zeros((2, 2, 2), dtype=bool), info={"diagnostics": {"ess": np.nan, "gap": -np.inf}}
    )
    posterior.save(tmp_path / "out")

    def refuse(constant):
        raise AssertionError(constant)

    text = (tmp_path / "out" / "posterior.json").read_text(encoding="utf-8")
    content = json.loads(text, parse_constant=refuse)
    assert content.pop("format_version") == storage.FORMAT_VERSION
    assert content == posterior.info
    assert content["diagnostics"]["ess"] is None
    assert content["names"] == ["x", "y"]


def test_existing_folder_is_kept_unless_told(tmp_path):
    make(seed=0).save(tmp_path / "out")
    with pytest.raises(StorageError, match=r"exists already.*overwrite=True"):
        make(seed=1).save(tmp_path / "out")
    assert_same(load_posterior(tmp_path / "out"), make(seed=0))
    (tmp_path / "out" / "report.html").write_text("old")
    make(seed=1).save(tmp_path / "out", overwrite=True)
    assert_same(load_posterior(tmp_path / "out"), make(seed=1))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == FILES
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_overwrite_spares_what_is_not_a_posterior(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    with pytest.raises(StorageError, match=r"no posterior\.json"):
        make().save(tmp_path / "thesis", overwrite=True)
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "years of work"
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="but a file"):
        make().save(tmp_path / "file", overwrite=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(StorageError, match="exists already"):
        make().save(tmp_path / "empty")
    make().save(tmp_path / "empty", overwrite=True)
    assert_same(load_posterior(tmp_path / "empty"), make())


@pytest.mark.parametrize("overwrite", [False, True])
def test_failure_while_writing_leaves_nothing_new(tmp_path, monkeypatch, overwrite):
    if overwrite:
        make(seed=0).save(tmp_path / "out")

    def disk_full(path, *rest):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "_write_csv", disk_full)
    with pytest.raises(StorageError, match="No space left"):
        make(seed=1).save(tmp_path / "out", overwrite=overwrite)
    assert [p.name for p in tmp_path.iterdir()] == (["out"] if overwrite else [])
    if overwrite:
        assert_same(load_posterior(tmp_path / "out"), make(seed=0))


def test_interrupt_while_writing_leaves_nothing_new(tmp_path, monkeypatch):
    def interrupt(path, *rest):
        raise KeyboardInterrupt

    monkeypatch.setattr(storage, "_write_csv", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make().save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_old_folder_comes_back_when_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    make(seed=0).save(tmp_path / "out")
    rename = Path.rename

    def refuse_new(self, target):
        if ".saved-" in self.name and target.name == "out":
            raise OSError("cannot rename")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_new)
    with pytest.raises(StorageError, match="cannot rename"):
        make(seed=1).save(tmp_path / "out", overwrite=True)
    assert_same(load_posterior(tmp_path / "out"), make(seed=0))
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_overwriting_through_a_link_keeps_the_link(tmp_path):
    make(seed=0).save(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    make(seed=1).save(tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert_same(load_posterior(tmp_path / "real"), make(seed=1))


def test_parent_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="cannot write"):
        make().save(tmp_path / "file" / "out")


def test_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make().save("out" + os.sep)
    assert_same(load_posterior("out"), make())


def test_missing_folder(tmp_path):
    with pytest.raises(StorageError, match="there is no folder"):
        load_posterior(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["posterior.json", "posterior.npz"])
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "garbage"])
def test_torn_folder(tmp_path, name, damage):
    make().save(tmp_path / "out")
    path = tmp_path / "out" / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {"empty": b"", "truncated": content[: len(content) // 2], "garbage": b"\xff\x00?" * 9}[damage]
        )
    with pytest.raises(StorageError, match=rf"{name}.*(missing|damaged)") as caught:
        load_posterior(tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_every_flipped_byte_of_an_array_is_noticed(tmp_path):
    posterior = make()
    posterior.save(tmp_path / "out")
    path = tmp_path / "out" / "posterior.npz"
    content = path.read_bytes()
    for needle in (posterior.log_weights.tobytes(), posterior.statistics["scatter"].tobytes()):
        flipped = bytearray(content)
        flipped[content.index(needle) + 3] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(StorageError, match="damaged"):
            load_posterior(tmp_path / "out")


def test_arrays_of_another_posterior(tmp_path):
    make().save(tmp_path / "four")
    make(names=("x", "y", "z")).save(tmp_path / "three")
    shutil.copy(tmp_path / "three" / "posterior.npz", tmp_path / "four")
    with pytest.raises(StorageError, match="damaged"):
        load_posterior(tmp_path / "four")


def test_a_newer_format_asks_for_an_upgrade(tmp_path):
    make().save(tmp_path / "out")
    path = tmp_path / "out" / "posterior.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(StorageError, match="has format 2; this dag_gfn reads up to 1"):
        load_posterior(tmp_path / "out")


@pytest.mark.parametrize("content", ["[]", '{"names": ["a"]}', '{"format_version": "one"}', '"text"'])
def test_json_from_elsewhere(tmp_path, content):
    make().save(tmp_path / "out")
    (tmp_path / "out" / "posterior.json").write_text(content)
    with pytest.raises(StorageError, match="damaged or not from dag_gfn"):
        load_posterior(tmp_path / "out")


def test_pickled_arrays_are_refused(tmp_path):
    make().save(tmp_path / "out")
    np.savez(tmp_path / "out" / "posterior.npz", graphs=np.array([{"not": "an array"}]))
    with pytest.raises(StorageError, match="damaged"):
        load_posterior(tmp_path / "out")
