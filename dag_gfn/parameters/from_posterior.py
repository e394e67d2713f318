"""The posterior of the parameters given a graph, read from a posterior over graphs."""

from dag_gfn.errors import OptionError
from dag_gfn.parameters.additive import AdditiveParameters
from dag_gfn.parameters.block_gaussian import BlockGaussianParameters
from dag_gfn.parameters.discrete import DiscreteParameters
from dag_gfn.parameters.linear_gaussian import LinearGaussianParameters
from dag_gfn.posterior import GraphPosterior
from dag_gfn.posterior.table_statistics import num_tables, statistics_of_table

Parameters = LinearGaussianParameters | DiscreteParameters | BlockGaussianParameters | AdditiveParameters
"""The posterior of the parameters given a graph, under the model of some score."""
_Model = (
    type[LinearGaussianParameters]
    | type[DiscreteParameters]
    | type[BlockGaussianParameters]
    | type[AdditiveParameters]
)
_MODELS: dict[str, tuple[_Model, tuple[str, ...]]] = {
    "bge": (LinearGaussianParameters, ("alpha_mu", "alpha_w", "mean_obs")),
    "linear_gaussian": (LinearGaussianParameters, ("noise_variance", "weight_variance")),
    "bdeu": (DiscreteParameters, ("equivalent_sample_size",)),
    "bde": (DiscreteParameters, ("equivalent_sample_size",)),
    "block": (BlockGaussianParameters, ("alpha_mu", "alpha_w")),
    "copula": (BlockGaussianParameters, ("alpha_mu", "alpha_w")),
    "additive": (AdditiveParameters, ("alpha_mu", "alpha_w", "line_probability")),
}
"""For each score that has a prior over parameters: their posterior, and the hyperparameters that it needs."""


def parameter_posterior(posterior: GraphPosterior) -> Parameters:
    """Return the distribution of the parameters given a graph, under the model of the posterior's score.

    Parameters
    ----------
    posterior : GraphPosterior
        Made by `dag_gfn.fit` with the score ``bge``, ``linear_gaussian``, ``bdeu``, ``bde``, ``block``, ``copula`` or
        ``additive``, or loaded from its folder.

    Raises
    ------
    OptionError
        If the score has no prior over parameters (``bic``), the posterior does not hold the sufficient statistics or
        hyperparameters, or it is of several completed tables (`parameter_tables` gives one entry for each).

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.parameters import parameter_posterior
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=500)
    >>> posterior = dag_gfn.fit(np.column_stack([x, 2.0 * x + rng.normal(size=500)]), progress=False)
    >>> network = parameter_posterior(posterior).expected(np.array([[[False, True], [False, False]]]))
    >>> network.coefficients[0].round(1).tolist()  # row → column
    [[0.0, 2.0], [0.0, 0.0]]
    """
    if num_tables(posterior.statistics) > 1:
        raise OptionError(
            "this posterior is of several completed tables, as cells were missing, and each has parameters of its own: "
            "use parameter_tables"
        )
    return parameter_tables(posterior)[0]


def parameter_tables(posterior: GraphPosterior) -> list[Parameters]:
    """Return the distribution of the parameters given a graph, of each completed table where cells were missing.

    Parameters
    ----------
    posterior : GraphPosterior
        As for `parameter_posterior`.

    Returns
    -------
    list
        One entry where no cell was missing.

    Raises
    ------
    OptionError
        As for `parameter_posterior`.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.parameters.from_posterior import parameter_tables
    >>> len(parameter_tables(dag_gfn.fit(np.random.default_rng(0).normal(size=(30, 2)), progress=False)))
    1
    """
    model = parameter_model(posterior)
    if not posterior.statistics and posterior.info.get("contexts"):
        raise OptionError(
            "with contexts each variable may have other parameters in each experiment, so there is no one effect: fit "
            "the rows of one experiment alone (leave --context out), with the edges found here as --required"
        )
    if not posterior.statistics and posterior.info.get("sites"):
        raise OptionError(
            "these sites have parameters of their own, so there is no one effect: ask for that of a single site, from "
            "its posterior, or combine with --parameters shared (parameters='shared')"
        )
    if not posterior.statistics:
        raise OptionError(
            "this posterior holds no sufficient statistics of the data, which parameters need: "
            "fit with dag_gfn.fit (dag-gfn fit), which keeps them"
        )
    options = _MODELS[posterior.info["score"]][1]
    missing = [name for name in model.needed_statistics if name not in posterior.statistics]
    missing += [name for name in options if name not in (posterior.info.get("score_options") or {})]
    if missing:
        raise OptionError(
            f"this posterior does not hold all that parameters need ({', '.join(missing)} missing): fit again with "
            "dag_gfn.fit (dag-gfn fit)"
        )
    return [
        model.from_posterior(posterior, statistics_of_table(posterior.statistics, table))
        for table in range(num_tables(posterior.statistics))
    ]


def parameter_model(posterior: GraphPosterior) -> _Model:
    """Return the kind of parameters that the score of a posterior has.

    Raises
    ------
    OptionError
        If it has none.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.parameters.from_posterior import parameter_model
    >>> parameter_model(dag_gfn.fit(np.random.default_rng(0).normal(size=(30, 2)), progress=False)).__name__
    'LinearGaussianParameters'
    """
    score = posterior.info.get("score")
    if posterior.info.get("families"):
        raise OptionError(
            f"this posterior is of the scores in {posterior.info['families']['source']}, without data, so that "
            "there are no parameters and no effects: fit the table that the scores were computed from"
        )
    if score not in _MODELS:
        instead = {"discrete": "bdeu", "mixed": "block"}.get(posterior.info.get("kind") or "", "bge")
        raise OptionError(
            f"the score '{score}' has no prior over parameters, so that none can be drawn: fit again with "
            f"score='{instead}' (--score {instead})"
        )
    return _MODELS[score][0]
