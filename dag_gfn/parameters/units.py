"""Whether coefficients and effects are in the columns' own units."""

from collections.abc import Mapping
from typing import Any


def in_standard_deviations(info: Mapping[str, Any]) -> bool:
    """Return whether numbers and ordered categories were scored by their ranks, so that they have no units.

    A rank's normal score cannot be turned into the column's units by a scale and a shift. Changes are then given in
    standard deviations of the normal variable behind each column. The effects of the score ``additive`` are simulated,
    and led back to the columns' own units by their quantiles.

    Parameters
    ----------
    info : mapping
        Of a posterior.

    Examples
    --------
    >>> from dag_gfn.parameters.units import in_standard_deviations
    >>> in_standard_deviations({"score": "copula"}), in_standard_deviations({"score": "bge"})
    (True, False)
    >>> in_standard_deviations({"score": "bge", "margins": "normal_scores"})
    True
    """
    return reads_ranks(info) and info.get("score") != "additive"


def reads_ranks(info: Mapping[str, Any]) -> bool:
    """Return whether the score read the order of numbers and ordered categories alone.

    Examples
    --------
    >>> from dag_gfn.parameters.units import reads_ranks
    >>> reads_ranks({"score": "additive", "margins": "normal_scores"}), reads_ranks({"score": "bge"})
    (True, False)
    """
    return info.get("score") == "copula" or info.get("margins") == "normal_scores"
