import torch
from sampler_cases import score_table

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.policies.edge_observation import EdgeObservation
from dag_gfn.gflownet.policies.independent_pairs import independent_pairs


def test_independent_pairs_on_two_nodes_are_exact():
    """One pair: the probabilities are those of the posterior, and the promise is log Z."""
    environment = EdgeAddition(score_table(2))
    seen = environment.observe(environment.initial_state(1))
    reward = torch.tensor([float(seen.gains[0, 0, 1]), float(seen.gains[0, 1, 0]), 0.0]).exp()
    log_p = independent_pairs(seen, torch.ones(()))[0]
    torch.testing.assert_close(log_p[[1, 2, 4]].exp(), reward / reward.sum())
    torch.testing.assert_close(-log_p[4], reward.sum().log())


def first_step(d, gain):
    """Return the observation of an empty graph of d nodes where every edge has the same gain."""
    legal = ~torch.eye(d, dtype=torch.bool)[None]
    return EdgeObservation(~legal & legal, legal, gain * legal)


def test_an_edge_of_very_low_gain_keeps_a_logit():
    logits = independent_pairs(first_step(3, -500.0), torch.ones(()))[0]
    assert logits[1] == -10.0
    torch.testing.assert_close(logits[-1], torch.tensor(0.0))  # no edge is worth adding: stop


def test_in_large_graphs_the_stop_allows_for_the_orders_of_the_edges():
    """Above 20 nodes, and only there, many small gains do not add up to a reason to go on."""
    few, many = (independent_pairs(first_step(d, -5.0), torch.ones(()))[0, -1] for d in (20, 21))
    pairs = torch.tensor([20 * 19 / 2, 21 * 20 / 2])
    odds = 2 * torch.tensor(-5.0).exp()
    total, edges = (
        pairs * torch.log1p(odds),
        pairs * odds / (1 + odds),
    )  # log Z, and how many edges are expected
    torch.testing.assert_close(few, -total[0], rtol=1e-5, atol=0)
    torch.testing.assert_close(many, torch.log1p(edges[1]) - total[1], rtol=1e-5, atol=0)
