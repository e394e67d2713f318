"""Names of methods and models in words, and the assumptions that stand beside every result."""

ASSUMPTIONS = (
    "Assumes: no hidden common causes, independent rows, no cycles, and {model} relations between the columns. "
    "Probabilities are about causes only as far as these hold."
)
MODELS = {"continuous": "linear-Gaussian", "discrete": "tabular (multinomial)"}
"""What a score assumes of the relations between columns, by the kind of the columns."""
METHODS = {
    "exact": "computed exactly",
    "gflownet": "sampled by a trained GFlowNet",
    "mcmc": "sampled by Markov chains",
}
"""How a posterior was found, by its method."""
GIVEN_GRAPHS = "given as weighted graphs"
"""The same where no method is recorded."""


def assumptions(kind: str | None) -> str:
    """Return what probabilities about causes assume.

    Parameters
    ----------
    kind : {"continuous", "discrete"} or None
        Of the columns; None where it is not recorded.

    Examples
    --------
    >>> from dag_gfn.views.wording import assumptions
    >>> "tabular (multinomial) relations" in assumptions("discrete")
    True
    """
    return ASSUMPTIONS.format(model=MODELS.get(kind or "", "the score's"))


def method_words(method: str | None) -> str:
    """Return how a posterior was found.

    Examples
    --------
    >>> from dag_gfn.views.wording import method_words
    >>> method_words("mcmc")
    'sampled by Markov chains'
    """
    return METHODS.get(method or "", GIVEN_GRAPHS)
