"""Parameters of a network given its graph: what the score integrates out, drawn or averaged."""

from dag_gfn.errors import OptionError
from dag_gfn.parameters.discrete import DiscreteParameters
from dag_gfn.parameters.linear_gaussian import LinearGaussianNetworks, LinearGaussianParameters
from dag_gfn.posterior import GraphPosterior

__all__ = [
    "DiscreteParameters",
    "LinearGaussianNetworks",
    "LinearGaussianParameters",
    "parameter_posterior",
]


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
        If the score has no prior over parameters (``bic``), or the posterior holds no sufficient statistics.
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
    return families[score].from_posterior(posterior)
