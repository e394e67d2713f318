"""The paragraph on methods that a paper needs: model, prior, method, checks, version, and whom to cite."""

from collections.abc import Mapping
from typing import Any

from dag_gfn.posterior import GraphPosterior
from dag_gfn.views.known import known_statements
from dag_gfn.views.wording import assumptions, rows_words

SCORES = {
    "bge": ("BGe score", "Geiger and Heckerman 2002; Kuipers, Moffa and Heckerman 2014"),
    "bde": ("BDe score", "Heckerman, Geiger and Chickering 1995"),
    "bdeu": ("BDeu score", "Heckerman, Geiger and Chickering 1995"),
    "bic": ("BIC score", "Schwarz 1978"),
    "linear_gaussian": ("marginal likelihood of linear regressions with known noise variance", ""),
    "block": ("BGe score with a block of indicators for each category", "Geiger and Heckerman 2002"),
    "copula": ("BGe score of the hidden normal variables of a Gaussian copula", "Geiger and Heckerman 2002"),
    "additive": ("marginal likelihood of additive regressions on curves", ""),
}
"""What each score is, and its source."""
PRIORS = {
    "uniform": "all graphs equally probable beforehand",
    "edge": "each edge with fixed odds beforehand",
    "erdos_renyi": "Erdős-Rényi graphs beforehand",
    "fair": "each number of parents of a column equally probable beforehand",
}
"""What each prior over graphs says."""
SOURCES = {
    "exact": "dynamic programming over all graphs (Tian and He 2009; Pensar et al. 2020)",
    "gflownet": "a generative flow network (Deleu et al. 2022; Malkin et al. 2023)",
    "mcmc": "Markov chains over ordered partitions (Kuipers and Moffa 2017)",
    "structure_mcmc": "Markov chains over graphs that change one edge at a time (Madigan and York 1995)",
    "order_mcmc": "Markov chains over orders, which have another prior over graphs (Friedman and Koller 2003)",
}
"""How each method finds the posterior, and its source."""


def methods_paragraph(posterior: GraphPosterior) -> str:
    """Return how a posterior was made and checked, in the words of a paper.

    Parameters
    ----------
    posterior : GraphPosterior

    Examples
    --------
    >>> import dag_gfn
    >>> import numpy as np
    >>> from dag_gfn.views.methods_paragraph import methods_paragraph
    >>> data = dag_gfn.simulate(3, 200, rng=np.random.default_rng(0))
    >>> text = methods_paragraph(dag_gfn.fit(data, progress=False))
    >>> "BGe score" in text, "(Tian and He 2009" in text
    (True, True)
    """
    info = posterior.info
    version = f" {info['version']}" if info.get("version") else ""
    rows = f" from {rows_words(info)}" if info.get("n") or info.get("families") else ""
    what, how = "The posterior distribution over directed acyclic graphs", "was computed"
    if info.get("method") == "bootstrap":
        what, how = (
            "Graphs, with the frequencies by which a search finds them on resampled rows (a bootstrap; "
            "Friedman, Goldszmidt and Wyner 1999), which are no posterior probabilities,",
            "were computed",
        )
    parts = [
        f"{what} of {posterior.d} variables{rows} {how} with dag_gfn{version}{_method(info)}.",
        *_score(info),
        *_restrictions(info),
    ]
    claims = posterior.record.claims
    if claims is not None and claims.edges.reason:
        parts.append(f"Reliability of edge probabilities: {claims.edges.reason.removeprefix('it is ')}.")
    return " ".join([*parts, assumptions(info).replace("Assumes: ", "Assumptions: ", 1)])


def _method(info: Mapping[str, Any]) -> str:
    method = SOURCES.get(info.get("method") or "")
    if method is None:
        return ""
    seed = "" if info.get("method") == "exact" else f", seed {info.get('seed')}"
    tables = (info.get("missing") or {}).get("tables")
    completed = f", on each of {tables:,} tables with the missing cells completed" if tables else ""
    return f" by {method}{seed}{completed}"


def _score(info: Mapping[str, Any]) -> list[str]:
    if not info.get("score"):
        return []
    name, source = SCORES.get(info["score"], (f"score '{info['score']}'", ""))
    numbers = [
        f"{key} = {value:g}"
        for key, value in (info.get("score_options") or {}).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    inside = "; ".join(part for part in (source, ", ".join(numbers)) if part)
    scaled = ", on standardized columns" if info.get("standardized") else ""
    prior = PRIORS.get(info.get("prior") or "", "")
    options = [f"{key} = {value:g}" for key, value in (info.get("prior_options") or {}).items()]
    shown = "; ".join([*([prior] if prior else []), *options])
    over = f", with the {info['prior']} prior over graphs ({shown})" if prior else ""
    return [f"Graphs were scored by the {name}{f' ({inside})' if inside else ''}{scaled}{over}."]


def _restrictions(info: Mapping[str, Any]) -> list[str]:
    told = known_statements(info)
    most = (info.get("constraints") or {}).get("max_parents")
    parts = [f"Taken as known: {'; '.join(told)}."] if told else []
    return [*parts, f"Columns had at most {most} parents."] if most is not None else parts
