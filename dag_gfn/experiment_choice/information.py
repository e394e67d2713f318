r"""Expected information: how much the outcomes Y of an experiment are expected to tell about the graph or a question.

.. math::
    I(G; Y) = E_Y \, KL\big(p(G \mid Y) \,\|\, p(G)\big) = E_{G, Y} \log \frac{p(Y \mid G)}{p(Y)}

Outcomes are drawn given graphs that are drawn from the posterior. Where all DAGs are known, p(Y) is their weighted sum,
and the mean of the divergences is unbiased. Where C graphs were drawn, p(Y) is a mean over these: with the graph itself
among them the expectation is a lower bound of the information (at most log C), without it an upper bound.

For a question f, true or false of the graph, p(f | Y) follows from the weights of the graphs given Y. With the graph
itself among the draws its divergence from p(f) is too large, as if the graph were one of C; without it any forecast
q(f | Y) gives a lower bound, :math:`E \log q(f \mid Y) + H(f)`.

References
----------
Foster et al., "Variational Bayesian optimal experimental design", NeurIPS 2019: the two nested bounds, and the bound by
a forecast (Barber and Agakov 2003).
"""

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64

from dag_gfn.experiment_choice.hypotheses import Hypotheses

CHUNK_CELLS = 4_000_000
"""Outcomes times graphs that are worked on at once."""
ROUNDING = 1e-9
"""Differences of information below this are rounding."""
RESAMPLED = 40
"""How often draws of graphs are drawn again from themselves."""
SHARE_ALONE = 0.05
"""Where a larger share of draws is alone in its class, the classes are not all known, and the entropy is larger."""


@dataclass(frozen=True, eq=False)
class Information:
    """An expected information in nats.

    Attributes
    ----------
    samples : ndarray, shape (s,), float64
        What each simulated outcome tells; `value` is the mean.
    lower, upper : float
        Equal to `value` where all DAGs are known; bounds of the expected information elsewhere.
    resampled : ndarray, shape (b,), float64
        The estimate with the draws of graphs drawn again from themselves (bootstrap); empty where all DAGs are known.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.experiment_choice.information import Information
    >>> found = Information(np.array([0.4, 0.6]), 0.5, 0.5)
    >>> found.value, round(found.standard_error, 2)
    (0.5, 0.1)
    """

    samples: Float64[np.ndarray, " s"]
    lower: float
    upper: float
    resampled: Float64[np.ndarray, " b"] = field(default_factory=lambda: np.zeros(0))

    @property
    def value(self) -> float:
        """The estimate."""
        return float(self.samples.mean())

    @property
    def standard_error(self) -> float:
        """The Monte-Carlo standard error of the estimate: of simulated outcomes, and of drawn graphs."""
        return max(self._of_outcomes(), float(self.resampled.std()) if len(self.resampled) else 0.0)

    def exceeds(self, other: "Information", *, by: float | int = 2.0, scale: float = 1.0) -> bool:
        """Return whether the estimate is larger than `scale` times another by more than some standard errors.

        The errors are those of the difference: both come from the same graphs and the same noise.
        """
        difference = self.samples - scale * other.samples
        error = (
            float(difference.std(ddof=1) / math.sqrt(len(difference))) if len(difference) > 1 else math.inf
        )
        if len(self.resampled):
            error = max(error, float((self.resampled - scale * other.resampled).std()))
        return bool(difference.mean() > by * error + ROUNDING)

    def _of_outcomes(self) -> float:
        return (
            float(self.samples.std(ddof=1) / math.sqrt(len(self.samples)))
            if len(self.samples) > 1
            else math.inf
        )


def expected_information(
    family_logs: Float64[np.ndarray, "s f"],
    own: Int64[np.ndarray, " s"],
    hypotheses: Hypotheses,
    truth: Float64[np.ndarray, " k"] | None = None,
    *,
    most: float = math.inf,
) -> Information:
    """Return the expected information about the graph, or about a question.

    Parameters
    ----------
    family_logs : ndarray, shape (s, f), float64
        Of each simulated outcome, the parts of the families in log p(Y | graph).
    own : ndarray, shape (s,), int64
        The graph that each outcome was drawn given.
    hypotheses : Hypotheses
    truth : ndarray, shape (k,), float64, optional
        The probability that the question is true given each graph; 0 or 1 if the graph decides it.
    most : float
        What no experiment of this kind exceeds; the upper bound is at most this.

    Examples
    --------
    Two graphs of equal weight and an outcome that is impossible under the other: one bit, log 2 nats.

    >>> import numpy as np
    >>> from dag_gfn.experiment_choice.hypotheses import Hypotheses
    >>> from dag_gfn.experiment_choice.information import expected_information
    >>> graphs = np.array([[[False, True], [False, False]], [[False, False], [True, False]]])
    >>> known = Hypotheses(graphs, np.array([0.5, 0.5]), None)
    >>> logs = np.array([[0.0, -500.0, 0.0, 0.0], [0.0, 0.0, 0.0, -500.0]])  # families 0|-, 0|1, 1|-, 1|0
    >>> round(expected_information(logs, np.array([0, 1]), known).value, 3)
    0.693
    """
    s, k = len(own), len(hypotheses.weights)
    every, lowers, uppers = np.empty(s), np.empty(s), np.empty(s)
    step = max(1, CHUNK_CELLS // k)
    for start in range(0, s, step):
        part = slice(start, start + step)
        logs = hypotheses.families.of_graphs(family_logs[part])
        logs -= logs.max(axis=1, keepdims=True)
        if truth is None:
            every[part], uppers[part] = _of_graph(logs, own[part], hypotheses)
        else:
            every[part], lowers[part] = _of_question(logs, own[part], hypotheses, truth)
    if hypotheses.num_draws is None:
        return Information(every, float(every.mean()), float(every.mean()))
    if truth is None:
        upper = min(max(float(uppers.mean()), float(every.mean())), max(most, float(every.mean())))
        return Information(every, float(every.mean()), upper, _resampled(family_logs, own, hypotheses, truth))
    lower = max(0.0, min(float(lowers.mean()), float(every.mean())))
    return Information(every, lower, float(every.mean()), _resampled(family_logs, own, hypotheses, truth))


def _resampled(
    family_logs: Float64[np.ndarray, "s f"],
    own: Int64[np.ndarray, " s"],
    hypotheses: Hypotheses,
    truth: Float64[np.ndarray, " k"] | None,
) -> Float64[np.ndarray, " b"]:
    """Return the estimate with the graphs drawn again from themselves: how far it depends on which were drawn."""
    weights, draws = hypotheses.weights, int(hypotheses.num_draws or 1)
    again = (
        np.random.default_rng(0).multinomial(draws, weights / weights.sum(), size=RESAMPLED).T / draws
    )  # (k, b)
    told, of_own = np.zeros(RESAMPLED), np.zeros(RESAMPLED)
    step = max(1, CHUNK_CELLS // len(weights))
    for start in range(0, len(own), step):
        part = slice(start, start + step)
        logs = hypotheses.families.of_graphs(family_logs[part])
        logs -= logs.max(axis=1, keepdims=True)
        likely = np.exp(logs)
        total = np.maximum(likely @ again, 1e-300)
        if truth is None:
            divergence = (likely * logs) @ again / total - np.log(total)
        else:
            before = truth @ again
            after = np.clip(likely @ (again * truth[:, None]) / total, 0.0, 1.0)
            divergence = _part(after, before) + _part(1.0 - after, 1.0 - before)
        share = again[own[part]] / weights[own[part], None]
        told += (share * divergence).sum(axis=0)
        of_own += share.sum(axis=0)
    return told / np.maximum(of_own, 1e-300)


def _of_graph(
    logs: Float64[np.ndarray, "s k"], own: Int64[np.ndarray, " s"], hypotheses: Hypotheses
) -> tuple[Float64[np.ndarray, " s"], Float64[np.ndarray, " s"]]:
    """Return the divergence of the graphs' weights given each outcome, and the log ratio without the own draw."""
    weights, each = hypotheses.weights, np.arange(len(own))
    likely = np.exp(logs)
    joint = likely * weights
    total = joint.sum(axis=1)
    divergence = np.einsum("sk,sk->s", joint, logs) / total - np.log(total)
    if hypotheses.num_draws is None or hypotheses.num_draws < 2:
        return np.maximum(divergence, 0.0), divergence
    draws = hypotheses.num_draws
    others = (draws * total - likely[each, own]) / (draws - 1)
    without = logs[each, own] - np.log(np.maximum(others, np.exp(-700.0)))
    return np.maximum(divergence, 0.0), without


def _of_question(
    logs: Float64[np.ndarray, "s k"],
    own: Int64[np.ndarray, " s"],
    hypotheses: Hypotheses,
    truth: Float64[np.ndarray, " k"],
) -> tuple[Float64[np.ndarray, " s"], Float64[np.ndarray, " s"]]:
    """Return the divergence of p(f | Y) from p(f), and how good the forecast without the own draw is."""
    weights, each = hypotheses.weights, np.arange(len(own))
    joint = np.exp(logs) * weights
    before = float(weights @ truth)
    if not 0.0 < before < 1.0:
        return np.zeros(len(own)), np.zeros(len(own))
    total, true = joint.sum(axis=1), joint @ truth
    after = np.clip(true / total, 0.0, 1.0)
    divergence = _part(after, before) + _part(1.0 - after, 1.0 - before)
    if hypotheses.num_draws is None or hypotheses.num_draws < 2:
        return divergence, divergence
    draws = hypotheses.num_draws
    one = np.exp(logs[each, own]) / draws
    left = np.maximum(total - one, 1e-300)
    forecast = np.clip((true - one * truth[own]) / left, 0.0, 1.0)
    forecast = (forecast * (draws - 1) + before) / draws  # never quite sure
    of_own = truth[own]
    return divergence, of_own * np.log(forecast / before) + (1 - of_own) * np.log(
        (1 - forecast) / (1 - before)
    )


def _part(
    after: Float64[np.ndarray, "*shape"], before: float | Float64[np.ndarray, " b"]
) -> Float64[np.ndarray, "*shape"]:
    """Return p log(p / q), 0 at p = 0."""
    return after * np.log(np.maximum(after, 1e-300) / np.maximum(before, 1e-300))


@dataclass(frozen=True)
class Limit:
    """What any number of rows of an experiment could tell, in nats.

    Attributes
    ----------
    value, standard_error : float
    at_least : bool
        Whether many draws are alone in their class, so that the limit is larger than `value`.

    Examples
    --------
    See `large_sample_limit`.
    """

    value: float
    standard_error: float
    at_least: bool


def large_sample_limit(
    classes: Int64[np.ndarray, " k"],
    weights: Float64[np.ndarray, " k"],
    truth: Float64[np.ndarray, " k"] | None = None,
    *,
    num_draws: float | None = None,
) -> Limit:
    """Return the information in knowing the class of the graph: about the graph, or about a question.

    Parameters
    ----------
    classes : ndarray, shape (k,), int64
        Of `outcome_classes`.
    weights : ndarray, shape (k,), float64
    truth : ndarray, shape (k,), float64, optional
        As in `expected_information`.
    num_draws : float, optional
        How many independent draws the graphs are worth.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.experiment_choice.information import large_sample_limit
    >>> weights = np.array([0.25, 0.25, 0.5])
    >>> round(large_sample_limit(np.array([0, 0, 1]), weights).value, 3)  # two classes of equal probability
    0.693
    >>> round(large_sample_limit(np.array([0, 0, 1]), weights, np.array([1.0, 0.0, 1.0])).value, 3)
    0.216
    """
    mass = np.bincount(classes, weights=weights)
    if truth is None:
        surprise = -np.log(np.maximum(mass, 1e-300))
        value, of_each = float(mass @ surprise), surprise[classes]
    else:
        before = float(np.clip(weights @ truth, 0.0, 1.0))
        share = np.clip(np.bincount(classes, weights=weights * truth) / np.maximum(mass, 1e-300), 0.0, 1.0)
        gain = np.zeros(len(mass))
        if 0.0 < before < 1.0:
            gain = _part(share, before) + _part(1.0 - share, 1.0 - before)
        value, of_each = float(mass @ gain), gain[classes]
    if num_draws is None:
        return Limit(max(value, 0.0), 0.0, False)
    variance = max(float(weights @ (of_each - value) ** 2), 0.0)
    alone = mass[mass * num_draws <= 1.5].sum()
    return Limit(max(value, 0.0), math.sqrt(variance / max(num_draws, 1.0)), bool(alone > SHARE_ALONE))
