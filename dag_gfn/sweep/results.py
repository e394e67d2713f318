"""What is there of a sweep: the edge probabilities of every complete fit, by setting and by resample."""

import csv
import json
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int

from dag_gfn import files
from dag_gfn.errors import StorageError
from dag_gfn.posterior.fit_record import FitRecord
from dag_gfn.posterior.trust import trust_in
from dag_gfn.sweep.one_fit import COMPLETE, FAILED, recorded_error, state_of
from dag_gfn.sweep.planned_fits import FITS, Plan, PlannedFit, read_plan

_MAX_BYTES = 50_000_000
_DAMAGED = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, csv.Error, RecursionError)


@dataclass(frozen=True)
class CompleteFit:
    """A fit that is there.

    Attributes
    ----------
    fit : PlannedFit
    edge : ndarray, shape (d, d), float64
        ``[i, j]`` is P(i → j | data), row → column.
    level : {"good", "caution", "bad"}
        How far it can be relied on, in a word.
    trust : str
        The same in a sentence.
    method : str
    seconds : float
        What it took; nan where that is not recorded.

    Examples
    --------
    See `read_results`.
    """

    fit: PlannedFit
    edge: Float64[np.ndarray, "d d"]
    level: str
    trust: str
    method: str
    seconds: float


@dataclass(frozen=True, eq=False)
class Results:
    """All fits of a sweep that are there.

    Attributes
    ----------
    plan : Plan
    complete : list of CompleteFit
    failed : dict of str to str
        The error of each fit that failed, by its name.
    missing : list of str
        Names of the fits that are not there yet.
    damaged : dict of str to str
        What is wrong with folders that cannot be read, by name; they count as missing.

    Examples
    --------
    See `read_results`.
    """

    plan: Plan
    complete: list[CompleteFit]
    failed: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The variables."""
        return self.plan.nodes

    @property
    def first(self) -> Int[np.ndarray, " p"]:
        """The first variable of each pair, shape (p,)."""
        return np.triu_indices(len(self.names), k=1)[0]

    @property
    def second(self) -> Int[np.ndarray, " p"]:
        """The second variable of each pair, shape (p,)."""
        return np.triu_indices(len(self.names), k=1)[1]

    def of_setting(self, setting: int) -> Float64[np.ndarray, "d d"]:
        """Return the edge probabilities of a setting, the mean over its seeds; nan where no fit is there."""
        edges = [each.edge for each in self._of(setting) if each.fit.bootstrap is None]
        d = len(self.names)
        return np.mean(edges, axis=0) if edges else np.full((d, d), np.nan)

    def settings(self) -> Float64[np.ndarray, "s d d"]:
        """Return the edge probabilities of all settings, shape (s, d, d)."""
        return np.array([self.of_setting(k) for k in range(len(self.plan.settings))])

    def bootstraps(self, setting: int = 0) -> Float64[np.ndarray, "b d d"]:
        """Return the edge probabilities of a setting in each resample that is there, shape (b, d, d)."""
        edges = [each.edge for each in self._of(setting) if each.fit.bootstrap is not None]
        d = len(self.names)
        return np.array(edges) if edges else np.zeros((0, d, d))

    def seeds(self) -> list[Float64[np.ndarray, "k d d"]]:
        """Return the edge probabilities by seed of each setting that has several."""
        found = []
        for k in range(len(self.plan.settings)):
            edges = [each.edge for each in self._of(k) if each.fit.bootstrap is None]
            if len(edges) > 1:
                found.append(np.array(edges))
        return found

    def pairs(self, edge: Float64[np.ndarray, "*k d d"]) -> Float64[np.ndarray, "*k p"]:
        """Return the probabilities that pairs are linked, given those of edges."""
        return edge[..., self.first, self.second] + edge[..., self.second, self.first]

    def forward(self, edge: Float64[np.ndarray, "*k d d"]) -> Float64[np.ndarray, "*k p"]:
        """Return the probabilities of the edges from the first variable of each pair to the second."""
        return edge[..., self.first, self.second]

    def is_there(self) -> Bool[np.ndarray, " s"]:
        """Return which settings have a fit of the rows themselves."""
        return ~np.isnan(self.settings()[:, 0, 0])

    def _of(self, setting: int) -> list[CompleteFit]:
        return [each for each in self.complete if each.fit.setting == setting]


def read_results(folder: Path) -> Results:
    """Return what is there of the sweep in a folder.

    Raises
    ------
    StorageError
        If there is no sweep, or none of its fits is complete.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep import plan, run
    >>> from dag_gfn.sweep.results import read_results
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 2)))
    >>> _ = plan(data, "read", scores=["bge", "bic"], bootstraps=2), run("read", jobs=1)
    >>> found = read_results(Path("read"))
    >>> found.settings().shape, found.bootstraps().shape
    ((2, 2, 2), (2, 2, 2))
    """
    plan = read_plan(folder)
    complete: list[CompleteFit] = []
    failed: dict[str, str] = {}
    damaged: dict[str, str] = {}
    missing: list[str] = []
    for fit in plan.fits:
        state = state_of(folder, fit.name)
        if state == COMPLETE:
            try:
                complete.append(_read(folder / FITS / fit.name, fit, plan.nodes))
                continue
            except _DAMAGED as error:
                damaged[fit.name] = " ".join(str(error).split())
        elif state == FAILED:
            failed[fit.name] = recorded_error(folder, fit.name)
            continue
        missing.append(fit.name)
    if not complete:
        why = next(iter(failed.values()), next(iter(damaged.values()), ""))
        said = f" ({len(failed)} have failed, the first since: {why})" if failed else ""
        raise StorageError(
            f"none of the {len(plan.fits)} fits of the sweep in '{folder}' is complete{said}: "
            f"dag-gfn sweep run {folder}{' --retry' if failed else ''}"
        )
    return Results(plan, complete, failed, missing, damaged)


def _read(folder: Path, fit: PlannedFit, names: list[str]) -> CompleteFit:
    info: dict[str, Any] = json.loads(files.read_text(folder / "posterior.json", _MAX_BYTES))
    if list(info["names"]) != names:
        raise ValueError(f"'{folder}' is about other variables")
    edge, place = np.full((len(names), len(names)), np.nan), {name: k for k, name in enumerate(names)}
    with (folder / "edges.csv").open(encoding="utf-8", newline="") as file:
        for source, target, probability in list(csv.reader(file))[1:]:
            i, j = (place[files.from_spreadsheet(cell)] for cell in (source, target))
            edge[i, j] = float(probability)
    np.fill_diagonal(edge, 0.0)
    if np.isnan(edge).any() or edge.min() < 0 or edge.max() > 1 + 1e-9:
        raise ValueError(f"'{folder / 'edges.csv'}' does not have a probability for each edge")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        level, trust = trust_in(FitRecord.from_info(info))
    seconds = float(info.get("timing", {}).get("total_seconds", np.nan))
    return CompleteFit(fit, edge, level, trust, str(info.get("method")), seconds)
