from dag_gfn.experiment_choice.outcomes import Experiment, arm_of_rows, named, spread_over


def test_rows_of_arms():
    experiment = Experiment((2, 0), rows=3)
    assert experiment.num_rows == 6
    assert arm_of_rows(experiment).tolist() == [2, 2, 2, 0, 0, 0]
    assert spread_over(2, 3).tolist() == [0, 1, 0]


def test_settings_in_words():
    assert named(["low", "high"]) == "low and high in turn"
