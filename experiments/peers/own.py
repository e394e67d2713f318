"""The methods of this package, behind the functions that its peers have."""

import warnings

import numpy as np

from peers.table import Drawn, Table

DRAWS = 1000
"""DAGs that are drawn for distances between graphs; edge probabilities are the method's own."""


class Method:
    """A method of `dag_gfn.fit`, by its name."""

    gives = "posterior"

    def __init__(self, method: str):
        self.method, self.name = method, f"dag_gfn {method}"
        if method == "bootstrap":
            self.gives = "frequencies"

    def installed(self) -> str | None:
        return None

    def score_of(self, data: Table, dag: np.ndarray) -> float | None:
        return float(score_table(data).log_reward_of(np.asarray(dag, dtype=bool)[None])[0])

    def run(self, data: Table, seconds: float, seed: int) -> Drawn:
        import dag_gfn

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what has not converged is what is measured
            posterior = dag_gfn.fit(
                dataset(data),
                method=self.method,
                prior=data.prior,
                time_budget=seconds,
                num_samples=DRAWS,
                seed=seed,
                progress=False,
                **hyperparameters(data),
            )
        graphs = posterior.sample_adjacency(DRAWS, rng=np.random.default_rng(seed))
        edge = np.asarray(posterior.marginal("edge").values, dtype=float)
        seconds = float(posterior.info["timing"]["total_seconds"])
        return Drawn(edge, graphs, np.zeros(len(graphs)), said_of(posterior), seconds)


def said_of(posterior) -> str:
    """Return whether a fit says that it has converged."""
    diagnostics = posterior.info.get("diagnostics") or {}
    if "converged" not in diagnostics or posterior.info["method"] == "exact":
        return ""
    return "converged" if diagnostics["converged"] else "says that it has not converged"


def dataset(data: Table):
    """Return the table as a Dataset that is scored as it is."""
    import pandas as pd

    import dag_gfn

    if not data.is_discrete:
        return dag_gfn.from_array(data.values, data.names)
    columns = {
        name: pd.Categorical.from_codes(codes.astype(int), [str(state) for state in range(states)])
        for name, codes, states in zip(data.names, data.values.T, data.cardinalities.tolist(), strict=True)
    }
    return dag_gfn.from_frame(pd.DataFrame(columns), discrete="all")


def hyperparameters(data: Table) -> dict:
    """Return the options of `fit` that are the same for all programs."""
    if data.score == "bge":
        return {"score": "bge", "standardize": False, "alpha_mu": data.alpha_mu, "alpha_w": data.alpha_w}
    if data.score == "bdeu":
        size = data.equivalent_sample_size
        return {"score": "bdeu", "equivalent_sample_size": size, "sparse_families": "keep"}
    return {"score": data.score, "standardize": False} | (
        {"sparse_families": "keep"} if data.is_discrete else {}
    )


def score_table(data: Table):
    """Return the `ScoreTable` of the table, its prior included."""
    from dag_gfn.scores import ScoreTable, make_prior, make_score

    options = hyperparameters(data)
    kept = {key: options[key] for key in ("alpha_mu", "alpha_w", "equivalent_sample_size") if key in options}
    return ScoreTable.build(
        make_score(options["score"], dataset(data), **kept), make_prior(data.prior, data.d), storage="lazy"
    )
