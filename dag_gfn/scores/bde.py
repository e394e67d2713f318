"""The BDe score: discrete networks with a Dirichlet prior, parameters integrated out."""

from dag_gfn.data.dataset import Dataset
from dag_gfn.scores.counts import CountScore
from dag_gfn.scores.local_score import require_positive


class BDe(CountScore):
    r"""Bayesian Dirichlet equivalent score with a uniform joint prior (BDeu).

    With r states of node j, q parent configurations and pseudo-counts :math:`\alpha / (r q)`,

    .. math::
        \text{local}(j, P) = \sum_{c=1}^{q} \left[
            \log\frac{\Gamma(\alpha / q)}{\Gamma(\alpha / q + N_c)}
            + \sum_{x=1}^{r} \log\frac{\Gamma(\alpha / (r q) + N_{cx})}{\Gamma(\alpha / (r q))} \right].

    Configurations and states that were never seen contribute 0, but count in r and q. Equal for
    Markov-equivalent DAGs. Rows in which a node's value was set by the experimenter do not count for it.

    Parameters
    ----------
    data : Dataset
        Discrete columns.
    equivalent_sample_size : float
        :math:`\alpha`, the weight of the prior in rows.
    name : {"bdeu", "bde"}
        What the score is called in results.

    References
    ----------
    Heckerman, Geiger and Chickering, "Learning Bayesian networks", Machine Learning 20 (1995), section 5.
    Cooper and Yoo, "Causal discovery from a mixture of experimental and observational data", UAI 1999.
    """

    honours_interventions = True

    def __init__(self, data: Dataset, *, equivalent_sample_size: float | int = 1.0, name: str = "bdeu"):
        self.name = name
        super().__init__(data)
        require_positive(equivalent_sample_size=equivalent_sample_size)
        self.equivalent_sample_size = float(equivalent_sample_size)

    @property
    def hyperparameters(self) -> dict[str, object]:
        """See :class:`LocalScore`."""
        return {"equivalent_sample_size": self.equivalent_sample_size}
