"""Parameters of a network given its graph: what the score integrates out, drawn or averaged."""

from dag_gfn.errors import OptionError
from dag_gfn.parameters.discrete import DiscreteParameters
from dag_gfn.parameters.linear_gaussian import LinearGaussianNetworks, LinearGaussianParameters
from dag_gfn.posterior import GraphPosterior

__all__ = [
    "DiscreteParameters",
    "LinearGaussianNetworks",
    "LinearGaussianParameters",
    "fitted",
    "parameter_posterior",
]

_NEEDED = {
    LinearGaussianParameters: ("num_rows", "means", "scales", "column_means", "scatter"),
    DiscreteParameters: ("rows", "counts", "cardinalities", "states"),
}
_HYPERPARAMETERS = {
    "bge": ("alpha_mu", "alpha_w", "mean_obs"),
    "linear_gaussian": ("noise_variance", "weight_variance"),
    "bdeu": ("equivalent_sample_size",),
    "bde": ("equivalent_sample_size",),
}


def parameter_posterior(posterior: GraphPosterior) -> LinearGaussianParameters | DiscreteParameters:
    """Return the distribution of the parameters given a graph, of the model that the posterior's score has.

    Parameters
    ----------
    posterior : GraphPosterior
        Made by `dag_gfn.fit` with the score ``bge``, ``linear_gaussian``, ``bdeu`` or ``bde``, or loaded from
        its folder.

    Raises
    ------
    OptionError
        If the score has no prior over parameters (``bic``), or the posterior does not hold the sufficient statistics or
        hyperparameters.
    """
    score = posterior.info.get("score")
    families = {
        "bge": LinearGaussianParameters,
        "linear_gaussian": LinearGaussianParameters,
        "bdeu": DiscreteParameters,
        "bde": DiscreteParameters,
    }
    if score not in families:
        instead = "bdeu" if posterior.info.get("kind") == "discrete" else "bge"
        raise OptionError(
            f"the score '{score}' has no prior over parameters, so that none can be drawn: fit again with "
            f"score='{instead}' (--score {instead})"
        )
    if not posterior.statistics:
        raise OptionError(
            "this posterior holds no sufficient statistics of the data, which parameters need: "
            "fit with dag_gfn.fit (dag-gfn fit), which keeps them"
        )
    statistics, options = _NEEDED[families[score]], _HYPERPARAMETERS[score]
    missing = [name for name in statistics if name not in posterior.statistics]
    missing += [name for name in options if name not in (posterior.info.get("score_options") or {})]
    if missing:
        raise OptionError(
            f"this posterior does not hold all that parameters need ({', '.join(missing)} missing): fit again with "
            "dag_gfn.fit (dag-gfn fit)"
        )
    return families[score].from_posterior(posterior)


from dag_gfn.parameters import fitted  # noqa: E402  (it uses what is defined above)
