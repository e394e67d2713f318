"""Tables of data: reading, checking, simulating."""

from dag_gfn.data.assumption_checks import data_doubts, data_warnings
from dag_gfn.data.covariance import from_covariance
from dag_gfn.data.covariance_file import read_covariance
from dag_gfn.data.dataset import Dataset
from dag_gfn.data.discrete_simulator import DiscreteSimulator
from dag_gfn.data.examples import example_names, load_example
from dag_gfn.data.linear_gaussian_simulator import LinearGaussianSimulator
from dag_gfn.data.random_dag import erdos_renyi_dag, scale_free_dag
from dag_gfn.data.reading import from_array, from_frame, read_csv, read_file
from dag_gfn.data.simulate import simulate
from dag_gfn.data.statistics import sufficient_statistics

__all__ = [
    "Dataset",
    "DiscreteSimulator",
    "LinearGaussianSimulator",
    "data_doubts",
    "data_warnings",
    "erdos_renyi_dag",
    "example_names",
    "from_array",
    "from_covariance",
    "from_frame",
    "load_example",
    "read_covariance",
    "read_csv",
    "read_file",
    "scale_free_dag",
    "simulate",
    "sufficient_statistics",
]
