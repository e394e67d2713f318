"""The request for a GFlowNet fit, the callbacks that follow it, and its random streams."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64

from dag_gfn.gflownet.objectives import Objective
from dag_gfn.gflownet.training.config import TrainConfig
from dag_gfn.gflownet.training.processes import ALONE, Processes
from dag_gfn.gflownet.training.report import TrainingReport
from dag_gfn.random_streams import RandomStreams


@dataclass(frozen=True)
class FitRequest:
    """The options of a GFlowNet fit.

    Attributes
    ----------
    seed : int
        Of all random numbers of the fit.
    config : TrainConfig
        The options of training.
    num_samples : int
        DAGs to draw in the end.
    objective : Objective
    policy : {"mlp", "transformer"}
        Kind of network.
    backward : {"uniform", "learned"}, optional
        Backward policy over edges; by default what the objective says. Root layerings have nothing to choose there.
    device : str
        As torch names it.
    iterations_given : bool
        Whether training ends with the iterations of the config, however much time is left. Otherwise it goes on while
        draws are worth too few.
    checkpoint : Path, optional
        File to save training to now and then, and to go on from where it exists already.
    start : dict of str to Tensor, optional
        Parameters of a network that was trained on another table of the same columns, to begin with.
    processes : Processes
        Those that train together; each collects its own trajectories.

    Examples
    --------
    >>> from dag_gfn.gflownet.request import FitRequest
    >>> from dag_gfn.gflownet.training.config import default_config, make_objective
    >>> config = default_config(5, environment="layers", iterations=100)
    >>> request = FitRequest(0, config, 1_000, make_objective("subtrajectory_balance"))
    >>> request.policy, request.iterations_given
    ('mlp', True)
    """

    seed: int
    config: TrainConfig
    num_samples: int
    objective: Objective
    policy: str = "mlp"
    backward: str | None = None
    device: str = "cpu"
    iterations_given: bool = True
    checkpoint: Path | None = None
    start: dict[str, torch.Tensor] | None = None
    processes: Processes = ALONE


@dataclass(frozen=True)
class Watchers:
    """Callbacks that follow a fit; they change no result.

    Attributes
    ----------
    judge : callable, optional
        Where d <= 5: maps the policy's log-probabilities of all DAGs, in the order of `enumerate_dags`, to figures to
        show while training.
    on_report : callable, optional
        Called with a report of training, a few times a second.
    on_phase : callable, optional
        Called with the name of each other phase and the share of it that is done, in [0, 1].

    Examples
    --------
    >>> from dag_gfn.gflownet.request import Watchers
    >>> on_share = Watchers(on_phase=lambda name, share: print(f"{name}: {share:.0%}")).of_phase("draws")
    >>> on_share(0.25)
    draws: 25%
    """

    judge: Callable[[Float64[np.ndarray, " m"]], dict[str, float]] | None = None
    on_report: Callable[[TrainingReport], None] | None = None
    on_phase: Callable[[str, float], None] | None = None

    def of_phase(self, name: str) -> Callable[[float], None] | None:
        """Return the callback for the share of one phase that is done; None without `on_phase`."""
        return None if self.on_phase is None else partial(self.on_phase, name)


@dataclass(frozen=True)
class FitStreams:
    """The random streams of a fit, one for each purpose; the only place where they come from.

    Parameters
    ----------
    seed : int
    device : torch.device
        Where training goes on.
    processes : Processes
        Each of several trains with a stream of its own; all else is drawn alike.

    Examples
    --------
    >>> import torch
    >>> from dag_gfn.gflownet.request import FitStreams
    >>> one, same = (FitStreams(3, torch.device("cpu")).training() for _ in range(2))
    >>> bool(torch.rand(1, generator=one) == torch.rand(1, generator=same))
    True
    """

    seed: int
    device: torch.device
    processes: Processes = ALONE

    def initial_weights(self) -> torch.Generator:
        """Return the generator of a network's initial weights; networks are built on the CPU."""
        return torch.Generator().manual_seed(self._streams.torch_seed("initial weights"))

    def training(self) -> torch.Generator:
        """Return the generator of training."""
        return self._generator(self.processes.stream("training"))

    def monitor(self) -> torch.Generator:
        """Return the generator of draws that show how far training is: the same ones each time."""
        return self._generator("monitor")

    def draws(self) -> torch.Generator:
        """Return the generator of the final draws."""
        return self._generator("draws")

    def draws_seed(self, repetition: int = 0) -> int:
        """Return the seed of the final draws, or of a repetition where these are worth too few."""
        return self._streams.torch_seed(f"further draws {repetition}" if repetition else "draws")

    def trials_seed(self) -> int:
        """Return the seed of the draws by which times are estimated."""
        return self._streams.torch_seed("trials")

    def trial_graphs(self) -> np.random.Generator:
        """Return the generator of the graphs by which times are estimated."""
        return self._streams.generator("trial graphs")

    def guiding_graphs(self) -> np.random.Generator:
        """Return the generator of DAGs that training learns from."""
        return self._streams.generator("guiding graphs")

    def guiding_orders(self) -> torch.Generator:
        """Return the generator of the orders in which their edges are added."""
        return self._generator("guiding orders")

    def moves(self) -> torch.Generator:
        """Return the generator of moves by a policy over edges."""
        return self._generator("moves")

    def weighing(self) -> torch.Generator:
        """Return the generator of the orders in which edges are added to weigh what these moves led to."""
        return self._generator("weighing")

    def moved_graphs(self) -> np.random.Generator:
        """Return the generator of graphs that are drawn anew between these moves."""
        return self._streams.generator("moved graphs")

    @property
    def _streams(self) -> RandomStreams:
        return RandomStreams(self.seed)

    def _generator(self, name: str) -> torch.Generator:
        return torch.Generator(device=self.device).manual_seed(self._streams.torch_seed(name))
