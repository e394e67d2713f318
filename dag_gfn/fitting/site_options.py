"""The options of `combine`: what sites have in common, and those of a fit."""

# option() makes a field

from dataclasses import dataclass

from dag_gfn.fitting.options import FitOptions
from dag_gfn.options import OptionGroup, one_of, option


@dataclass(frozen=True)
class SiteOptions(OptionGroup, panel="The sites"):
    """What sites have in common.

    Examples
    --------
    >>> from dag_gfn.fitting.site_options import SiteOptions
    >>> SiteOptions().parameters
    'shared'
    """

    parameters: str = option(
        "shared",
        "Whether sites share parameters, or have their own.",
        details="Both share the graph. ``shared`` adds up numbers of rows, means and covariances, or counts: the "
        "result is that of one table with all rows. ``own`` adds up the scores of the sites, so that a mechanism may "
        "have other coefficients, variances or probabilities in each.",
        check=one_of("shared", "own"),
        first=True,
    )


@dataclass(frozen=True)
class CombineOptions(OptionGroup):
    """Every option of `combine`: those of sites, and those of `fit`.

    Examples
    --------
    >>> from dag_gfn.fitting.site_options import CombineOptions
    >>> CombineOptions.from_keywords({"parameters": "own"}, caller="combine").sites.parameters
    'own'
    """

    sites: SiteOptions
    fit: FitOptions
