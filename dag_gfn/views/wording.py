"""Names of methods and models in words, and the assumptions that stand beside every result."""

from collections.abc import Mapping
from typing import Any

from dag_gfn.parameters.units import reads_ranks
from dag_gfn.views.missing_cells import has_missing

ASSUMPTIONS = (
    "Assumes: no hidden common causes, {rows}, no cycles, and {model} relations between the columns{more}. "
    "Probabilities are about causes only as far as these hold."
)
LISTED = (
    "Assumes what the program assumed that computed the scores, of which nothing is known here; that they are natural "
    "logarithms of probabilities, and that a family that is not listed is impossible; no hidden common causes and no "
    "cycles. Probabilities are about causes only as far as these hold."
)
MODELS = {
    "continuous": "linear-Gaussian",
    "discrete": "tabular (multinomial)",
    "mixed": "linear-Gaussian",
}
"""What a score assumes of the relations between columns, by the kind of the columns."""
MODELS_OF_SCORES = {
    "block": "linear-Gaussian",
    "copula": "linear-Gaussian",
    "additive": "additive (a curve for each cause)",
}
"""The same for scores that assume it whatever the kind of the columns."""
BLOCK = (
    "Categories act, and are acted on, through the indicators of their levels: a model linear in these. That suits "
    "categories such as sex or treatment. A rating that is a coarse reading of a quantity is better read as ordinal."
)
ADDITIVE = (
    "Each number acts through a curve, what causes do adds, and the noise is normal with the same variance everywhere. "
    "Directions then follow from the shape of a dependence too. Real noise is seldom so simple: what curves say is "
    "discounted, and a direction that rests on shape alone is marked."
)
COPULA = (
    "Each number and ordered category is an increasing function of a hidden normal variable, and relations are between "
    "these. Only the order of the values counts."
)
MISSING = (
    "Whether a cell is missing does not depend on its own value, given the cells that were seen (missing at random). "
    "Where people with a high income leave it out because it is high, this fails, and no table can show it."
)
LAGS = (
    "Causes and their strength are the same at all times, and no cause acts later than the last lag. The past, such as "
    "x[t-1], has no causes in the graph, because only what causes the present is asked."
)
METHODS = {
    "exact": "computed exactly",
    "gflownet": "sampled by a trained GFlowNet",
    "mcmc": "sampled by Markov chains",
    "structure_mcmc": "sampled by Markov chains over graphs that change one edge at a time",
    "order_mcmc": "sampled by Markov chains over orders (order-modular posterior)",
    "bootstrap": "found by a search on resampled rows, as frequencies and not as posterior probabilities",
}
"""How a posterior was found, by its method."""
GIVEN_GRAPHS = "given as weighted graphs"
"""The same where no method is recorded."""


def subject_words(info: Mapping[str, Any]) -> str:
    """Return what probabilities are, in a word: a posterior, or the frequencies of a bootstrap.

    Examples
    --------
    >>> from dag_gfn.views.wording import subject_words
    >>> subject_words({"method": "exact"}), subject_words({"method": "bootstrap"})
    ('Posterior', 'Frequencies')
    """
    return "Frequencies" if info.get("method") == "bootstrap" else "Posterior"


def model_words(info: Mapping[str, Any]) -> str:
    """Return what the score assumes of the relations between columns, in a word.

    Examples
    --------
    >>> from dag_gfn.views.wording import model_words
    >>> model_words({"score": "bdeu", "kind": "discrete"}), model_words({"score": "block", "kind": "discrete"})
    ('tabular (multinomial)', 'linear-Gaussian')
    """
    if info.get("own_score"):
        return "the score's"
    return MODELS_OF_SCORES.get(info.get("score") or "", MODELS.get(info.get("kind") or "", "the score's"))


def assumptions(info: Mapping[str, Any]) -> str:
    """Return what probabilities about causes assume, in one line.

    Parameters
    ----------
    info : mapping
        Of a posterior.

    Examples
    --------
    >>> from dag_gfn.views.wording import assumptions
    >>> "tabular (multinomial) relations" in assumptions({"kind": "discrete"})
    True
    >>> assumptions({"kind": "mixed", "score": "block", "missing": {"cells": 3}})[:48]
    'Assumes: no hidden common causes, independent ro'
    """
    if info.get("families"):
        return LISTED
    more = ""
    if has_categories_in_blocks(info):
        more += ", in which a category takes part through the indicators of its levels"
    if info.get("score") == "copula":
        more += "; numbers and ordered categories are read by their order alone, from hidden normal variables"
    elif reads_ranks(info):
        more += ", after an increasing function of each column that makes it normal"
    if info.get("interventions"):
        more += "; an experiment that sets a variable cuts it off from its causes, and changes nothing else"
    if info.get("contexts"):
        more += "; nothing in the table acts on a context"
    if has_missing(info):
        more += "; missing cells are missing at random"
    return ASSUMPTIONS.format(model=model_words(info), more=more, rows=independence(info))


def independence(info: Mapping[str, Any]) -> str:
    """Return what is assumed of how rows depend on each other, in a few words.

    Examples
    --------
    >>> from dag_gfn.views.wording import independence
    >>> independence({}), independence({"lags": {"rows": 2}})
    ('independent rows', 'rows that depend on the 2 rows before them alone')
    """
    lags = (info.get("lags") or {}).get("rows", 0)
    if not lags:
        return "independent rows"
    return f"rows that depend on the {f'{lags} rows' if lags > 1 else 'row'} before them alone"


def model_assumptions(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the assumptions that only some scores and tables need, each with a title.

    Examples
    --------
    >>> from dag_gfn.views.wording import model_assumptions
    >>> [title for title, _ in model_assumptions({"kind": "mixed", "score": "block", "missing": {"cells": 3}})]
    ['Categories in a linear model.', 'Missing at random.']
    """
    told = []
    if has_categories_in_blocks(info):
        told.append(("Categories in a linear model.", BLOCK))
    if info.get("score") == "additive":
        told.append(("Curves.", ADDITIVE))
    if reads_ranks(info):
        told.append(("Order alone.", COPULA))
    if has_missing(info):
        told.append(("Missing at random.", MISSING))
    if info.get("lags"):
        told.append(("The same at all times.", LAGS))
    return told


def has_categories_in_blocks(info: Mapping[str, Any]) -> bool:
    """Return whether categories take part in a linear model.

    Examples
    --------
    >>> from dag_gfn.views.wording import has_categories_in_blocks
    >>> has_categories_in_blocks({"score": "block", "kind": "continuous"})  # groups of numbers
    False
    """
    if info.get("score") == "copula" and info.get("roles"):  # ordered categories have no indicators there
        return any(role.get("role") == "category" for role in info["roles"])
    return info.get("score") in MODELS_OF_SCORES and info.get("kind") not in (None, "continuous")


def rows_words(info: Mapping[str, Any]) -> str:
    """Return the number of rows of a posterior, and what they count as where they have weights.

    Examples
    --------
    >>> from dag_gfn.views.wording import rows_words
    >>> rows_words({"n": 24, "total_weight": 2201.0}), rows_words({"n": 1000})
    ('24 rows that count as 2,201', '1,000 rows')
    >>> rows_words({"n": None, "families": {"source": "'asia.jkl'"}})
    "the scores in 'asia.jkl'"
    """
    if info.get("families"):
        return f"the scores in {info['families']['source']}"
    rows, total = info.get("n", "?"), info.get("total_weight")
    counted = "" if total is None else f" that count as {total:,.6g}"
    return f"{rows:,} rows{counted}" if isinstance(rows, int) else f"{rows} rows{counted}"


def method_words(method: str | None) -> str:
    """Return how a posterior was found.

    Examples
    --------
    >>> from dag_gfn.views.wording import method_words
    >>> method_words("mcmc")
    'sampled by Markov chains'
    """
    return METHODS.get(method or "", GIVEN_GRAPHS)
