"""What an experiment is, and what a model must say of its outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dag_gfn.experiment_choice.families import Families

OBSERVE = -1
"""Stands for a target in an arm in which nothing is set."""


@dataclass(frozen=True)
class Experiment:
    """Some variables, each set in rows of its own; all other variables are then observed.

    Attributes
    ----------
    targets : tuple of int
        The nodes that are set, one in each arm of the experiment; `OBSERVE` where nothing is.
    rows : int
        Rows of each arm.

    Examples
    --------
    >>> from dag_gfn.experiment_choice.outcomes import Experiment
    >>> Experiment((0, 2), rows=50).num_rows
    100
    """

    targets: tuple[int, ...]
    rows: int

    @property
    def num_rows(self) -> int:
        """Rows of all arms together."""
        return self.rows * len(self.targets)


@runtime_checkable
class Outcomes(Protocol):
    """The posterior predictive distribution of the rows of an experiment, given each of some graphs."""

    def settings(self, node: int) -> list[str]:
        """Return the values that a node is set to, in words; the rows of an arm are spread over them evenly."""

    def log_likelihoods(
        self,
        experiment: Experiment,
        graphs: Bool[np.ndarray, "s d d"],
        families: Families,
        rng: np.random.Generator,
    ) -> Float64[np.ndarray, "s f"]:
        """Return how likely each family makes the rows that are drawn given each graph, in logarithms.

        Row s: a table Y is drawn from the predictive distribution of ``graphs[s]``, and entry (s, f) is the part of
        family f in log p(Y | graph, data, do). The log-probability given a graph is the sum over its families.
        """


def spread_over(num_settings: int, rows: int) -> Int64[np.ndarray, " rows"]:
    """Return which setting each row has: the settings in turn.

    Examples
    --------
    >>> from dag_gfn.experiment_choice.outcomes import spread_over
    >>> spread_over(2, 5).tolist()
    [0, 1, 0, 1, 0]
    """
    return np.arange(rows, dtype=np.int64) % num_settings


def arm_of_rows(experiment: Experiment) -> Int64[np.ndarray, " rows"]:
    """Return the node that is set in each row of an experiment.

    Examples
    --------
    >>> from dag_gfn.experiment_choice.outcomes import Experiment, arm_of_rows
    >>> arm_of_rows(Experiment((3, 1), rows=2)).tolist()
    [3, 3, 1, 1]
    """
    return np.repeat(np.array(experiment.targets, dtype=np.int64), experiment.rows)


def named(settings: Sequence[str]) -> str:
    """Return settings in words.

    Examples
    --------
    >>> from dag_gfn.experiment_choice.outcomes import named
    >>> named(["1.5"]), named(["no", "yes", "other"])
    ('1.5', 'no, yes and other in turn')
    """
    if len(settings) == 1:
        return settings[0]
    return f"{', '.join(settings[:-1])} and {settings[-1]} in turn"
