from sampler_cases import score_table

from dag_gfn.gflownet.env.edge_addition import EdgeAddition
from dag_gfn.gflownet.env.environment import Environment, EnvironmentWithPredecessors


def test_edge_addition_is_an_environment():
    environment = EdgeAddition(score_table(3))
    assert isinstance(environment, Environment)
    assert isinstance(environment, EnvironmentWithPredecessors)
    assert (environment.num_nodes, environment.num_actions, environment.stop_action) == (3, 10, 9)
    assert environment.every_state_terminal


def test_something_else_is_not():
    assert not isinstance(score_table(3), Environment)
