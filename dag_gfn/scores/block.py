"""The block BGe score: BGe for nodes that own several columns, such as categories and groups."""

import numpy as np
from jaxtyping import Int64, Shaped

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.doubts import Doubt
from dag_gfn.scores.block_design import BlockDesign
from dag_gfn.scores.block_statistics import block_statistics
from dag_gfn.scores.moments import Moments
from dag_gfn.scores.normal_wishart import NormalWishart


class BlockBGe(NormalWishart):
    r"""Bayesian Gaussian equivalent score of nodes that own blocks of columns: for mixed tables and groups.

    A numeric column is its own block, a category with r levels has r - 1 whitened contrasts, and a group one whitened
    block for all its columns (:mod:`dag_gfn.scores.block_design`). With D columns in all, a set S of l columns has the
    normal-Wishart marginal likelihood

    .. math::
        \log m(S) = \tfrac l2 \log\tfrac{\alpha_\mu}{n + \alpha_\mu}
          + \log\frac{\Gamma_l(\frac12(n + \alpha_w - D + l))}{\Gamma_l(\frac12(\alpha_w - D + l))}
          - \tfrac{ln}2 \log\pi + \tfrac12(\alpha_w - D + l) \log|T_S| - \tfrac12(n + \alpha_w - D + l) \log|R_S|

    with the matrices T and R of :class:`BGe`, prior mean 0 and the multivariate gamma function :math:`\Gamma_l`, and
    :math:`\text{local}(j, P) = \log m(B_j \cup B_P) - \log m(B_P)`. Where every node owns one column it is BGe, to the
    last digit. Equal for Markov-equivalent DAGs.

    A category acts, and is acted on, through its levels: the model is linear in their indicators. So the score suits
    categories such as sex, treatment or species, and is less apt for a rating that is a coarse reading of a quantity.

    Parameters
    ----------
    data : Dataset
        Of any kind, without missing cells. Numeric columns as :class:`BGe` takes them: standardise them first.
    alpha_mu : float
        Prior weight of the mean, in rows.
    alpha_w : float or None
        Degrees of freedom of the Wishart prior, more than D + 1; D + 2 for None.

    Attributes
    ----------
    design : BlockDesign or None
        What the score was made of; None where it was made of moments.

    References
    ----------
    Geiger and Heckerman, "Parameter priors for directed acyclic graphical models", Annals of Statistics 30 (2002).
    Andrews, Ramsey and Cooper, "Learning high-dimensional directed acyclic graphs with mixed data-types", Causal
    Discovery Workshop 2019: the same model with maximum likelihood (degenerate Gaussian score).

    Examples
    --------
    A category of three levels that shifts a measured column is worth 18.5 nats as its parent, and so is the reverse:

    >>> import numpy as np
    >>> from dag_gfn.scores import BlockBGe
    >>> from dag_gfn.scores.block_design import BlockDesign
    >>> rng = np.random.default_rng(0)
    >>> job = rng.integers(0, 3, size=100).astype(float)
    >>> income = np.array([-1.0, 0.0, 1.0])[job.astype(int)] + rng.normal(size=100)
    >>> score = BlockBGe.from_design(BlockDesign.from_arrays(np.column_stack([job, income]), (3, 0), ("job", "income")))
    >>> float(np.diff(score.local_scores(1, np.array([0b00, 0b01])))[0].round(2))
    18.52
    >>> float(np.diff(score.local_scores(0, np.array([0b00, 0b10])))[0].round(2))
    18.52
    """

    name = "block"
    kind = "mixed"
    takes_groups = True
    design: BlockDesign | None = None

    def __init__(self, data: Dataset, *, alpha_mu: float | int = 1.0, alpha_w: float | int | None = None):
        super().__init__(data)
        self._names = data.nodes
        self._set_design(BlockDesign.of(data), alpha_mu, alpha_w)

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """See :class:`LocalScore`."""
        return ("mixed", "continuous", "discrete")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes."""
        return self._names if self._some_names is None else self._some_names

    @classmethod
    def from_design(
        cls,
        design: BlockDesign,
        *,
        alpha_mu: float | int = 1.0,
        alpha_w: float | int | None = None,
        data: Dataset | None = None,
    ) -> "BlockBGe":
        """Return the score of a design: of a completed table whose blocks were whitened before, for example.

        Parameters
        ----------
        design : BlockDesign
            Without NaN.
        alpha_mu, alpha_w : float
            As for the class.
        data : Dataset, optional
            The table that the design came from; `statistics` needs its names, states and units.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.scores import BlockBGe
        >>> from dag_gfn.scores.block_design import BlockDesign
        >>> design = BlockDesign.from_arrays(np.array([[0.0, 1.0], [1.0, 2.0], [1.0, 4.0]]), (2, 0), ("a", "b"))
        >>> other = design.replace(columns=design.columns[::-1])  # other rows, the same maps
        >>> scores = [BlockBGe.from_design(each).complete_table().round(6).tolist() for each in (design, other)]
        >>> scores[0] == scores[1]
        True
        """
        score = cls.__new__(cls)
        score._names = design.names
        if data is not None:
            score.data = data
        score._set_design(design, alpha_mu, alpha_w)
        return score

    @classmethod
    def from_moments(
        cls,
        moments: list[Moments],
        widths: Int64[np.ndarray, " d"],
        names: tuple[str, ...],
        *,
        alpha_mu: float | int = 1.0,
        alpha_w: float | int | None = None,
    ) -> "BlockBGe":
        """Return the score of moments of the D columns; it has no design and no data.

        Parameters
        ----------
        moments : list of Moments
            One entry that all nodes share, or one for each node, of the rows in which it was not set.
        widths : array, shape (d,), int64
            Number of columns of each node, in their order.
        names : tuple of str, length d
        alpha_mu, alpha_w : float
            As for the class.

        Examples
        --------
        >>> import numpy as np
        >>> from dag_gfn.scores import BlockBGe
        >>> from dag_gfn.scores.moments import Moments
        >>> columns = np.random.default_rng(0).normal(size=(30, 3))
        >>> score = BlockBGe.from_moments([Moments.of(columns)], np.array([2, 1]), ("a", "b"))
        >>> score.local_scores(1, np.array([0b00, 0b01])).round(2).tolist()
        [-40.62, -45.26]
        """
        score = cls.__new__(cls)
        score._names = tuple(names)
        score._set_score(moments, widths, alpha_mu, alpha_w)
        return score

    def _set_design(self, design: BlockDesign, alpha_mu: float | int, alpha_w: float | int | None) -> None:
        self.design = design
        self._set_score(design.moments(), design.widths, alpha_mu, alpha_w)

    def _set_score(
        self,
        moments: list[Moments],
        widths: Int64[np.ndarray, " d"],
        alpha_mu: float | int,
        alpha_w: float | int | None,
    ) -> None:
        self.widths, self._is_per_node = np.asarray(widths, dtype=np.int64), len(moments) > 1
        self._set_prior(alpha_mu, alpha_w, 0.0, int(self.widths.sum()))
        self._set_moments(
            moments,
            "drop it or one of the others (--drop), or let the columns be standardized if they are not",
        )

    @property
    def has_interventions(self) -> bool:
        """See :class:`LocalScore`."""
        return self._is_per_node

    @property
    def hyperparameters(self) -> dict[str, object]:
        """See :class:`LocalScore`."""
        return {"alpha_mu": self.alpha_mu, "alpha_w": self.alpha_w}

    def doubts(self) -> list[Doubt]:
        """Return the doubt that the means or spreads of numeric columns do not fit the prior."""
        if self.design is None:
            return []
        numeric = np.flatnonzero(self.design.is_numeric).tolist()
        return self._prior_doubts(
            Moments.of(self.design.columns, self.design.weights),
            {self.design.blocks[node].start: self.names[node] for node in numeric},
        )

    def statistics(self) -> dict[str, Shaped[np.ndarray, "..."]]:
        """Return what parameters and effects are computed from; see :func:`block_statistics`."""
        if self.design is None:
            raise ValueError("a score made of moments has no design, and so no statistics")
        return block_statistics(self.design, self.data)
