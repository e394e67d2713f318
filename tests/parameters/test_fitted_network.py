import networkx as nx
import numpy as np
import pandas as pd
import pytest
from effect_cases import certain, exact
from pgmpy.readwrite import BIFReader

from dag_gfn.data import from_array, from_frame
from dag_gfn.errors import OptionError
from dag_gfn.parameters.fitted_network import (
    DiscreteNetwork,
    bif_text,
    fitted_bif,
    fitted_network,
    fitted_parameters,
)

CHAIN = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)


@pytest.fixture
def continuous(rng):
    values = rng.normal(size=(200, 3)) @ np.array([[2.0, 3.0, 0.0], [0.0, 1.0, -1.0], [0.0, 0.0, 0.5]]) + 10
    return from_array(values, ["dose", "response", "größe"]).standardize()


@pytest.fixture
def discrete(rng):
    a = rng.integers(0, 2, 300)
    b = np.where(rng.random(300) < 0.8, a, 2)
    c = np.where(rng.random(300) < 0.7, b, 0)
    frame = pd.DataFrame({"went out": a, "went-out": b, "c": c})
    return from_frame(frame.map(lambda code: ("low, very", "low. very", "3")[code]))


def test_linear_gaussian_model_is_in_original_units(continuous):
    posterior = certain(continuous, CHAIN)
    model = fitted_network(posterior)
    raw = continuous.to_frame()
    slope, intercept = np.polyfit(raw["dose"], raw["response"], 1)
    cpd = model.get_cpds("response")
    np.testing.assert_allclose(cpd.beta, [intercept, slope], rtol=0.02)
    residual = raw["response"] - intercept - slope * raw["dose"]
    assert cpd.std == pytest.approx(residual.std(), rel=0.05)
    network = fitted_parameters(posterior)
    mean, covariance = model.to_joint_gaussian()[:2]
    order = list(nx.topological_sort(model))
    paths = np.linalg.inv(np.eye(3) - network.coefficients)
    expected = paths.T @ np.diag(network.noise_variances) @ paths
    index = [continuous.names.index(name) for name in order]
    np.testing.assert_allclose(covariance, expected[np.ix_(index, index)], rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(mean, (network.intercepts @ paths)[index], rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(network.intercepts @ paths, raw.mean(), rtol=0.02)


def test_the_graph_can_be_chosen(continuous):
    posterior = exact(continuous)
    assert set(fitted_network(posterior).edges) == set(posterior.most_probable_graph().edges)
    chosen = nx.DiGraph([("größe", "dose")])
    chosen.add_node("response")
    assert set(fitted_network(posterior, chosen).edges) == {("größe", "dose")}
    assert set(fitted_network(posterior, CHAIN).edges) == {("dose", "response"), ("response", "größe")}


@pytest.mark.filterwarnings("ignore:.*StructureScore:FutureWarning")  # pgmpy's own, about its own modules
def test_discrete_model_answers_queries(discrete):
    from pgmpy.inference import VariableElimination

    posterior = certain(discrete, CHAIN, "bdeu", equivalent_sample_size=2.0)
    network = fitted_parameters(posterior)
    assert isinstance(network, DiscreteNetwork)
    codes = discrete.values.astype(int)
    among = codes[:, 0] == 1
    expected = (2 / 6 + np.bincount(codes[among, 1], minlength=3)) / (1 + among.sum())
    np.testing.assert_allclose(network.tables[1][1], expected)
    inference = VariableElimination(fitted_network(posterior))
    states = discrete.states[0]
    found = inference.query(["went-out"], evidence={"went out": states[1]}, show_progress=False)
    np.testing.assert_allclose(found.values, expected)
    joint = inference.query(["c"], show_progress=False).values
    np.testing.assert_allclose(joint, network.tables[0] @ network.tables[1] @ network.tables[2])


def test_bif_round_trip(discrete):
    posterior = certain(discrete, CHAIN)
    network = fitted_parameters(posterior)
    file = fitted_bif(posterior)
    assert file.text == bif_text(posterior)
    model = BIFReader(string=file.text).get_model()
    assert set(model.edges) == {("went_out", "went_out_2"), ("went_out_2", "c")}
    cpd = model.get_cpds("went_out_2")
    assert cpd.state_names["went_out_2"] == ["3", "low__very", "low__very_2"]
    np.testing.assert_allclose(cpd.get_values(), network.tables[1].T)
    assert 'variable went_out_2 is column "went-out"' in file.changes
    assert 'state low__very_2 of variable went_out_2 is "low. very"' in file.changes


def test_refusals(continuous):
    posterior = certain(continuous, CHAIN)
    with pytest.raises(OptionError, match="format bif holds tables of discrete columns"):
        bif_text(posterior)
    with pytest.raises(OptionError, match="directed cycles"):
        fitted_network(posterior, CHAIN | CHAIN.T)
    with pytest.raises(OptionError, match="must be the posterior's columns, dose, response, größe, not a, b"):
        fitted_network(posterior, nx.DiGraph([("a", "b")]))
