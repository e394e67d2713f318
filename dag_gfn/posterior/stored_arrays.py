"""The arrays of posterior.npz: their headers are checked before any array is read, and their values afterwards."""

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np

from dag_gfn.errors import shortened
from dag_gfn.posterior.features import FEATURES
from dag_gfn.posterior.marginal import Source
from dag_gfn.posterior.table_statistics import PER_TABLE

MAX_EXPANSION = 20
"""Largest ratio of the arrays' size to that of the file, which other programs may have compressed."""
_SMALL = 1 << 24
_LARGEST_MEAN = 1e150
_MAX_HEADER = 10_000


class _Header(NamedTuple):
    shape: tuple[int, ...]
    dtype: np.dtype


class _Array(NamedTuple):
    """The expected kind of an array's numbers, and its possible shapes; each letter stands for a size."""

    kind: str
    shapes: tuple[str, ...]


_KINDS = {
    "float64": ("f", 8),
    "int64": ("i", 8),
    "numbers of rows": ("if", 8),  # weights need not be whole
    "uint8": ("u", 1),
    "text": ("U", None),
}
_ARRAYS = {
    "graphs": _Array("uint8", ("m b",)),
    "log_weights": _Array("float64", ("m",)),
    "log_scores": _Array("float64", ("m",)),
}
_BEST = {
    "best_graphs": _Array("uint8", ("g b",)),
    "best_log_scores": _Array("float64", ("g",)),
}
"""The most probable graphs that a search found, where there was one: both or neither."""
_STATISTICS = {
    "num_rows": _Array("numbers of rows", ("d",)),
    "means": _Array("float64", ("d",)),
    "scales": _Array("float64", ("d",)),
    "table_log_weights": _Array("float64", ("t",)),
    "table_log_evidence": _Array("float64", ("t",)),
    "pair_graphs": _Array("uint8", ("p b",)),
    "pair_tables": _Array("int64", ("p",)),
    "pair_log_weights": _Array("float64", ("p",)),
    "column_means": _Array("float64", ("d", "d d")),
    "scatter": _Array("float64", ("d d", "d d d")),
    "rows": _Array("int64", ("u d",)),
    "counts": _Array("numbers of rows", ("u", "d u")),
    "cardinalities": _Array("int64", ("d",)),
    "states": _Array("text", ("d r",)),
    "block_widths": _Array("int64", ("d",)),
    "block_means": _Array("float64", ("D", "d D")),
    "block_scatter": _Array("float64", ("D D", "d D D")),
    "feature_nodes": _Array("int64", ("F",)),
    "feature_columns": _Array("int64", ("F",)),
    "feature_levels": _Array("int64", ("F",)),
    "feature_means": _Array("float64", ("F",)),
    "whitening": _Array("float64", ("F D",)),
    "feature_map": _Array("float64", ("D F",)),
    "table_columns": _Array("text", ("c",)),
    "table_means": _Array("float64", ("c",)),
    "table_scales": _Array("float64", ("c",)),
    "table_cardinalities": _Array("int64", ("c",)),
    "table_states": _Array("text", ("c q",)),
    "curve_sizes": _Array("int64", ("d",)),
    "curve_knots": _Array("float64", ("d N",)),
    "curve_coefficients": _Array("float64", ("d M K",)),
    "curve_slope": _Array("float64", ("d K",)),
    "curve_offset": _Array("float64", ("d K",)),
    "curve_roughness": _Array("float64", ("d K",)),
    "curve_means": _Array("float64", ("E", "d E")),
    "curve_scatter": _Array("float64", ("E E", "d E E")),
    "own_centers": _Array("float64", ("d",)),
    "own_scales": _Array("float64", ("d",)),
    "own_means": _Array("float64", ("d",)),
    "own_scatter": _Array("float64", ("d",)),
    "own_products": _Array("float64", ("d E",)),
    "own_log_jacobian": _Array("float64", ("d",)),
    "quantile_counts": _Array("int64", ("c",)),
    "quantile_shares": _Array("float64", ("c Q",)),
    "quantile_scored": _Array("float64", ("c Q",)),
    "quantile_own": _Array("float64", ("c Q",)),
}
"""Statistics that effects and parameters are computed from; a file may contain others."""


def read_arrays(path: Path, d: int) -> dict[str, np.ndarray]:
    """Return the arrays of a posterior of d variables, in the byte order of this machine.

    Sizes are compared with the file's, and shapes with each other, before anything is unpacked. Arrays with unknown
    names are read if they hold plain numbers or text.

    Raises
    ------
    ValueError, OSError, zipfile.BadZipFile
        If an array is missing or not as expected; the message says which one and why.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from dag_gfn.posterior.stored_arrays import read_arrays
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "posterior.npz"
    ...     graphs = np.array([[0], [64]], dtype=np.uint8)  # d * d bits of each graph: none, and 0 -> 1
    ...     np.savez(path, graphs=graphs, log_weights=np.log([0.5, 0.5]), log_scores=np.zeros(2))
    ...     sorted(read_arrays(path, d=2))
    ['graphs', 'log_scores', 'log_weights']
    """
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        headers = _headers(archive, path.stat().st_size)
        _check_headers(headers, d)
        arrays = {}
        for name, header in headers.items():
            with archive.open(f"{name}.npy") as member:
                array = np.lib.format.read_array(member, allow_pickle=False)
            arrays[name] = array.astype(header.dtype.newbyteorder("="), order="C", copy=False)
    _check_values(arrays, d)
    return arrays


def _headers(archive: zipfile.ZipFile, file_size: int) -> dict[str, _Header]:
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    if total > max(_SMALL, MAX_EXPANSION * file_size):
        raise ValueError(f"it would unpack to {total:,} bytes from {file_size:,}, which no posterior does")
    headers: dict[str, _Header] = {}
    for member in members:
        name = member.filename.removesuffix(".npy")
        if name == member.filename or name in headers:
            raise ValueError(f"'{shortened(member.filename)}' is no array, or there twice")
        with archive.open(member) as content:
            try:
                headers[name] = _header(content, member.file_size)
            except Exception as error:  # any kind, because NumPy evaluates the text of the header
                if isinstance(error, zipfile.BadZipFile):
                    raise
                raise ValueError(f"array '{shortened(name)}': {error}") from error
    return headers


def _header(content: Any, size: int) -> _Header:
    version = np.lib.format.read_magic(content)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"its format {version} is not known")
    shape, _, dtype = read(content, max_header_size=_MAX_HEADER)
    if dtype.hasobject or dtype.names is not None:
        raise ValueError("it holds Python objects or records, not plain numbers")
    if any(length < 0 for length in shape):
        raise ValueError(f"its shape {shape} is impossible")
    if content.tell() + math.prod(shape) * dtype.itemsize != size:
        raise ValueError(f"its shape {shape} does not go with the {size:,} bytes it takes")
    return _Header(shape, dtype)


# --- expected headers and values ---


def _check_headers(headers: Mapping[str, _Header], d: int) -> None:
    expected = dict(_ARRAYS)
    for name in _ARRAYS:
        if name not in headers:
            raise ValueError(f"array '{name}' is missing")
    if len(_BEST.keys() & headers.keys()) == 1:
        raise ValueError("arrays 'best_graphs' and 'best_log_scores' should both be there, or neither")
    statistics = dict(_STATISTICS)
    if "statistics/table_log_weights" in headers:
        for name in PER_TABLE:
            kind, shapes = statistics[name]
            statistics[name] = _Array(kind, tuple(f"t {shape}" for shape in shapes))
    expected |= _BEST | {f"statistics/{name}": array for name, array in statistics.items()}
    for name in headers:
        parts = name.split("/")
        if parts[0] != "marginals":
            continue
        if len(parts) != 3 or parts[2] not in ("values", "source", "standard_error"):
            raise ValueError(f"array '{shortened(name)}' is of no part of a marginal")
        if not {f"marginals/{parts[1]}/values", f"marginals/{parts[1]}/source"} <= headers.keys():
            raise ValueError(f"the marginal '{shortened(parts[1])}' has no values or no source")
        pairs, sets = parts[1] in FEATURES, parts[1] == "parent_sets"
        shapes = (
            ("d d",) if pairs else ("d s",) if sets else (_letters(headers[f"marginals/{parts[1]}/values"]),)
        )
        expected[name] = _Array("text", ("",)) if parts[2] == "source" else _Array("float64", shapes)
    sizes = {"d": d, "b": (d * d + 7) // 8, "s": 1 << max(d - 1, 0)}
    for name, array in expected.items():
        if name in headers:
            _check_header(name, headers[name], array, sizes)


def _letters(header: _Header) -> str:
    """Return a shape as text, in the form of `_Array.shapes`."""
    return " ".join(map(str, header.shape))


def _check_header(name: str, header: _Header, expected: _Array, sizes: dict[str, int]) -> None:
    kind, itemsize = _KINDS[expected.kind]
    if header.dtype.kind not in kind or itemsize not in (None, header.dtype.itemsize):
        raise ValueError(f"array '{shortened(name)}' should hold {expected.kind}, not {header.dtype.name}")
    for shape in expected.shapes:
        letters = shape.split()
        wanted = [int(x) if x.isdigit() else sizes.get(x) for x in letters]
        if len(wanted) == len(header.shape) and all(
            w in (None, found) for w, found in zip(wanted, header.shape, strict=True)
        ):
            sizes.update(zip(letters, header.shape, strict=True))
            return
    shapes = " or ".join(
        f"({', '.join(str(sizes.get(x, x)) for x in shape.split())})" for shape in expected.shapes
    )
    raise ValueError(f"array '{shortened(name)}' should have shape {shapes}, not {header.shape}")


def _check_values(arrays: Mapping[str, np.ndarray], d: int) -> None:
    """Raise if values are impossible; `GraphPosterior` itself checks graphs and weights."""

    def require(name: str, holds: Any, what: str) -> None:
        if not np.all(holds):
            raise ValueError(f"array '{shortened(name)}' should hold {what}")

    unused = -(d * d) % 8  # bits of the last byte that stand for no edge
    for name in ("graphs", "best_graphs"):
        graphs = np.ascontiguousarray(arrays.get(name, np.zeros((0, 1), dtype=np.uint8)))
        require(name, (graphs[:, -1:] & ((1 << unused) - 1)) == 0, "no bits beyond the d * d of each graph")
        if graphs.size and len(np.unique(graphs.view(f"V{graphs.shape[1]}"))) < len(graphs):
            raise ValueError(f"array '{name}' should hold different graphs")
    best = arrays.get("best_log_scores", np.zeros(0))
    require("best_log_scores", np.isfinite(best), "finite numbers")
    require("best_log_scores", np.diff(best) <= 0, "numbers that do not rise")
    require("log_scores", ~np.isinf(arrays["log_scores"]), "numbers that are not infinite")
    for name, array in arrays.items():
        if name.startswith("marginals/") and name.endswith("/source"):
            require(name, str(array) in get_args(Source), f"one of {', '.join(get_args(Source))}")
        elif name.startswith("marginals/") and name.endswith("/standard_error"):
            require(name, ~(array < 0), "numbers that are not negative")
        elif name.startswith("statistics/") and array.dtype.kind == "f":
            require(name, np.isfinite(array), "finite numbers")
    edge = arrays.get("marginals/edge/values")
    if edge is not None:
        require(
            "marginals/edge/values",
            edge + edge.T <= 1 + 1e-6,
            "two directions of an edge that exclude each other",
        )
    _check_statistics(
        {name.removeprefix("statistics/"): a for name, a in arrays.items() if name.startswith("statistics/")},
        require,
    )


def _check_statistics(statistics: Mapping[str, np.ndarray], require: Any) -> None:
    if "table_log_weights" in statistics:
        _check_tables(statistics, require)
        return
    for means, scatter in (
        ("column_means", "scatter"),
        ("block_means", "block_scatter"),
        ("curve_means", "curve_scatter"),
    ):
        if {scatter, means} <= statistics.keys():
            per_node = statistics[scatter].ndim == 3
            require(
                f"statistics/{means}", (statistics[means].ndim == 2) == per_node, "a mean for each scatter"
            )
        if means in statistics:
            small = np.abs(statistics[means]) < _LARGEST_MEAN
            require(f"statistics/{means}", small, "numbers whose squares are finite")
        if scatter in statistics:
            _check_scatter(f"statistics/{scatter}", statistics[scatter], require)
    for name in ("num_rows", "counts"):
        if name in statistics:
            require(f"statistics/{name}", statistics[name] >= 0, "numbers of rows")
    for name in ("scales", "table_scales", "own_scales"):
        if name in statistics:
            require(f"statistics/{name}", statistics[name] > 0, "positive numbers")
    _check_blocks(statistics, require)
    _check_curves(statistics, require)
    for numbers, labels in (("cardinalities", "states"), ("table_cardinalities", "table_states")):
        if {numbers, labels} <= statistics.keys():
            texts = statistics[labels]
            "".join(texts.ravel().tolist()).encode()  # raises where a character cannot be written
            require(
                f"statistics/{numbers}",
                statistics[numbers] <= texts.shape[1],
                "as many states as there are labels",
            )
    if "cardinalities" in statistics:
        r = statistics["cardinalities"]
        require("statistics/cardinalities", r >= 1, "numbers of states")
        if "rows" in statistics:
            codes = statistics["rows"]
            require("statistics/rows", (codes >= 0) & (codes < r), "codes of states")


def _check_tables(statistics: Mapping[str, np.ndarray], require: Any) -> None:
    """Raise if the statistics of completed tables are impossible, together or table by table."""
    log_weights = statistics["table_log_weights"]
    require(
        "statistics/table_log_weights",
        len(log_weights) > 0 and abs(np.exp(log_weights).sum() - 1.0) < 1e-6,
        "the logarithms of weights that sum to 1",
    )
    if "pair_tables" in statistics:
        tables = statistics["pair_tables"]
        require("statistics/pair_tables", (tables >= 0) & (tables < len(log_weights)), "numbers of tables")
    shared = {
        name: array
        for name, array in statistics.items()
        if name not in PER_TABLE and name != "table_log_weights"
    }
    differ = [name for name in PER_TABLE if name in statistics]
    for table in range(len(log_weights)):
        _check_statistics(shared | {name: statistics[name][table] for name in differ}, require)


def _check_scatter(name: str, scatter: np.ndarray, require: Any) -> None:
    largest = np.abs(scatter).max(initial=0.0)
    symmetric = np.abs(scatter - np.swapaxes(scatter, -1, -2)) <= 1e-9 * largest
    require(name, symmetric, "a symmetric matrix")
    smallest = np.linalg.eigvalsh(scatter / max(largest, 1e-300)).min(initial=0.0)
    require(name, smallest >= -1e-9, "sums of squares and products")


def _check_curves(statistics: Mapping[str, np.ndarray], require: Any) -> None:
    """Raise if curves or quantiles are impossible."""
    if {"curve_sizes", "block_widths", "curve_scatter", "curve_slope", "curve_knots"} <= statistics.keys():
        sizes, total = statistics["curve_sizes"], statistics["curve_scatter"].shape[-1]
        fit = (sizes >= 0) & (sizes <= statistics["curve_slope"].shape[1])
        require("statistics/curve_sizes", fit, "numbers of curves")
        add_up = (sizes + statistics["block_widths"]).sum() == total
        require(
            "statistics/curve_sizes", add_up, f"numbers of curves that make {total} columns with the lines"
        )
        rise = np.diff(statistics["curve_knots"][sizes > 0], axis=1) > 0
        require("statistics/curve_knots", rise, "numbers that rise")
    if {"quantile_counts", "quantile_own", "quantile_scored", "quantile_shares"} <= statistics.keys():
        counts = statistics["quantile_counts"]
        within = (counts >= 0) & (counts <= statistics["quantile_own"].shape[1])
        require("statistics/quantile_counts", within, "numbers of quantiles")
        for name in ("quantile_shares", "quantile_scored", "quantile_own"):
            for count, line in zip(counts.tolist(), statistics[name], strict=True):
                require(f"statistics/{name}", np.diff(line[:count]) > 0, "numbers that rise")


def _check_blocks(statistics: Mapping[str, np.ndarray], require: Any) -> None:
    """Raise if the nodes, columns or levels of blocks are impossible."""
    if "block_widths" in statistics:
        widths = statistics["block_widths"]
        require("statistics/block_widths", widths >= 1, "numbers of columns")
        if "block_scatter" in statistics:
            total = statistics["block_scatter"].shape[-1]
            require(
                "statistics/block_widths", widths.sum() == total, f"numbers of columns that add up to {total}"
            )
        if "feature_nodes" in statistics:
            nodes = statistics["feature_nodes"]
            require("statistics/feature_nodes", (nodes >= 0) & (nodes < len(widths)), "numbers of nodes")
    if {"feature_columns", "feature_levels", "table_cardinalities"} <= statistics.keys():
        columns, states = statistics["feature_columns"], statistics["table_cardinalities"]
        require("statistics/table_cardinalities", states >= 0, "numbers of states")
        require("statistics/feature_columns", (columns >= 0) & (columns < len(states)), "numbers of columns")
        levels = statistics["feature_levels"]
        require(
            "statistics/feature_levels",
            (levels >= -1) & (levels < states[columns].clip(0)),
            "codes of states, or -1",
        )
