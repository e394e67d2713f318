"""The sufficient statistics of sites: as tables that stand for their rows, alone or added up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.data import Dataset
from dag_gfn.data.messages import one_line, quoted
from dag_gfn.errors import DataError, OptionError
from dag_gfn.posterior import GraphPosterior
from dag_gfn.scores import LocalScore, make_score
from dag_gfn.scores.block import BlockBGe
from dag_gfn.scores.moments import Moments

GAUSSIAN, DISCRETE = ("bge", "linear_gaussian", "bic"), ("bdeu", "bde", "bic")
"""Scores of numbers and of categories whose statistics can be added up."""


@dataclass(frozen=True, eq=False)
class Site:
    """What a posterior holds of the rows of one site; no row of numbers is among it.

    Attributes
    ----------
    names : tuple of str, length d
        The variables, in the order that all sites are brought to.
    score, kind : str
    options : dict
        Hyperparameters of the score.
    rows : float
        Total weight of all its rows.
    position : ndarray, shape (d,), int64
        Where each variable stands in the site's own order.
    statistics : dict of str to ndarray
        See :func:`dag_gfn.data.sufficient_statistics` and :func:`dag_gfn.scores.block_statistics`.
    standardized : bool

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.site_statistics import Site
    >>> posterior = dag_gfn.fit(np.random.default_rng(0).normal(size=(30, 2)), progress=False)
    >>> site = Site.of(posterior, ("x1", "x0"))
    >>> site.rows, site.position.tolist()
    (30.0, [1, 0])
    """

    names: tuple[str, ...]
    score: str
    kind: str
    options: dict[str, Any]
    rows: float
    position: Int64[np.ndarray, " d"]
    statistics: dict[str, np.ndarray]
    standardized: bool

    @classmethod
    def of(cls, posterior: GraphPosterior, names: Sequence[str]) -> "Site":
        """Return the site of a posterior.

        Raises
        ------
        OptionError
            If the posterior does not hold what is needed, or has other variables.
        """
        info, statistics = posterior.info, posterior.statistics
        if set(posterior.names) != set(names):
            raise OptionError(
                f"sites must have the same variables, but one has {quoted(names)} and another "
                f"{quoted(posterior.names)}: fit them again with --columns"
            )
        if info.get("score") == "additive":
            raise OptionError(
                "the curves of the score 'additive' are made of each site's own rows, so that sites do not add up: fit "
                "each with --score bge (numbers) or --score block (categories too), and combine those"
            )
        refused = {
            "contexts": bool(info.get("contexts")),
            "completed tables (missing cells, or ordered categories)": "table_log_weights" in statistics,
            "sites already, with parameters of their own": bool(info.get("sites")) and not statistics,
            "normal scores": info.get("margins") == "normal_scores",
        }
        for what, is_so in refused.items():
            if is_so:
                raise OptionError(
                    f"a posterior of {what} cannot be combined with others: fit each site without "
                    "(--missing drop, no --context), and combine those"
                )
        if not statistics or info.get("score") is None or not info.get("n"):
            raise OptionError(
                "a posterior to be combined must hold the statistics of its data: fit it with dag-gfn fit (dag_gfn.fit)"
            )
        total = info.get("total_weight")
        return cls(
            names=tuple(names),
            score=info["score"],
            kind=info.get("kind") or "continuous",
            options=dict(info.get("score_options") or {}),
            rows=float(info["n"] if total is None else total),
            position=np.array([posterior.names.index(name) for name in names], dtype=np.int64),
            statistics=dict(statistics),
            standardized=bool(info.get("standardized")),
        )

    def moments(self, prefix: str = "") -> list[Moments]:
        """Return the moments on the site's scale: one entry for all nodes, or one for each where values were set.

        Parameters
        ----------
        prefix : str
            ``"block_"`` for the moments of design columns, whose order follows that of the nodes.
        """
        rows = self.statistics["num_rows"].astype(np.float64)
        means = self.statistics["block_means" if prefix else "column_means"]
        scatter = self.statistics["block_scatter" if prefix else "scatter"]
        columns = self.position
        if prefix:
            stops = np.cumsum(self.statistics["block_widths"])
            starts = stops - self.statistics["block_widths"]
            columns = np.concatenate([np.arange(starts[j], stops[j]) for j in self.position])
        square = np.ix_(columns, columns)
        if scatter.ndim == 2:
            return [Moments(float(rows[0]), means[columns], scatter[square])]
        return [Moments(float(rows[j]), means[j][columns], scatter[j][square]) for j in self.position]

    def own_score(self) -> LocalScore:
        """Return the score that the site was fitted with, from its statistics."""
        if self.score == "block":
            widths = self.statistics["block_widths"][self.position]
            return BlockBGe.from_moments(self.moments("block_"), widths, self.names, **self.options)
        return make_score(self.score, as_dataset([self]), **_score_options(self))


def as_dataset(sites: Sequence[Site]) -> Dataset:
    """Return a table of weighted rows that has the added-up statistics of sites, on the scale that the score reads.

    For numbers the rows are points with the pooled moments, standardised by the pooled means and standard deviations
    if the sites are standardised. For categories they are the distinct rows with their counts. Where values were set,
    each node has points of its own, in which all other nodes count as set.

    Raises
    ------
    OptionError
        If the sites cannot be added up.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.fitting.site_statistics import Site, as_dataset
    >>> rows = np.random.default_rng(0).normal(size=(60, 2))
    >>> sites = [Site.of(dag_gfn.fit(part, progress=False), ("x0", "x1")) for part in (rows[:25], rows[25:])]
    >>> data = as_dataset(sites)
    >>> bool(np.allclose(data.means, rows.mean(axis=0))), bool(np.allclose(data.scales, rows.std(axis=0)))
    (True, True)
    """
    first = sites[0]
    if first.kind == "continuous" and first.score in GAUSSIAN:
        return _points(sites)
    if first.kind == "discrete" and first.score in DISCRETE:
        return _counts(sites)
    raise OptionError(
        f"statistics of the score '{first.score}' of {first.kind} columns cannot be added up, since each site codes "
        "its categories by its own shares: combine with --parameters own (parameters='own')"
    )


def _points(sites: Sequence[Site]) -> Dataset:
    if len({site.standardized for site in sites}) > 1:
        raise OptionError(
            "one site is standardised and another is not: fit all with or all without --no-standardize"
        )
    first, d = sites[0], len(sites[0].names)
    total = sum(site.rows for site in sites)
    centres = [site.statistics["means"][site.position] for site in sites]
    spreads = [site.statistics["scales"][site.position] for site in sites]
    # differences to the first site, so that large means cost no digits
    centre = (
        centres[0]
        + sum(site.rows * (own - centres[0]) for site, own in zip(sites, centres, strict=True)) / total
    )
    scale = np.ones(d)
    if first.standardized:
        variance = sum(
            site.rows * (spread**2 + (own - centre) ** 2)
            for site, own, spread in zip(sites, centres, spreads, strict=True)
        )
        scale = np.sqrt(variance / total)
    moved = []
    for site, own, spread in zip(sites, centres, spreads, strict=True):
        shift, factor = (own - centre) / scale, spread / scale
        moved.append(
            [
                Moments(each.num_rows, each.mean * factor + shift, each.scatter * factor * factor[:, None])
                for each in site.moments()
            ]
        )
    per_node = max(len(each) for each in moved)
    values, weights, nodes = [], [], []
    for node in range(per_node):
        pooled = _added([each[node if len(each) > 1 else 0] for each in moved])
        if pooled.num_rows > 0:
            points = _points_of(pooled)
            values.append(points)
            weights.append(np.full(len(points), pooled.num_rows / len(points)))
            nodes += [node] * len(points)
    return Dataset(
        values=np.concatenate(values),
        names=first.names,
        kinds=("continuous",) * d,
        cardinalities=(0,) * d,
        states=((),) * d,
        means=centre,
        scales=scale,
        weights=np.concatenate(weights),
        intervened=_only(nodes, d) if per_node > 1 else None,
        moments_only=True,
    )


def _added(parts: Sequence[Moments]) -> Moments:
    """Return the moments of several sets of rows together."""
    total = float(sum(part.num_rows for part in parts))
    if total == 0:
        return Moments(0, parts[0].mean, parts[0].scatter)
    mean = sum(part.num_rows * part.mean for part in parts) / total
    scatter = sum(
        part.scatter + part.num_rows * np.outer(part.mean - mean, part.mean - mean) for part in parts
    )
    return Moments(total, np.asarray(mean), np.asarray(scatter))


def _points_of(moments: Moments) -> Float64[np.ndarray, "p d"]:
    """Return points of equal weight that have these moments together."""
    variances, directions = np.linalg.eigh(moments.scatter)
    d = len(variances)
    steps = (directions * np.sqrt(np.maximum(variances, 0.0) * d / moments.num_rows)).T
    return moments.mean + np.concatenate([steps, -steps])


def _only(nodes: Sequence[int], d: int) -> Bool[np.ndarray, "p d"]:
    """Return a mask under which each row counts for one node alone."""
    return np.array(nodes)[:, None] != np.arange(d)


def _counts(sites: Sequence[Site]) -> Dataset:
    first, d = sites[0], len(sites[0].names)
    states: list[list[str]] = [[] for _ in range(d)]
    for site in sites:
        for j, of_site in enumerate(_labels(site)):
            states[j] += [label for label in of_site if label not in states[j]]
    if len({tuple(map(tuple, _labels(site))) for site in sites}) > 1:
        states = [sorted(labels) for labels in states]
    tables = [_rows_of(site, states) for site in sites]
    per_node = max(counts.ndim for _, counts in tables) > 1
    values, weights, nodes = [], [], []
    for rows, counts in tables:
        of_nodes = np.broadcast_to(counts, (d, len(rows))) if per_node and counts.ndim == 1 else counts
        for node, count in enumerate(of_nodes if per_node else [of_nodes]):
            used = count > 0
            values.append(rows[used])
            weights.append(count[used])
            nodes += [node] * int(used.sum())
    return Dataset(
        values=np.concatenate(values).astype(np.float64),
        names=first.names,
        kinds=("discrete",) * d,
        cardinalities=tuple(len(labels) for labels in states),
        states=tuple(tuple(labels) for labels in states),
        means=np.zeros(d),
        scales=np.ones(d),
        weights=np.concatenate(weights).astype(np.float64),
        intervened=_only(nodes, d) if per_node else None,
    )


def _labels(site: Site) -> list[list[str]]:
    labels, numbers = site.statistics["states"], site.statistics["cardinalities"]
    return [[str(label) for label in labels[j][: numbers[j]]] for j in site.position]


def _rows_of(site: Site, states: Sequence[Sequence[str]]) -> tuple[Int64[np.ndarray, "u d"], np.ndarray]:
    """Return the distinct rows of a site in the codes of all sites, with their counts."""
    rows = site.statistics["rows"][:, site.position]
    coded = np.empty_like(rows)
    for j, labels in enumerate(_labels(site)):
        unknown = [label for label in labels if label not in states[j]]
        if unknown:
            raise DataError(f"column '{one_line(site.names[j])}' has unknown states {quoted(unknown)}")
        coded[:, j] = np.array([list(states[j]).index(label) for label in labels])[rows[:, j]]
    counts = site.statistics["counts"]
    return coded, counts if counts.ndim == 1 else counts[site.position]


def _score_options(site: Site) -> dict[str, Any]:
    """Return the hyperparameters of a site's score, those of columns in the order of all sites."""
    options = dict(site.options)
    mean = options.get("mean_obs")
    if mean is not None:
        mean = np.asarray(mean, dtype=np.float64)
        options["mean_obs"] = mean[site.position] if mean.ndim else float(mean)
    return options
