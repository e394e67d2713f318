import numpy as np
import pytest
from curve_cases import bent_pair, known_pair, mixed_table

import dag_gfn
from dag_gfn.effects.simulated_settings import Question, node_settings, outcomes_of, simulated_outcomes
from dag_gfn.errors import OptionError
from dag_gfn.parameters import parameter_posterior


def test_settings_are_quartiles_and_levels(rng):
    frame = mixed_table(rng)
    parameters = parameter_posterior(dag_gfn.fit(dag_gfn.from_frame(frame), score="additive", progress=False))
    dose, sex = node_settings(parameters, 0), node_settings(parameters, 1)
    quartiles = np.quantile(frame.dose, [0.25, 0.75])
    assert [float(name) for name in dose.names] == pytest.approx(quartiles, abs=0.1)
    assert dose.rise == pytest.approx(np.diff(quartiles)[0], abs=0.1)
    assert sex.names == ("f", "m")
    most = frame.sex.mode()[0]
    assert sex.contrasts[0].from_ == most
    assert sex.pairs == ((sex.names.index(most), 1 - sex.names.index(most)),)
    assert [feature.level for feature in outcomes_of(parameters, 3)] == ["no", "yes"]


@pytest.mark.filterwarnings("ignore::dag_gfn.errors.DataWarning")
def test_a_number_that_is_mostly_the_same_is_raised_from_end_to_end(rng):
    values = bent_pair("line", rng)
    values[:, 0] = np.where(np.arange(300) < 270, 2.0, np.arange(300) % 3)
    found = node_settings(parameter_posterior(known_pair(values)), 0)
    assert found.names == ("0", "2")
    assert "its lowest to its highest value" in str(found.contrasts[0])


def test_all_questions_see_the_same_graphs(rng):
    posterior = dag_gfn.fit(bent_pair("line", rng), score="additive", progress=False)
    ends = np.array([[-1.0], [1.0]])
    questions = [Question((0,), ends, (1,)), Question((1,), ends, (0,))]
    graphs, ((y,), (x,)) = simulated_outcomes(posterior, questions, num_draws=60, rng=rng)
    moved_y, moved_x = ((np.diff(each[:, :, 0]) != 0).ravel() for each in (y, x))
    assert np.array_equal(moved_y, graphs[:, 0, 1])
    assert np.array_equal(moved_x, graphs[:, 1, 0])


def test_other_scores_have_no_curves(rng):
    posterior = dag_gfn.fit(bent_pair("line", rng), progress=False)
    with pytest.raises(OptionError, match="score additive"):
        simulated_outcomes(posterior, [], num_draws=2, rng=rng)
