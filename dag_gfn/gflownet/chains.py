"""Markov chains over root layerings that help a GFlowNet: guides for training, and judges of its result."""

import json
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from dag_gfn.budget import TimeBudget
from dag_gfn.compilation import working_seconds
from dag_gfn.errors import StorageError, shortened
from dag_gfn.files import replacing
from dag_gfn.gflownet.request import FitRequest, Watchers
from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc.chains import ChainReport, Chains, run_chains
from dag_gfn.random_streams import RandomStreams

CHAINS = 4
_GUIDE_BUDGET = 0.1  # of the time, at most
_GUIDES = 4096
_JUDGED = 5_000  # layerings of each chain that judges
_MANY_NODES = 30  # beyond, there are fewer, since each comes with its edges
_LONGEST = 10  # times as long as guides are drawn
_STEPS = 200  # of training, for which judging chains grow by the length of the guides'
_USUAL = 1_000  # steps of training: before shorter ones, guides are shorter too
_LOOK = 0.25  # seconds between two looks at how far the chains are that are waited for
_SHORT = 15.0  # seconds of chains, beside which a network is hardly trained: they take part of its core, too
_QUICK = 400_000  # steps of chains, a second or less, that no training is too short for


def guide_iterations(d: int, training_iterations: int) -> int:
    """Return the steps of each guiding chain for d nodes; up to 20 nodes they take seconds.

    They are fewer for trainings of less than 1,000 iterations, which should not wait long to begin.

    Examples
    --------
    >>> from dag_gfn.gflownet.chains import guide_iterations
    >>> guide_iterations(20, 1_000), guide_iterations(20, 500)
    (1600000, 800000)
    """
    return _chain_iterations(d, training_iterations, _USUAL)


def _chain_iterations(d: int, training_iterations: int, usual: int) -> int:
    steps = 4_000 * max(d, 5) ** 2
    return min(steps, max(steps * training_iterations // usual, _QUICK))


@dataclass(frozen=True)
class Guides:
    """The guides: layerings that training learns from.

    Attributes
    ----------
    layer_of : ndarray, shape (m, d), int64
    seconds : float
        That it took to draw them.

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from dag_gfn.gflownet.chains import Guides
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "guides.safetensors"
    ...     Guides(np.array([[0, 1, 2], [0, 0, 1]]), seconds=1.5).save(path)
    ...     Guides.load(path, d=3).layer_of.tolist()
    [[0, 1, 2], [0, 0, 1]]
    """

    layer_of: Int64[np.ndarray, "m d"]
    seconds: float

    def save(self, path: Path) -> None:
        """Write the guides to a file, completely or not at all.

        Raises
        ------
        StorageError
            If that cannot be done.
        """
        try:
            with replacing(path) as unfinished:
                save_file(
                    {"layer_of": self.layer_of}, unfinished, metadata={"seconds": json.dumps(self.seconds)}
                )
        except (OSError, SafetensorError) as error:
            raise StorageError(f"cannot write the guides {path}: {error}") from error

    @classmethod
    def load(cls, path: Path, d: int) -> "Guides":
        """Read guides of d nodes that `save` wrote.

        Raises
        ------
        StorageError
            If the file cannot be read or belongs to another number of nodes.
        """
        try:
            with safe_open(path, framework="np") as file:
                layer_of = file.get_tensor("layer_of")
                seconds = json.loads((file.metadata() or {})["seconds"])
            if layer_of.ndim != 2 or layer_of.shape[1] != d or layer_of.dtype != np.int64:
                raise ValueError(f"expected layerings of {d} nodes, found {layer_of.shape} {layer_of.dtype}")
            if not _are_layerings(layer_of):
                raise ValueError("its numbers are not those of layers")
            seconds = float(seconds)
            if not 0 <= seconds < math.inf:
                raise ValueError(f"{seconds} are no seconds")
        except (
            *(OSError, SafetensorError, KeyError, ValueError, RuntimeError, TypeError),
            *(AttributeError, OverflowError),
        ) as error:
            raise StorageError(
                f"cannot go on with the guides {path}: {shortened(str(error))}. They may belong to a run with other "
                "options; repeat those, or start anew with --overwrite"
            ) from error
        return cls(layer_of, seconds)


def _are_layerings(layer_of: Int64[np.ndarray, "m d"]) -> bool:
    """Return whether there are layerings, and the layers of each are numbered from 0 without gaps."""
    if not len(layer_of) or layer_of.min() < 0 or layer_of.max() >= layer_of.shape[1]:
        return False
    used = np.zeros(layer_of.shape, dtype=bool)
    np.put_along_axis(used, layer_of, True, axis=1)
    return bool((used.sum(axis=1) == layer_of.max(axis=1) + 1).all())


def draw_guides(
    weights: LayerWeights,
    *,
    seed: int,
    training_iterations: int,
    starts: Sequence[Int64[np.ndarray, " d"]] = (),
    time_limit: float | None = None,
    on_share: Callable[[float], None] | None = None,
) -> Guides:
    """Run short chains; return layerings of them without burn-in in random order.

    Parameters
    ----------
    weights : LayerWeights
    seed : int
    training_iterations : int
        Planned ones, which `guide_iterations` follows.
    starts : sequence of ndarray, shape (d,), int64
        Layerings where chains begin that are not tempered; by default they are tempered.
    time_limit : float, optional
        Seconds after which the chains end in any case.
    on_share : callable, optional
        Called now and then with the share of the work that is done, in [0, 1].

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C: nothing has been trained that would be worth keeping.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.gflownet.chains import draw_guides
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> scores = np.zeros((3, 4))
    >>> scores[2, 3] = 50.0  # node 2 has parents 0 and 1
    >>> guides = draw_guides(LayerWeights.of(scores), seed=0, training_iterations=1)
    >>> bool((guides.layer_of[:, 2] > 0).all())
    True
    """
    began, streams = working_seconds(), RandomStreams(seed)
    chains = _run(
        weights,
        streams.sequences("guides", CHAINS),
        streams.sequences("cooled starts of guides", CHAINS),
        starts,
        iterations=guide_iterations(weights.d, training_iterations),
        kept=_GUIDES // CHAINS,
        time_budget=time_limit,
        on_report=None if on_share is None else lambda report: on_share(report.share),
    )
    if chains.interrupted:
        raise KeyboardInterrupt
    layer_of = chains.layer_of.reshape(-1, weights.d).astype(np.int64)
    chosen = streams.generator("order of guides").permutation(len(layer_of))[:_GUIDES]
    return Guides(layer_of[chosen], working_seconds() - began)


def guides_of(
    weights: LayerWeights,
    request: FitRequest,
    budget: TimeBudget,
    watchers: Watchers,
    starts: Sequence[Int64[np.ndarray, " d"]] = (),
) -> Guides:
    """Return the guides that are saved beside a checkpoint, which a clock may have cut, else new ones.

    New ones are saved there, if there is to be a checkpoint. Of several processes the leading one draws them for all.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.budget import TimeBudget
    >>> from dag_gfn.gflownet.chains import guides_of
    >>> from dag_gfn.gflownet.request import FitRequest, Watchers
    >>> from dag_gfn.gflownet.training.config import default_config, make_objective
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> request = FitRequest(0, default_config(3, iterations=1), 10, make_objective("modified_db"))
    >>> guides_of(LayerWeights.of(np.zeros((3, 4))), request, TimeBudget(0.1), Watchers()).layer_of.shape[1]
    3
    """
    return request.processes.shared(lambda: _own_guides(weights, request, budget, watchers, starts))


def _own_guides(
    weights: LayerWeights,
    request: FitRequest,
    budget: TimeBudget,
    watchers: Watchers,
    starts: Sequence[Int64[np.ndarray, " d"]],
) -> Guides:
    checkpoint, beside = request.checkpoint, None
    if checkpoint is not None:
        beside = checkpoint.with_suffix(".guides.safetensors")
        if checkpoint.exists() and beside.exists():
            return Guides.load(beside, weights.d)
    guides = draw_guides(
        weights,
        seed=request.seed,
        training_iterations=request.config.iterations,
        starts=starts,
        time_limit=budget.share(_GUIDE_BUDGET),
        on_share=watchers.of_phase("likely graphs"),
    )
    if beside is not None:
        guides.save(beside)
    return guides


class JudgingChains:
    """Longer chains with random streams of their own, which training never sees; they run in another thread meanwhile.

    At most `most_layerings` of their layerings are kept.

    Parameters
    ----------
    weights : LayerWeights
    seed : int
    training_iterations : int
        A short training is judged by short chains.
    starts : sequence of ndarray, shape (d,), int64
        As for `draw_guides`.
    time_limit : float, optional
        Seconds after which the chains end in any case.
    training_cores : int
        Cores that training takes meanwhile. They are left to it, unless there is time for a hundred steps or so only.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.gflownet.chains import JudgingChains
    >>> from dag_gfn.layerings.layer_weights import LayerWeights
    >>> judges = JudgingChains(LayerWeights.of(np.zeros((3, 4))), seed=0, training_iterations=1, time_limit=0.05)
    >>> chains = judges.result()
    >>> len(chains.layer_of), chains.layer_of.size // 3 <= judges.most_layerings
    (4, True)
    """

    def __init__(
        self,
        weights: LayerWeights,
        *,
        seed: int,
        training_iterations: int,
        starts: Sequence[Int64[np.ndarray, " d"]] = (),
        time_limit: float | int | None = None,
        training_cores: int = 1,
    ):
        longer = min(max(training_iterations // _STEPS, 1), _LONGEST)
        self._stopped, self._share, streams = False, 0.0, RandomStreams(seed)
        kept = int(_JUDGED * min(1.0, (_MANY_NODES / weights.d) ** 2))
        self.most_layerings = 2 * CHAINS * kept
        self._end = None if time_limit is None else working_seconds() + time_limit
        if time_limit is not None and time_limit < _SHORT:
            training_cores = 0
        self._thread = ThreadPoolExecutor(1)
        self._running = self._thread.submit(
            _run,
            weights,
            streams.sequences("judges", CHAINS),
            streams.sequences("cooled starts of judges", CHAINS),
            starts,
            iterations=longer * _chain_iterations(weights.d, training_iterations, _STEPS),
            kept=kept,
            time_budget=time_limit,
            threads=max(1, (os.cpu_count() or 1) - training_cores),
            on_report=self._go_on,
        )
        self._thread.shutdown(wait=False)

    def _go_on(self, report: ChainReport) -> None:
        self._share = report.share
        if self._stopped:
            raise KeyboardInterrupt  # on which chains keep what they have

    def remaining_seconds(self) -> float:
        """Return how long the chains may still run, 0 where they are done or have no limit."""
        if self._running.done() or self._end is None:
            return 0.0
        return max(self._end - working_seconds(), 0.0)

    def stop(self) -> None:
        """Ask the chains to end soon."""
        self._stopped = True

    def result(self, on_share: Callable[[float], None] | None = None) -> Chains:
        """Wait for the chains and return them; Ctrl-C ends them early, and their layerings so far are returned.

        `on_share` is told now and then which share of their work is done, in [0, 1].
        """
        try:
            while on_share is not None and not self._running.done():
                on_share(self._share)
                wait([self._running], timeout=_LOOK)
            return self._running.result()
        except KeyboardInterrupt:
            self.stop()
            return self._running.result()


def _run(
    weights: LayerWeights,
    streams: Sequence[np.random.SeedSequence],
    cooled: Sequence[np.random.SeedSequence],
    starts: Sequence[Int64[np.ndarray, " d"]],
    *,
    iterations: int,
    kept: int,
    time_budget: float | int | None = None,
    threads: int | None = None,
    on_report: Callable[[ChainReport], None] | None = None,
) -> Chains:
    return run_chains(
        weights,
        streams=streams,
        iterations=iterations,
        kept=kept,
        starts=starts,
        cooled=() if len(starts) else cooled,
        time_budget=time_budget,
        threads=threads,
        on_report=on_report,
    )
