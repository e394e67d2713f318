"""The trained sampler in a posterior's folder, which is read when something is first asked of it."""

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float64

from dag_gfn.errors import StorageError
from dag_gfn.posterior import GraphPosterior, load_posterior
from dag_gfn.posterior.sampler import ConditionalSampler, EvidenceEstimate, WeightedGraphs
from dag_gfn.posterior.storage import SAMPLER


def load(folder: str | os.PathLike[str]) -> GraphPosterior:
    """Read a posterior's folder, with its trained sampler if that was saved.

    Parameters
    ----------
    folder : path

    Returns
    -------
    GraphPosterior
        Its ``sampler`` is a `SavedSampler`, or None.

    Raises
    ------
    StorageError
        If the folder or a file is missing, damaged, or written in a newer format. A sampler's file is looked at when
        something is first asked of the sampler.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.posterior import GraphPosterior
    >>> graphs = np.array([[[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=bool)
    >>> GraphPosterior.from_weights(("rain", "wet"), graphs, np.log([0.75, 0.25])).save("kept")
    >>> posterior = dag_gfn.load("kept")
    >>> posterior.names, posterior.sampler is None
    (('rain', 'wet'), True)
    """
    posterior = load_posterior(folder)
    path = Path(folder) / SAMPLER
    if not path.is_file():
        return posterior
    return replace(posterior, sampler=SavedSampler(Path(os.path.abspath(path)), posterior.names))


@final
@dataclass(frozen=True)
class SavedSampler:
    """A sampler in a file, read when it is first used; a `dag_gfn.posterior.sampler.ConditionalSampler`.

    The same seed gives the same answers as before it was saved. Beyond 20 columns scores may differ from those of the
    fit in their last digits.

    Attributes
    ----------
    path : Path
    names : tuple of str
        The variables of the posterior beside it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from dag_gfn.fitting.saved_sampler import SavedSampler
    >>> SavedSampler(Path("none.safetensors"), ("a", "b")).sample(5, seed=0)
    Traceback (most recent call last):
    dag_gfn.errors.StorageError: ...
    """

    path: Path
    names: tuple[str, ...]

    @cached_property
    def loaded(self) -> ConditionalSampler:
        """The sampler itself.

        Raises
        ------
        StorageError
            If the file is missing or damaged, or belongs to other columns.
        """
        # imports torch, which reading a posterior does without
        from dag_gfn.gflownet.edges.sampler import EdgeSampler
        from dag_gfn.gflownet.layers.sampler import LayerSampler
        from dag_gfn.gflownet.sampler_file import load_sampler

        stored = load_sampler(self.path)
        if stored.names != self.names:
            raise StorageError(
                f"the sampler {self.path} belongs to other columns than the posterior beside it: fit again with "
                "save_sampler (--save-sampler)"
            )
        kind: Any = {"edges": EdgeSampler, "layers": LayerSampler}[stored.kind]
        return kind.restored(stored)

    def sample(self, k: int, *, seed: int) -> WeightedGraphs:
        """See `dag_gfn.posterior.sampler.Sampler`."""
        return self.loaded.sample(k, seed=seed)

    def log_probability(
        self, adjacency: Bool[np.ndarray, "m d d"], *, num_trajectories: int = 100, seed: int = 0
    ) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
        """See `dag_gfn.posterior.sampler.Sampler`."""
        return self.loaded.log_probability(adjacency, num_trajectories=num_trajectories, seed=seed)

    def log_z(self, *, num_samples: int = 10_000, seed: int) -> EvidenceEstimate:
        """See `dag_gfn.posterior.sampler.Sampler`."""
        return self.loaded.log_z(num_samples=num_samples, seed=seed)

    def log_z_upper(self, exact_draws: Bool[np.ndarray, "m d d"], *, seed: int = 0) -> float:
        """See `dag_gfn.posterior.sampler.Sampler`."""
        return self.loaded.log_z_upper(exact_draws, seed=seed)

    def entropy(self, *, num_samples: int = 10_000, seed: int) -> float:
        """See `dag_gfn.posterior.sampler.Sampler`."""
        return self.loaded.entropy(num_samples=num_samples, seed=seed)

    def given(
        self,
        edges: Iterable[tuple[str, str]] = (),
        *,
        absent: Iterable[tuple[str, str]] = (),
        tiers: Sequence[Sequence[str]] = (),
        num_samples: int = 10_000,
        seed: int,
    ) -> GraphPosterior:
        """See `dag_gfn.posterior.sampler.ConditionalSampler`."""
        return self.loaded.given(edges, absent=absent, tiers=tiers, num_samples=num_samples, seed=seed)

    def save(self, path: Path) -> None:
        """Write a copy of the file, as it is.

        Raises
        ------
        StorageError
            If that cannot be done.
        """
        try:
            shutil.copyfile(self.path, path)
        except OSError as error:
            raise StorageError(f"cannot copy the sampler {self.path}: {error.strerror or error}") from error
