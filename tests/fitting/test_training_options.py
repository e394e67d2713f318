import pytest

from dag_gfn.errors import OptionError
from dag_gfn.fitting.training_options import DEFAULT_OBJECTIVES, TrainingOptions, objective_names


def test_the_default_objectives_are_among_those_that_there_are():
    assert {*DEFAULT_OBJECTIVES.values()} <= {*objective_names()}


@pytest.mark.parametrize(
    ("given", "environment", "objective"),
    [
        ({}, "layers", "subtrajectory_balance"),
        ({"objective": "modified_db"}, "edges", "modified_db"),
        ({"objective": "trajectory_balance"}, "layers", "trajectory_balance"),
        ({"backward": "learned"}, "edges", "modified_db"),
        ({"environment": "edges"}, "edges", "modified_db"),
    ],
)
def test_environment_and_objective_are_chosen_to_go_together(given, environment, objective):
    full = TrainingOptions(**given).completed()
    assert (full.environment, full.objective) == (environment, objective)
    assert full.completed() == full


def test_options_of_training_that_are_not_used_are_checked():
    TrainingOptions(behaviour="on").check_unused(3)
    with pytest.raises(OptionError, match="no option 'bogus'"):
        TrainingOptions(train_options={"bogus": 1}).check_unused(3)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"environment": "layers", "backward": "learned"}, "no backward policy to learn"),
        ({"environment": "edges", "reweight": True}, "reweight"),
        ({"backward": "learned", "reweight": False}, "reweight"),
    ],
)
def test_options_that_do_not_go_together_are_refused(given, said):
    with pytest.raises(OptionError, match=said):
        TrainingOptions(**given).resolved()
