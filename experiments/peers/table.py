"""What adapters are given, and what they give back. NumPy is all that this module needs."""

from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np


class NotPossible(Exception):
    """Why a program cannot do what is asked, in words."""


@dataclass(frozen=True)
class Table:
    """A table, and the model under which its DAGs are compared.

    Attributes
    ----------
    values : ndarray, shape (n, d), float64
        Numbers as they are to be scored, or codes 0, 1, ... of categories.
    names : list of str
    cardinalities : ndarray, shape (d,), int
        States of each column; 0 for numbers.
    score : str
        "bge", "bdeu" or "bic".
    prior : str
        "uniform" or "fair": the prior over graphs, not normalised.
    alpha_mu, alpha_w : float
        Of BGe; the prior mean is 0.
    equivalent_sample_size : float
        Of BDeu.
    score_file : str
        Local scores with the prior as a .jkl file whose nodes are called 0, 1, ..., or nothing.
    """

    values: np.ndarray
    names: list[str]
    cardinalities: np.ndarray
    score: str
    prior: str = "uniform"
    alpha_mu: float = 1.0
    alpha_w: float = 0.0
    equivalent_sample_size: float = 1.0
    score_file: str = ""

    @property
    def d(self) -> int:
        return self.values.shape[1]

    @property
    def is_discrete(self) -> bool:
        return bool((self.cardinalities > 0).all())

    def with_rows(self, rows: np.ndarray) -> "Table":
        """Return the same table with these rows."""
        return Table(
            **{**{each.name: getattr(self, each.name) for each in fields(self)}, "values": self.values[rows]}
        )

    def save(self, path: Path) -> None:
        """Write the table to an .npz file."""
        np.savez(path, **{each.name: np.asarray(getattr(self, each.name)) for each in fields(self)})

    @classmethod
    def load(cls, path: Path) -> "Table":
        """Return the table of an .npz file."""
        with np.load(path) as stored:
            found = {name: stored[name] for name in stored.files}
        arrays = {name: found.pop(name) for name in ("values", "cardinalities")}
        return cls(
            **arrays, names=found.pop("names").tolist(), **{key: value.item() for key, value in found.items()}
        )


@dataclass(frozen=True)
class Drawn:
    """What a program found.

    Attributes
    ----------
    edge : ndarray, shape (d, d), float64
        Probability, or frequency, of i -> j in row i, column j; a link without direction is one half each.
    graphs : ndarray, shape (m, d, d), bool
        DAGs; none where the program gives edges alone.
    log_weights : ndarray, shape (m,), float64
        Of the DAGs, not normalised.
    note : str
        What is to be known of them.
    seconds : float
        How long it took without compilation, where the program tells; else nan, and the whole run counts.
    """

    edge: np.ndarray
    graphs: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), dtype=bool))
    log_weights: np.ndarray = field(default_factory=lambda: np.zeros(0))
    note: str = ""
    seconds: float = float("nan")

    @classmethod
    def of_graphs(cls, graphs: np.ndarray, note: str = "") -> "Drawn":
        """Return draws of equal weight."""
        graphs = np.asarray(graphs, dtype=bool)
        return cls(graphs.mean(axis=0), graphs, np.zeros(len(graphs)), note)

    def save(self, path: Path, **others: object) -> None:
        """Write to an .npz file, with other values beside."""
        own = {each.name: np.asarray(getattr(self, each.name)) for each in fields(self)}
        np.savez_compressed(path, **own, **{name: np.asarray(value) for name, value in others.items()})

    @classmethod
    def load(cls, path: Path) -> "tuple[Drawn, dict[str, object]]":
        """Return what an .npz file holds, and the other values beside."""
        with np.load(path) as stored:
            found = {name: stored[name] for name in stored.files}
        arrays = (found.pop(name) for name in ("edge", "graphs", "log_weights"))
        own = cls(*arrays, note=str(found.pop("note")), seconds=float(found.pop("seconds")))
        return own, {name: value.item() for name, value in found.items()}


def require(possible: bool, why: str) -> None:
    """Raise `NotPossible` with these words unless something is possible."""
    if not possible:
        raise NotPossible(why)


def is_acyclic(graph: np.ndarray) -> bool:
    """Return whether a directed graph has no cycle: nodes without parents are taken away until none is left."""
    left = np.asarray(graph, dtype=bool)
    while len(left):
        others = left.any(axis=0)
        if others.all():
            return False
        left = left[np.ix_(others, others)]
    return True
