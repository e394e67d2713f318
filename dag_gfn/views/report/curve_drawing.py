"""Dose-response curves of the report: their numbers, and the strongest as SVG shapes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dag_gfn import effects
from dag_gfn.effects.simulated_settings import additive_parameters
from dag_gfn.posterior import GraphPosterior

CURVE_DRAWS = 200
NUM_VALUES = 9
"""Values that the cause is set to."""
MAX_DRAWN = 6
"""Curves that are drawn for those who do not choose."""
WIDTH, HEIGHT = 300.0, 150.0
SEED = 0


def groups_of(posterior: GraphPosterior) -> set[int]:
    """Return the nodes that are groups of columns, of which no curve is told.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.views.report.curve_drawing import groups_of
    >>> data = np.random.default_rng(0).normal(size=(60, 2))
    >>> groups_of(dag_gfn.fit(data, score="additive", progress=False))
    set()
    """
    columns = additive_parameters(posterior).columns
    return {node for node in range(posterior.d) if columns.kind(node) == "group"}


def curve_tables(
    posterior: GraphPosterior, pairs: list[tuple[int, int]]
) -> dict[tuple[int, int], dict[str, Any]]:
    """Return the curves between numbers, as JSON holds them.

    Parameters
    ----------
    posterior : GraphPosterior
        Of the score ``additive``.
    pairs : list of (int, int)
        Source and target; those with a category or a group are left out.

    Returns
    -------
    dict
        For each pair `x`, `mean`, `low` and `high`: values of the source, and the mean of the target there with its
        90 % band; `size`, the range of the mean in standard deviations of the target, as its quantiles tell them.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.views.report.curve_drawing import curve_tables
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> rows = np.column_stack([x[:, 0], x[:, 0] ** 2 + 0.3 * x[:, 1]])
    >>> posterior = dag_gfn.fit(rows, score="additive", required=[("x0", "x1")], progress=False)
    >>> round(curve_tables(posterior, [(0, 1)])[0, 1]["size"], 1) > 1
    True
    """
    parameters, names = additive_parameters(posterior), posterior.names
    numbers = [
        (i, j)
        for i, j in pairs
        if parameters.margins[i] is not None and parameters.columns.kind(j) == "number"
    ]
    found: dict[tuple[int, int], dict[str, Any]] = {}
    if not numbers:
        return found
    curves = effects.dose_responses(
        posterior,
        [(names[i], names[j]) for i, j in numbers],
        num_values=NUM_VALUES,
        num_draws=CURVE_DRAWS,
        rng=SEED,
    )
    for (i, j), curve in zip(numbers, curves, strict=True):
        low, high = curve.band()
        margin = parameters.margins[j]
        spread = 1.0 if margin is None else (margin.at_share(0.8413) - margin.at_share(0.1587)) / 2.0
        found[i, j] = {
            "x": _short(curve.values),
            "mean": _short(curve.mean[:, 0]),
            "low": _short(low[:, 0]),
            "high": _short(high[:, 0]),
            "size": float(f"{np.ptp(curve.mean[:, 0]) / max(spread, 1e-300):.3g}"),
        }
    return found


@dataclass(frozen=True)
class CurveDrawing:
    """A curve with its band in a box of `WIDTH` by `HEIGHT`.

    Attributes
    ----------
    source, target : int
    zero : float
        Probability of no effect.
    size : float
        Range of the mean in standard deviations of the target.
    line, band : str
        Corners of a polyline and of a polygon, as SVG writes them.
    left, right, bottom, top : str
        The ends of both scales.

    Examples
    --------
    >>> from dag_gfn.views.report.curve_drawing import CurveDrawing
    >>> curve = {"x": [0, 1, 2], "mean": [1, 0, 1], "low": [0.5, -0.5, 0.5], "high": [1.5, 0.5, 1.5], "size": 2.0}
    >>> CurveDrawing.of(0, 1, {"zero": 0.25, "curve": curve}).line
    '0.0,37.5 150.0,112.5 300.0,37.5'
    """

    source: int
    target: int
    zero: float
    size: float
    line: str
    band: str
    left: str
    right: str
    bottom: str
    top: str

    @classmethod
    def of(cls, source: int, target: int, pair: dict[str, Any]) -> "CurveDrawing":
        """Return the drawing of the effect of one variable on another."""
        curve = pair["curve"]
        x, mean, below, above = (np.array(curve[name], dtype=float) for name in ("x", "mean", "low", "high"))
        low, high = below.min(), above.max()
        across = (x - x[0]) / max(x[-1] - x[0], 1e-300) * WIDTH

        def corners(at: np.ndarray, values: np.ndarray) -> str:
            down = (high - values) / max(high - low, 1e-300) * HEIGHT
            return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(at, down, strict=True))

        return cls(
            source=source,
            target=target,
            zero=pair["zero"],
            size=curve["size"],
            line=corners(across, mean),
            band=corners(np.concatenate([across, across[::-1]]), np.concatenate([above, below[::-1]])),
            left=f"{x[0]:.3g}",
            right=f"{x[-1]:.3g}",
            bottom=f"{low:.3g}",
            top=f"{high:.3g}",
        )


def strongest_curves(effect: dict[str, Any]) -> list[CurveDrawing]:
    """Return the drawings of the strongest curves among effects, by the range of the mean in standard deviations.

    Examples
    --------
    >>> from dag_gfn.views.report.curve_drawing import strongest_curves
    >>> curve = {"x": [0, 1], "mean": [1, 0], "low": [0.5, -0.5], "high": [1.5, 0.5], "size": 2.0}
    >>> pairs = [[None, {"zero": 0.1, "curve": curve}], [{"zero": 0.9}, None]]
    >>> [(found.source, found.target) for found in strongest_curves({"pairs": pairs})]
    [(0, 1)]
    """
    known = [
        (pair["curve"]["size"], i, j, pair)
        for i, row in enumerate(effect.get("pairs", []))
        for j, pair in enumerate(row)
        if pair is not None and "curve" in pair
    ]
    known.sort(key=lambda at: -at[0])
    return [CurveDrawing.of(i, j, pair) for _, i, j, pair in known[:MAX_DRAWN]]


def _short(numbers: np.ndarray) -> list[float]:
    """Return four significant digits of each: more would only make the file larger."""
    return [float(f"{number:.4g}") for number in numbers]
