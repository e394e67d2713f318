import gzip
import re
import subprocess
import sys

import numpy as np
import pytest

from dag_gfn.data import example_names, load_example
from dag_gfn.data.examples import NETWORK_FILES, NETWORKS, TABLES, _network_directory, read_bif
from dag_gfn.errors import DataError
from dag_gfn.graphs.graph import is_dag


def test_the_list_of_networks_is_that_of_the_packaged_files():
    small = set()
    for path in _network_directory().glob("*.bif.gz"):
        if len(re.findall(r"^variable ", gzip.decompress(path.read_bytes()).decode(), re.MULTILINE)) <= 256:
            small.add(path.name.removesuffix(".bif.gz"))
    assert set(NETWORKS) == small
    assert set(example_names()) == small | set(TABLES)
    assert not set(TABLES) & set(NETWORKS)
    assert not set(NETWORK_FILES) & set(example_names())


@pytest.mark.parametrize(
    ("name", "n", "d"),
    [("wine", 178, 13), ("diabetes", 442, 10), ("breast_cancer", 569, 30), ("iris", 150, 4)],
)
def test_measured_tables(name, n, d):
    data = load_example(name)
    assert (data.n, data.d, data.kind) == (n, d, "continuous")
    assert "target" not in data.names
    assert data.true_graph is None


@pytest.mark.parametrize(("name", "d", "num_edges"), [("asia", 8, 8), ("sachs", 11, 17), ("alarm", 37, 46)])
def test_networks_have_their_known_size(name, d, num_edges):
    data = load_example(name, num_samples=50)
    assert (data.n, data.d, data.kind) == (50, d, "discrete")
    assert data.true_graph.sum() == num_edges
    assert is_dag(data.true_graph)


def test_asia_has_its_known_edges_and_parameters():
    """Lauritzen and Spiegelhalter, J. R. Stat. Soc. B 1988, table 1 and figure 3."""
    data = load_example("asia", num_samples=100_000, seed=1)
    edges = {(data.names[i], data.names[j]) for i, j in np.argwhere(data.true_graph)}
    expected = "asia-tub smoke-lung smoke-bronc tub-either lung-either either-xray either-dysp bronc-dysp"
    assert edges == {tuple(edge.split("-")) for edge in expected.split()}
    frame = data.to_frame() == "yes"
    truth = {
        (): {"asia": 0.01, "smoke": 0.5},
        (("smoke", True),): {"lung": 0.1, "bronc": 0.6},
        (("smoke", False),): {"lung": 0.01, "bronc": 0.3},
        (("bronc", True), ("either", False)): {"dysp": 0.8},
        (("bronc", False), ("either", True)): {"dysp": 0.7},
        (("lung", False), ("tub", False)): {"either": 0.0},
    }
    for condition, probabilities in truth.items():
        rows = frame
        for variable, value in condition:
            rows = rows[rows[variable] == value]
        for variable, p in probabilities.items():
            assert abs(rows[variable].mean() - p) <= 4.5 * np.sqrt(p * (1 - p) / len(rows)), (
                variable,
                condition,
            )


def test_states_that_do_not_occur_count():
    data = load_example("asia", num_samples=2)
    assert data.cardinalities == (2,) * 8
    assert data.states[0] == ("yes", "no")


def test_parents_out_of_order_keep_their_axes():
    text = """network unknown {
}
variable c {
  type discrete [ 2 ] { y, n };
}
variable a {
  type discrete [ 3 ] { u, v, w };
}
variable b {
  type discrete [ 2 ] { s, t };
}
probability ( a ) {
  table 0.2, 0.3, 0.5;
}
probability ( b ) {
  table 0.25, 0.75;
}
probability ( c | b, a ) {
  (s, u) 0.01, 0.99;
  (t, u) 0.02, 0.98;
  (s, v) 0.03, 0.97;
  (t, v) 0.04, 0.96;
  (s, w) 0.05, 0.95;
  (t, w) 0.06, 0.94;
}
"""
    network = read_bif(text, name="small")
    assert network.names == ("c", "a", "b")
    np.testing.assert_allclose(network.tables[0][..., 0], [[0.01, 0.02], [0.03, 0.04], [0.05, 0.06]])
    np.testing.assert_allclose(network.tables[1], [0.2, 0.3, 0.5])
    assert network.states == (("y", "n"), ("u", "v", "w"), ("s", "t"))


def test_same_seed_same_bytes():
    first, again, other = (load_example("cancer", num_samples=99, seed=seed).values for seed in (5, 5, 6))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("asai", r"'asai' \(did you mean 'asia'\?\): choose one of alarm, andes, asia,.*wine"),
        ("zzz", "no example is called 'zzz': choose one of alarm"),
        ("diabetes_network", "'diabetes_network' has 413 variables, at most 256"),
        ("../example_models/asia", "no example is called"),
    ],
)
def test_names_that_cannot_be_loaded(name, message):
    with pytest.raises(DataError, match=message):
        load_example(name)


def test_importing_data_leaves_heavy_packages_alone():
    code = "import sys, dag_gfn.data; print({'torch', 'pgmpy', 'sklearn'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
