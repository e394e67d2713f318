import json

import numpy as np
import pytest

from dag_gfn.errors import OptionError
from dag_gfn.gflownet.sampling.exploration import EpsilonSchedule
from dag_gfn.gflownet.training.config import TrainConfig, default_config, make_objective


def test_defaults_grow_with_the_number_of_columns():
    configs = [default_config(d) for d in range(2, 64)]
    iterations = [config.iterations for config in configs]
    assert iterations == sorted(iterations)
    assert all(config.batch_size >= 1 for config in configs)
    assert all(config.time_budget is None for config in configs)


def test_what_is_asked_for_is_kept():
    config = default_config(4, iterations=7, time_budget=2)
    assert (config.iterations, config.time_budget) == (7, 2.0)


@pytest.mark.parametrize("d", [2, 10, 63])
def test_on_policy_learns_from_its_own_fresh_samples_alone(d):
    config = default_config(d, behaviour="on")
    assert config.exploration(0.0) == config.exploration(1.0) == 0.0
    assert (config.steps_per_rollout, config.replay_batches) == (1, 1)
    assert config.rollout_size == config.batch_size
    assert default_config(d).exploration(0.0) > 0


def test_learning_rate_warms_up_and_falls_to_zero():
    config = TrainConfig(learning_rate=0.1, warmup=0.2)
    rates = [config.learning_rate_at(x) for x in np.linspace(0, 1, 101)]
    assert rates[0] == pytest.approx(0.001)
    assert max(rates) == pytest.approx(0.1)
    assert int(np.argmax(rates)) == 20
    assert np.all(np.diff(rates[:21]) > 0)
    assert np.all(np.diff(rates[20:]) < 0)
    assert rates[60] == pytest.approx(0.05)
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert TrainConfig(learning_rate=0.1, warmup=0.0).learning_rate_at(0.0) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "options",
    [
        {"iterations": 0},
        {"batch_size": 0},
        {"rollout_size": -1},
        {"steps_per_rollout": 0},
        {"replay_batches": 0},
        {"time_budget": 0.0},
        {"time_budget": -1.0},
        {"time_budget": float("nan")},
        {"monitor_every": 0.0},
    ],
    ids=json.dumps,
)
def test_impossible_options_are_named(options):
    (name,) = options
    with pytest.raises(OptionError, match=name):
        TrainConfig(**options)


def test_an_unknown_option_is_an_error():
    with pytest.raises(TypeError, match="iteratons"):
        TrainConfig(iteratons=10)


@pytest.mark.parametrize("environment", ["edges", "layers"])
def test_options_are_set_over_the_defaults(environment):
    usual = default_config(7, environment=environment)
    config = default_config(
        7, environment=environment, options={"batch_size": 9, "exploration": [0.4, 0.1, 0.25]}
    )
    assert config.exploration == EpsilonSchedule(0.4, 0.1, 0.25)
    assert vars(config) == vars(usual) | {"batch_size": 9, "exploration": config.exploration}
    with pytest.raises(OptionError, match=r"training has no option 'bach_size': it has .*batch_size"):
        default_config(7, environment=environment, options={"bach_size": 9})


def test_objectives_by_name():
    assert make_objective("reverse_kl", {"control_variate": "running"}).control_variate == "running"
    with pytest.raises(OptionError, match=r"unknown objective 'magic': choose .*trajectory_balance"):
        make_objective("magic")
    with pytest.raises(
        OptionError, match=r"objective 'reverse_kl' has no option 'lambda': it has .*control_variate"
    ):
        make_objective("reverse_kl", {"lambda": 0.5})
