"""Named data sets that need no network: measured tables, and samples of published Bayesian networks."""

import difflib
import gzip
import importlib.util
import re
from pathlib import Path

import numpy as np

from dag_gfn.data.dataset import Dataset
from dag_gfn.data.discrete import DiscreteNetwork
from dag_gfn.data.reading import from_frame
from dag_gfn.data.selection import MAX_COLUMNS
from dag_gfn.errors import DataError
from dag_gfn.quiet_import import quiet_import

# Packaged with scikit-learn.
TABLES = ("breast_cancer", "diabetes", "iris", "wine")
# Packaged with pgmpy, of at most 63 variables.
NETWORKS = (
    "alarm",
    "asia",
    "barley",
    "cancer",
    "child",
    "earthquake",
    "hailfinder",
    "insurance",
    "mildew",
    "sachs",
    "survey",
    "water",
)
# A network whose name a table already has.
NETWORK_FILES = {"diabetes_network": "diabetes"}


def example_names() -> tuple[str, ...]:
    """Return the names that `load_example` takes."""
    return tuple(sorted(TABLES + NETWORKS))


def load_example(name: str, *, num_samples: int = 1000, seed: int = 0) -> Dataset:
    """Return a measured table, or a sample of a published network together with its true graph.

    Parameters
    ----------
    name : str
        One of `example_names()`.
    num_samples, seed : int
        Of a network's sample; a measured table has the rows it has. The cardinality of a variable is
        the network's, also where a state does not occur in the sample.

    Raises
    ------
    DataError
        If no example has this name, or the network has more than 63 variables.
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


def read_bif(text: str, *, name: str) -> DiscreteNetwork:
    """Return the network in the text of a BIF file; `name` is used in errors.

    Raises
    ------
    DataError
        If it has more than 63 variables.
    """
    num_variables = len(
        re.findall(r"^\s*variable\s", text, re.MULTILINE)
    )  # counted first: the parser takes seconds
    if num_variables > MAX_COLUMNS:
        raise DataError(
            f"the network '{name}' has {num_variables} variables, at most {MAX_COLUMNS} are possible: "
            f"choose one of {', '.join(NETWORKS)}."
        )
    reader = quiet_import("pgmpy.readwrite")  # deprecations inside its own imports
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
        # The file lists parents in any order, the axes are in that of the nodes.
        table = table.transpose(*np.argsort(parents), len(parents))
        tables.append(table / table.sum(axis=-1, keepdims=True))  # the file rounds
    return DiscreteNetwork(
        adjacency=adjacency,
        tables=tuple(tables),
        states=tuple(tuple(network.variable_states[variable]) for variable in names),
        names=names,
    )


def _load_table(name: str) -> Dataset:
    datasets = quiet_import("sklearn.datasets")  # deprecations inside its own imports
    return from_frame(getattr(datasets, f"load_{name}")(as_frame=True).data)


def _network_directory() -> Path:
    """Return the folder of pgmpy's networks without importing pgmpy, which takes seconds."""
    spec = importlib.util.find_spec("pgmpy")
    return Path(spec.submodule_search_locations[0]) / "utils" / "example_models"
