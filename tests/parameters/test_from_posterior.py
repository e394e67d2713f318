"""The parameters' posterior is that of the score by which a posterior was made."""

from dataclasses import replace

import numpy as np
import pytest
from effect_cases import exact, mixed

import dag_gfn
from dag_gfn.errors import OptionError
from dag_gfn.parameters import AdditiveParameters, parameter_posterior
from dag_gfn.parameters.block_gaussian import BlockGaussianParameters
from dag_gfn.parameters.discrete import DiscreteParameters
from dag_gfn.parameters.linear_gaussian import LinearGaussianParameters
from dag_gfn.scores.registry import SCORE_CLASSES, score_options

WITH_PARAMETERS = {
    "bge": LinearGaussianParameters,
    "linear_gaussian": LinearGaussianParameters,
    "bdeu": DiscreteParameters,
    "bde": DiscreteParameters,
    "block": BlockGaussianParameters,
    "copula": BlockGaussianParameters,
    "additive": AdditiveParameters,
}
"""Scores that integrate over a prior of the parameters, and what that prior is of."""


def fitted(score, kind):
    rng = np.random.default_rng(3)
    if kind == "continuous":
        data = dag_gfn.from_array(rng.normal(size=(30, 2)))
    elif kind == "mixed":
        data = mixed({"x": rng.normal(size=30), "a": rng.choice(["a", "b", "c"], size=30)})
        return exact(data.standardize(), score)
    else:
        data = dag_gfn.from_array(rng.choice(["a", "b"], size=(30, 2)))
    return dag_gfn.fit(data, score=score, progress=False)


@pytest.mark.parametrize("score", SCORE_CLASSES, ids=lambda score: score.__name__)
@pytest.mark.filterwarnings("ignore::dag_gfn.errors.DataWarning")  # noise of unknown size
def test_every_score_has_its_parameters_or_says_that_there_are_none(score):
    posterior = fitted(score.name, score.kind)
    if score.name not in WITH_PARAMETERS:
        with pytest.raises(OptionError, match=r"has no prior over parameters.*--score (bge|bdeu)"):
            parameter_posterior(posterior)
        return
    assert isinstance(parameter_posterior(posterior), WITH_PARAMETERS[score.name])
    about_graphs = {"num_curves", "curve_weight"}
    for name in set(score_options(score)) - about_graphs:  # none can be missing
        options = {key: value for key, value in posterior.info["score_options"].items() if key != name}
        with pytest.raises(OptionError, match=name):
            parameter_posterior(replace(posterior, info={**posterior.info, "score_options": options}))


def test_the_instead_of_a_score_without_parameters_can_be_fitted():
    for kind, instead in (("continuous", "bge"), ("discrete", "bdeu")):
        with pytest.raises(OptionError, match=f"--score {instead}"):
            parameter_posterior(fitted("bic", kind))
        assert instead in WITH_PARAMETERS


def test_without_statistics_there_are_no_parameters():
    posterior = replace(fitted("bge", "continuous"), statistics={})
    with pytest.raises(OptionError, match="holds no sufficient statistics"):
        parameter_posterior(posterior)
