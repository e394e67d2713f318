"""Weights of layerings whose candidates and odds are chosen by short chains over layerings.

The first candidates and odds are those of each node alone. Chains of these weights go on for a short while, and the
layerings that they visit give better ones (:mod:`dag_gfn.layerings.refinement`), a few times over. With 100 columns the
variance of the log of the ratio of true to approximate weights falls from about 180 to a few nats², so that draws by
the weights can be corrected.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Int64
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from dag_gfn.budget import TimeBudget
from dag_gfn.errors import StorageError, shortened
from dag_gfn.files import replacing
from dag_gfn.graphs.subsets import popcount
from dag_gfn.layerings.candidates import affordable_seconds, choose_candidates, default_size
from dag_gfn.layerings.layer_weights import LayerWeights, require_memory
from dag_gfn.layerings.outside_parents import correct_parents
from dag_gfn.layerings.refinement import refine
from dag_gfn.layerings.turned_edges import needed_where_turned
from dag_gfn.mcmc.chains import Chains, run_chains
from dag_gfn.mcmc.cooling import cooled_ladder
from dag_gfn.mcmc.partition import first_with_weight
from dag_gfn.posterior.diagnostic_parts import Coverage
from dag_gfn.random_streams import RandomStreams
from dag_gfn.scores import ScoreTable

FindStarts = Callable[[LayerWeights, int, np.random.Generator, TimeBudget], Sequence[Int64[np.ndarray, " d"]]]
"""Finds layerings where chains begin, given weights, their number, a random generator and a time budget."""
TEMPERED_NODES = 63
"""Largest number of nodes of which chains are tempered."""
UNEVEN = 1.5
"""nats² of log-ratios of true to approximate weights, beyond which chains allow for them."""
_CHAINS = 4
_ROUNDS = 4
_FIRST_SIZE = 12  # candidates of each node, at most, before the last round
# of each chain in a round: at least and at most for each node, and at most in all
_STEPS = (20, 2_000, 200_000)
_STEPS_SHARE = 0.05  # of the steps that are planned later
_KEPT = 64  # layerings of each chain
_LOOKED_AT = (16, 256)  # layerings that candidates and odds are chosen by
_CHAINS_SHARE = 0.03  # of a time budget, for the chains of a round
_REFINED_SHARE = 0.02  # of it, for candidates and odds
_REFINED_SECONDS = 10.0  # where there is no limit
_SEARCHED_SHARE = 0.3  # of the time for candidates of each node alone, now that these are the first ones only
_SEARCHES_SHARE = 0.1  # of the time that is left, for layerings to begin at


@dataclass(frozen=True, eq=False)
class RefinedWeights:
    """Weights, and where the chains were that they were chosen by.

    Attributes
    ----------
    weights : LayerWeights
    layer_of : ndarray, shape (c, d), int64, or None
        A layering of each chain, of positive weight; None where nothing had to be chosen.
    log_ratio_variance : float
        How much the log of the ratio of true to approximate weights varies over layerings, in nats²: draws by weights
        of which it is some nats² cannot be corrected by importance weights.
    likely_left_out : float
        Likely parents in random orders that are no candidates, for each node (`Candidates.likely_left_out`).

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.mcmc.refined_weights import refined_weights
    >>> from dag_gfn.scores import ScoreTable, make_score
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(9, 4)))
    >>> table = ScoreTable.build(make_score("bge", data))
    >>> refined_weights(table, seed=0).layer_of is None  # all others are candidates
    True
    >>> refined = refined_weights(table, seed=0, num_candidates=2)
    >>> refined.weights.tables.members.shape, refined.layer_of.shape
    ((4, 2), (4, 4))
    """

    weights: LayerWeights
    layer_of: Int64[np.ndarray, "c d"] | None = None
    log_ratio_variance: float = 0.0
    likely_left_out: float = 0.0

    @property
    def uneven(self) -> bool:
        """Whether the ratios vary so much that chains have to allow for them (`corrected_posterior`)."""
        return self.log_ratio_variance > UNEVEN

    def coverage(self, names: Sequence[str]) -> Coverage:
        """Return how much the candidates cover, and what is likely beyond them."""
        covered = self.weights.coverage(names)
        return replace(covered, likely_left_out=self.likely_left_out) if self.weights.has_outside else covered

    def untempered_starts(self) -> list[Int64[np.ndarray, " d"]]:
        """Return the layerings where chains begin that are not tempered; none where ladders are better.

        Ladders of tempered chains need more rungs with more nodes, and a layering then takes too long from the highest
        temperature to the lowest.
        """
        return [] if self.layer_of is None or self.weights.d <= TEMPERED_NODES else list(self.layer_of)

    def save(self, path: Path) -> None:
        """Write candidates, odds and layerings to a file, completely or not at all.

        Raises
        ------
        StorageError
            If that cannot be done.
        """
        arrays = self.weights.stored() | {
            "variance": np.array([self.log_ratio_variance]),
            "likely_left_out": np.array([self.likely_left_out]),
        }
        if self.layer_of is not None:
            arrays["layer_of"] = self.layer_of
        try:
            with replacing(path) as unfinished:
                save_file(arrays, unfinished)
        except (OSError, SafetensorError) as error:
            raise StorageError(f"cannot write the candidate parents {path}: {error}") from error

    @classmethod
    def load(cls, path: Path, table: ScoreTable) -> "RefinedWeights":
        """Read what `save` wrote for a score table; scores of candidates are computed again.

        Raises
        ------
        StorageError
            If the file cannot be read or belongs to another table.
        """
        try:
            arrays = load_file(path)
            weights = LayerWeights.restored(table, arrays)
            variance, left_out = float(arrays["variance"][0]), float(arrays["likely_left_out"][0])
            return cls(weights, arrays.get("layer_of"), variance, left_out)
        except (OSError, SafetensorError, KeyError, ValueError, IndexError, TypeError, MemoryError) as error:
            raise StorageError(
                f"cannot go on with the candidate parents {path}: {shortened(str(error))}. They may belong to a run "
                "with other options; repeat those, or start anew with --overwrite"
            ) from error


def refined_weights(
    table: ScoreTable,
    *,
    seed: int,
    num_candidates: int | None = None,
    find_starts: FindStarts | None = None,
    iterations: int | None = None,
    budget: TimeBudget | None = None,
    on_phase: Callable[[str, float], None] | None = None,
) -> RefinedWeights:
    """Return the weights of layerings of a score table, with candidates that short chains have found useful.

    Parameters
    ----------
    table : ScoreTable
    seed : int
        Of the chains (`RandomStreams`). Without a time budget the result depends on nothing else.
    num_candidates : int, optional
        As for `LayerWeights.build`.
    find_starts : callable, optional
        Where the chains begin; by default they cool down from random layerings (:mod:`dag_gfn.mcmc.cooling`).
    iterations : int, optional
        Steps of each chain that are planned later: these are shorter then.
    budget : TimeBudget, optional
        Of the whole fit; about a fifth of it is used.
    on_phase : callable, optional
        Called with the name of a phase and the share of it that is done, in [0, 1].

    Raises
    ------
    OptionError, NotTractable
        As `LayerWeights.build`.
    ConstraintError
        If no DAG has support.

    Examples
    --------
    See `RefinedWeights`.
    """
    budget = TimeBudget() if budget is None else budget
    left, required = budget.remaining(), int(popcount(table.constraints.required).max(initial=0))
    size = num_candidates
    if size is None:
        size = table.d - 1 if table.is_complete else default_size(table, affordable_seconds(left))
    if size >= min(table.d - 1, table.possible.size):
        return RefinedWeights(
            LayerWeights.build(
                table, num_candidates=num_candidates, outside=True, seconds=left, on_phase=on_phase
            )
        )
    require_memory(table.d, size)
    first = choose_candidates(
        table,
        min(size, max(_FIRST_SIZE, required)),
        seconds=affordable_seconds(None if left is None else _SEARCHED_SHARE * left),
        on_share=None if on_phase is None else partial(on_phase, "candidate parents"),
    )
    weights = LayerWeights.given(table, first.masks, first.log_odds, first.covered)
    streams = RandomStreams(seed)
    rng = streams.generator("candidates")
    starts = _starts(weights, streams, rng, find_starts, budget)
    for number in range(_ROUNDS + 1):
        if on_phase is not None:
            on_phase("better candidate parents", number / (_ROUNDS + 1))
        chains = _run(weights, streams.sequences(f"candidates {number}", _CHAINS), starts, iterations, budget)
        layer_of = chains.layer_of[:, chains.layer_of.shape[1] // 2 :].reshape(-1, table.d)
        chosen = layer_of[rng.permutation(len(layer_of))[: _affordable(table, budget)]]
        last = number == _ROUNDS - 1  # the only one with as many candidates as are wanted
        if last or (number < _ROUNDS and not budget.is_over()):
            wanted = size if last else None
            # chains that begin at DAGs that searches found by true scores do not depend on candidates to find them
            turned = None if find_starts is not None else needed_where_turned(weights, table, chosen, rng=rng)
            weights = refine(
                weights,
                table,
                chosen,
                size=wanted,
                in_orders=first.in_orders,
                where_turned=turned,
                rng=rng,
            )
        starts = [
            first_with_weight(weights, of_chain[::-1], rng=rng)
            for of_chain in chains.layer_of.astype(np.int64)
        ]
    # by other layerings than those that candidates and odds are fitted to
    corrections = correct_parents(weights, table, chosen, rng=rng).log_correction
    possible = corrections > -np.inf  # others have too many parents
    variance = float(corrections[possible].var()) if possible.mean() > 0.5 else np.inf
    return RefinedWeights(weights, np.stack(starts), variance, first.likely_left_out(weights.candidates))


def _starts(
    weights: LayerWeights,
    streams: RandomStreams,
    rng: np.random.Generator,
    find_starts: FindStarts | None,
    budget: TimeBudget,
) -> Sequence[Int64[np.ndarray, " d"]]:
    """Return where the chains of the first round begin."""
    if find_starts is not None:
        return find_starts(weights, _CHAINS, rng, budget.part(of_left=_SEARCHES_SHARE))
    sources = streams.sequences("cooled candidates", _CHAINS)
    limit = budget.share(_CHAINS_SHARE)
    _, begins = cooled_ladder(weights, sources, iterations=_steps(weights.d, None), time_limit=limit)
    return [of_chain[0] for of_chain in begins]


def _steps(d: int, planned: int | None) -> int:
    """Return the steps of each chain in one round, given those that are planned later."""
    least, most, at_most = _STEPS
    wanted = most * d if planned is None else int(_STEPS_SHARE * planned)
    return max(least * d, min(wanted, most * d, at_most))


def _run(
    weights: LayerWeights,
    sources: Sequence[np.random.SeedSequence],
    starts: Sequence[Int64[np.ndarray, " d"]],
    iterations: int | None,
    budget: TimeBudget,
) -> Chains:
    """Run the chains of one round.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C: there is nothing yet that would be worth keeping.
    """
    limit = budget.share(_CHAINS_SHARE)
    steps = _steps(weights.d, iterations) if limit is None or iterations is not None else 10**18
    chains = run_chains(
        weights, streams=sources, iterations=steps, kept=_KEPT, starts=starts, time_budget=limit
    )
    if chains.interrupted:
        raise KeyboardInterrupt
    return chains


def _affordable(table: ScoreTable, budget: TimeBudget) -> int:
    """Return how many layerings candidates and odds can be chosen by in one round."""
    share = budget.share(_REFINED_SHARE)
    seconds = _REFINED_SECONDS if share is None else share
    return int(
        np.clip(seconds * table.families_per_second / (2 * table.d * table.possible.size), *_LOOKED_AT)
    )
