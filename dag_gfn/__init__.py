"""Which causal graphs does my data support, and how sure can I be?"""

from dag_gfn import effects
from dag_gfn._version import __version__
from dag_gfn.data import Dataset, example_names, from_array, from_frame, load_example, read_csv, simulate
from dag_gfn.errors import (
    ConstraintError,
    DagGfnError,
    DataError,
    DataWarning,
    NotConvergedWarning,
    NotTractable,
    OptionError,
    QueryError,
    StorageError,
    StorageWarning,
    TrainingError,
)
from dag_gfn.fitting.fit import fit
from dag_gfn.parameters import fitted
from dag_gfn.posterior import ClassPosterior, GraphPosterior, Marginal, Probability
from dag_gfn.posterior import load_posterior as load
from dag_gfn.posterior.metrics import compare_posteriors
from dag_gfn.views import plots
from dag_gfn.views.report import write_report

__all__ = [
    "ClassPosterior",
    "ConstraintError",
    "DagGfnError",
    "DataError",
    "DataWarning",
    "Dataset",
    "GraphPosterior",
    "Marginal",
    "NotConvergedWarning",
    "NotTractable",
    "OptionError",
    "Probability",
    "QueryError",
    "StorageError",
    "StorageWarning",
    "TrainingError",
    "__version__",
    "compare_posteriors",
    "effects",
    "example_names",
    "fit",
    "fitted",
    "from_array",
    "from_frame",
    "load",
    "load_example",
    "plots",
    "read_csv",
    "simulate",
    "write_report",
]
