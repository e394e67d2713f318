"""Named data sets: measured tables, and samples of published Bayesian networks; nothing is downloaded."""

import difflib
import gzip
import importlib.util
import re
from pathlib import Path

import numpy as np

from dag_gfn.data.column_selection import MAX_COLUMNS
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.discrete_simulator import DiscreteSimulator
from dag_gfn.data.reading import from_frame
from dag_gfn.errors import DataError
from dag_gfn.quiet_import import quiet_import

# Measured tables in scikit-learn.
TABLES = ("breast_cancer", "diabetes", "iris", "wine")
# Networks of at most 256 variables in pgmpy.
NETWORKS = (
    "alarm",
    "andes",
    "asia",
    "barley",
    "cancer",
    "child",
    "earthquake",
    "hailfinder",
    "hepar2",
    "insurance",
    "mildew",
    "munin1",
    "pathfinder",
    "sachs",
    "survey",
    "water",
    "win95pts",
)
# Networks that share their name with a measured table, by the name that they have here.
NETWORK_FILES = {"diabetes_network": "diabetes"}


def example_names() -> tuple[str, ...]:
    """Return the names that `load_example` accepts.

    Examples
    --------
    >>> import dag_gfn
    >>> dag_gfn.example_names()[:4]
    ('alarm', 'andes', 'asia', 'barley')
    """
    return tuple(sorted(TABLES + NETWORKS))


def load_example(name: str, *, num_samples: int = 1000, seed: int = 0) -> Dataset:
    """Return a measured table, or a sample of a published network together with its true graph.

    Parameters
    ----------
    name : str
        One of `example_names()`.
    num_samples, seed : int
        Size and seed of the sample of a network; a measured table ignores them. A variable has all states of the
        network, even if one does not occur in the sample.

    Raises
    ------
    DataError
        If no example has this name, or the network has more than 256 variables.

    Examples
    --------
    >>> import dag_gfn
    >>> data = dag_gfn.load_example("iris")
    >>> data.n, data.names
    (150, ('sepal length (cm)', 'sepal width (cm)', 'petal length (cm)', 'petal width (cm)'))
    """
    if name in TABLES:
        return _load_table(name)
    path = _network_directory() / f"{NETWORK_FILES.get(name, name)}.bif.gz"
    if path not in _network_directory().glob("*.bif.gz"):
        near = difflib.get_close_matches(name, example_names(), n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise DataError(f"no example is called '{name}'{hint}: choose one of {', '.join(example_names())}.")
    network = read_bif(gzip.decompress(path.read_bytes()).decode(), name=name)
    return network.sample(num_samples, rng=np.random.default_rng(seed))


def read_bif(text: str, *, name: str) -> DiscreteSimulator:
    """Return the network in a text in the Bayesian Interchange Format (BIF).

    Parameters
    ----------
    text : str
    name : str
        Name of the network in errors.

    Raises
    ------
    DataError
        If the network has more than 256 variables.

    Examples
    --------
    >>> from dag_gfn.data.examples import read_bif
    >>> text = '''network tiny { }
    ... variable rain {
    ...   type discrete [ 2 ] { no, yes };
    ... }
    ... probability ( rain ) {
    ...   table 0.9, 0.1;
    ... }
    ... '''
    >>> network = read_bif(text, name="tiny")
    >>> network.names, network.states, network.tables[0].tolist()
    (('rain',), (('no', 'yes'),), [0.9, 0.1])
    """
    # The number of variables is checked first, because the parser takes seconds.
    num_variables = len(re.findall(r"^\s*variable\s", text, re.MULTILINE))
    if num_variables > MAX_COLUMNS:
        raise DataError(
            f"the network '{name}' has {num_variables} variables, at most {MAX_COLUMNS} are possible: "
            f"choose one of {', '.join(NETWORKS)}."
        )
    reader = quiet_import("pgmpy.readwrite")  # its imports emit deprecation warnings
    network = reader.BIFReader(string=text)
    names = tuple(network.variable_names)
    adjacency = np.zeros((len(names), len(names)), dtype=bool)
    tables = []
    for node, variable in enumerate(names):
        parents = [names.index(parent) for parent in network.variable_parents[variable]]
        adjacency[parents, node] = True
        cardinalities = [len(network.variable_states[names[i]]) for i in parents]
        table = np.asarray(network.variable_cpds[variable], dtype=np.float64)
        table = table.T.reshape(*cardinalities, -1)
        # A file may list parents in any order; the axes are in the order of the nodes.
        table = table.transpose(*np.argsort(parents), len(parents))
        tables.append(table / table.sum(axis=-1, keepdims=True))  # the probabilities in the file are rounded
    return DiscreteSimulator(
        adjacency=adjacency,
        tables=tuple(tables),
        states=tuple(tuple(network.variable_states[variable]) for variable in names),
        names=names,
    )


def _load_table(name: str) -> Dataset:
    datasets = quiet_import("sklearn.datasets")  # its imports emit deprecation warnings
    return from_frame(getattr(datasets, f"load_{name}")(as_frame=True).data)


def _network_directory() -> Path:
    """Return the folder of pgmpy's networks without importing pgmpy, which takes seconds."""
    spec = importlib.util.find_spec("pgmpy")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("examples of published networks need the package pgmpy: pip install pgmpy")
    return Path(spec.origin).parent / "utils" / "example_models"
