import pytest

from dag_gfn.posterior.diagnostic_parts import Agreement, Tempering
from dag_gfn.posterior.diagnostics import LayerDiagnostics
from dag_gfn.posterior.layer_verdict import edges_of_chains, edges_of_layers

WITHOUT_OVERLAP = {"reliable_weights": False, "estimate": "pooled", "log_z_with_chains_standard_error": 0.6}
LAYERS = {
    "ess": 0.9,
    "log_z": -3.0,
    "log_z_with_chains": -1.0,
    "log_z_with_chains_standard_error": 0.1,
    "max_r_hat": 1.0,
    "chains_agree": True,
    "pooled_edge_standard_error": 0.01,
    "iterations": 7,
    "layerings": 1000,
    "pareto_k": 0.4,
    "estimate": "reweighted",
    "raw_to_reweighted_edge_difference": 0.01,
    "reliable_weights": True,
    "agrees_with_chains": True,
}


@pytest.mark.parametrize(
    ("changed", "converged", "said"),
    [
        ({}, True, ""),
        ({"estimate": "raw"}, True, ""),
        ({"raw_to_reweighted_edge_difference": 0.06}, True, ""),
        ({"estimate": "raw", "raw_to_reweighted_edge_difference": 0.06}, False, "0.06 away from what"),
        ({"agrees_with_chains": False}, False, "log Z = -3.00, disagrees"),
        ({"agrees_with_chains": None}, None, ""),
        ({"reliable_weights": False}, False, "shape 0.40"),
        (
            {"reliable_weights": False, "pareto_k": None},
            False,
            "worth 900 by their importance weights (to be relied on: 400, and a shape of the tail that is known and at "
            "most 0.7)",
        ),
        ({"reliable_weights": False, "estimate": "pooled"}, True, ""),
        (
            {"reliable_weights": False, "estimate": "pooled", "chains_agree": False, "max_r_hat": None},
            False,
            "(R-hat over the chains is not finite, log Z known to ±0.1, edge probabilities known to ±0.01)",
        ),
        (
            WITHOUT_OVERLAP | {"chains_agree": False, "max_r_hat": 1.02},
            False,
            "R-hat over the chains is up to 1.02, log Z known to ±0.6",
        ),
        (
            WITHOUT_OVERLAP | {"log_z_with_chains_standard_error": None, "chains_agree": False},
            False,
            "log Z not known",
        ),
        (WITHOUT_OVERLAP, True, ""),  # the chains are enough by themselves
        ({"max_r_hat": 1.06}, False, "up to 1.06: they stay apart"),
        ({"max_r_hat": 1.06, "worst_chain_gap": 1.1}, False, "up to 1.06: they stay apart"),
        ({"max_r_hat": None, "worst_chain_gap": 0.9}, True, ""),  # apart, and the sampler covers each of them
        ({"log_z_upper": 0.1}, False, "lies 3.1 nats above its estimate"),
        ({"log_z_upper": -0.1}, True, ""),
        ({"uncounted_mass": 0.06}, False, "6% of the posterior is missing"),
        ({"uncounted_mass": 0.05}, True, ""),
        ({"estimate": "raw", "max_r_hat": None}, False, "is not finite: they stay apart"),
        (
            {"reliable_weights": False, "estimate": "pooled", "pooled_edge_standard_error": 0.03},
            False,
            "edge probabilities known to ±0.03",
        ),
        ({"estimate": "pooled", "chains_agree": False, "worst_chain_gap": 2.9}, True, ""),
        ({"estimate": "pooled", "chains_agree": False, "worst_chain_gap": 3.1}, False, "log Z known to ±0.1"),
        (
            {"estimate": "pooled", "chains_agree": False, "max_r_hat": 9.0, "worst_chain_gap": 1.1},
            False,
            "to 9",
        ),
        (
            {"estimate": "pooled", "chains_agree": False, "max_r_hat": 1.06},
            False,
            "R-hat over the chains is up to 1.06",
        ),
        ({"estimate": "pooled", "chains_agree": False, "max_r_hat": 9.0, "worst_chain_gap": 0.5}, True, ""),
        (
            {"estimate": "chains", "chains_agree": False, "min_effective_draws": 120.0},
            False,
            "worth 120 independent",
        ),
    ],
)
def test_what_a_fit_by_layers_is_judged_by(changed, converged, said):
    claim = edges_of_layers(LayerDiagnostics.from_json(LAYERS | changed))
    assert claim.converged is converged
    assert said in claim.reason


@pytest.mark.parametrize(
    ("r_hat", "draws", "error", "known"),
    [
        (1.05, 100.0, 0.02, True),
        (1.06, 9_000.0, 0.001, False),
        (None, 9_000.0, 0.001, False),
        (1.0, 99.0, 0.001, False),
        (1.0, 399.0, 0.021, False),
        (1.0, 399.0, None, False),
    ],
)
def test_chains_that_are_worth_few_draws_may_know_all_edges_well(r_hat, draws, error, known):
    agreement = Agreement(
        chains=4,
        max_r_hat=r_hat,
        min_effective_draws=draws,
        chains_agree=False,
        chain_edge_standard_error=error,
    )
    assert edges_of_chains(agreement).converged is known


def tempering(**changed):
    figures = {"rungs": 9, "highest_temperature": 80.0, "min_swap_acceptance": 0.5, "arrivals": 100}
    return Tempering(**(figures | {"missing_mass": 0.03, "log_ratio_spread": 0.1} | changed))


AGREEING = Agreement(chains=4, max_r_hat=1.0, min_effective_draws=900.0, chains_agree=True)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"log_ratio_spread": None}, None),
        ({"arrivals": 59}, "to the chains 59 times only, so that modes may be missed"),
        ({"arrivals": 60}, None),
        ({"arrivals": None}, "to the chains 0 times only"),
        ({"log_ratio_spread": 1.1}, "spread by 1.1 nats"),
    ],
)
def test_chains_that_agree_have_to_have_come_from_high_temperatures_often_enough(changed, said):
    claim = edges_of_chains(AGREEING, tempering(**changed))
    assert claim.converged is (said is None)
    assert said is None or said in claim.reason
    figures = LAYERS | tempering(**changed).to_json()
    own = edges_of_layers(LayerDiagnostics.from_json(figures))
    assert own.converged is (True if said is None else None)
    pooled = edges_of_layers(
        LayerDiagnostics.from_json(figures | {"estimate": "pooled", "worst_chain_gap": 9.0})
    )
    assert pooled.converged is (said is None)
    assert said is None or said in pooled.reason
