"""Contrasts: the two settings of a cause that an effect compares, for numbers, categories and groups of columns."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from dag_gfn.effects.column_positions import node_index
from dag_gfn.errors import OptionError
from dag_gfn.parameters.block_gaussian import BlockGaussianParameters
from dag_gfn.parameters.node_columns import NodeColumns


class Contrast(NamedTuple):
    """A change of a cause: from one setting to another.

    Attributes
    ----------
    column : str
        The column of the table that is set.
    from_, to : str
        The settings: levels of a category; ``""`` and the step for a number.
    step : ndarray, shape (w,), float64
        The change of the node's design columns.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.contrasts import Contrast
    >>> str(Contrast("treatment", "control", "drug", np.array([2.0])))
    'treatment = drug instead of control'
    >>> str(Contrast("dose", "", "one unit higher", np.array([0.5])))
    'dose one unit higher'
    """

    column: str
    from_: str
    to: str
    step: Float64[np.ndarray, " w"]

    def __str__(self) -> str:
        """Return the change in words."""
        return (
            f"{self.column} = {self.to} instead of {self.from_}" if self.from_ else f"{self.column} {self.to}"
        )


class Setting(NamedTuple):
    """A point that a cause is set to.

    Attributes
    ----------
    name : str
        A level, or a number's value in words.
    point : ndarray, shape (w,), float64
        The node's design columns there.

    Examples
    --------
    >>> import numpy as np
    >>> from dag_gfn.effects.contrasts import Setting
    >>> Setting("drug", np.array([1.0])).name
    'drug'
    """

    name: str
    point: Float64[np.ndarray, " w"]


def contrasts(
    parameters: BlockGaussianParameters,
    node: int,
    *,
    reference: str | None = None,
    with_spread: bool = False,
    unit: str = "unit",
) -> list[Contrast]:
    """Return the contrasts of a cause.

    A number is set one unit higher. Each level of a category is compared with a reference level. Of a group each
    column is changed alone, its other columns held.

    Parameters
    ----------
    parameters : BlockGaussianParameters
    node : int
    reference : str, optional
        The level that others are compared with; the most frequent one, the first of equals, by default.
    with_spread : bool
        Whether a number is also set one standard deviation higher.
    unit : str
        What numbers are measured in.

    Raises
    ------
    OptionError
        If there is no such level, or the columns of a group follow from each other.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import dag_gfn
    >>> from dag_gfn.effects.contrasts import contrasts
    >>> from dag_gfn.parameters import parameter_posterior
    >>> job = np.tile(["cook", "nurse", "pilot", "nurse"], 10)
    >>> table = pd.DataFrame({"job": job, "age": np.random.default_rng(0).normal(40.0, 9.0, size=40)})
    >>> parameters = parameter_posterior(dag_gfn.fit(table, progress=False))
    >>> [str(contrast) for contrast in contrasts(parameters, 0)]
    ['job = cook instead of nurse', 'job = pilot instead of nurse']
    >>> [str(contrast) for contrast in contrasts(parameters, 1)]
    ['age one unit higher']
    """
    columns = parameters.columns
    if not columns.has_full_rank(node):
        raise OptionError(
            f"the columns of '{columns.nodes[node]}' follow from each other, so that none can be set while the others "
            "stay: leave one out of the group"
        )
    by_column: dict[str, list[int]] = {}
    for f in columns.features_of(node).tolist():
        by_column.setdefault(columns.features[f].column, []).append(f)
    _check_reference(columns, by_column, reference)
    origin = columns.point(node, {})
    found = []
    for column, features in by_column.items():
        if columns.features[features[0]].level is None:
            (f,) = features
            step = columns.point(node, {f: 1.0 / columns.scales[f]}) - origin
            found.append(Contrast(column, "", f"one {unit} higher", step))
            if with_spread:
                spread = _spread(parameters, node, f)
                text = f"one standard deviation ({spread:.3g}) higher"
                found.append(Contrast(column, "", text, step * spread))
            continue
        base = _reference(columns, features, reference)
        for f in features:
            if f != base:
                step = columns.point(node, {f: 1.0}) - columns.point(node, {base: 1.0})
                found.append(
                    Contrast(column, str(columns.features[base].level), str(columns.features[f].level), step)
                )
    return found


def settings(parameters: BlockGaussianParameters, node: int) -> list[Setting]:
    """Return where the expected outcomes of a cause are looked at: its levels, or a number's usual range.

    The usual range of a number is two standard deviations to either side of its mean. A group has none.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import dag_gfn
    >>> from dag_gfn.effects.contrasts import settings
    >>> from dag_gfn.parameters import parameter_posterior
    >>> table = pd.DataFrame({"job": np.tile(["cook", "nurse"], 20), "age": np.tile([26.0, 42.0, 38.0, 54.0], 10)})
    >>> parameters = parameter_posterior(dag_gfn.fit(table, progress=False))
    >>> [setting.name for setting in settings(parameters, 0)], [setting.name for setting in settings(parameters, 1)]
    (['cook', 'nurse'], ['20', '60'])
    """
    columns = parameters.columns
    own = columns.features_of(node).tolist()
    kind = columns.kind(node)
    if kind == "category":
        return [Setting(str(columns.features[f].level), columns.point(node, {f: 1.0})) for f in own]
    if kind == "group":
        return []
    (f,), spread = own, _spread(parameters, node, own[0])
    mean = (
        columns.offsets[f]
        + columns.scales[f] * parameters.centres[_line(parameters, node), columns.starts[node]]
    )
    found = []
    for value in (mean - 2.0 * spread, mean + 2.0 * spread):
        scored = (value - columns.offsets[f]) / columns.scales[f]
        found.append(Setting(f"{value:.4g}", columns.point(node, {f: scored})))
    return found


def _line(parameters: BlockGaussianParameters, node: int) -> int:
    return node if len(parameters.matrices) > 1 else 0


def _spread(parameters: BlockGaussianParameters, node: int, feature: int) -> float:
    """Return the standard deviation of a number, in its own units."""
    columns = parameters.columns
    block = columns.design_columns(node)
    return float(
        np.linalg.norm(parameters.spreads[block] * columns.feature_map[block, feature])
        * columns.scales[feature]
    )


def _reference(columns: NodeColumns, features: list[int], reference: str | None) -> int:
    """Return the feature of the reference level."""
    for f in features:
        if columns.features[f].level == reference:
            return f
    shares = columns.feature_means[features]
    return features[int(np.flatnonzero(shares >= shares.max() - 1e-12)[0])]


def _check_reference(columns: NodeColumns, by_column: dict[str, list[int]], reference: str | None) -> None:
    if reference is None:
        return
    levels = [
        str(columns.features[f].level)
        for features in by_column.values()
        for f in features
        if columns.features[f].level is not None
    ]
    if not levels:
        raise OptionError(
            f"'{next(iter(by_column))}' is a number, which is set one unit higher: leave the reference level out"
        )
    node_index(levels, reference, what="level")
