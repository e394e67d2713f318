from . import effects, sweep
from ._version import __version__
from .data import (
    Dataset,
    example_names,
    from_array,
    from_covariance,
    from_frame,
    load_example,
    read_covariance,
    read_csv,
    read_file,
    simulate,
)
from .errors import (
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
from .experiment_choice import next_experiments
from .fitting.fit import fit
from .fitting.models import compare_models
from .fitting.saved_sampler import load
from .fitting.score_export import export_scores
from .fitting.sites import combine
from .graph_check import check_graph
from .knowledge import Knowledge, read_knowledge
from .model_choice import ModelComparison
from .parameters import fitted
from .posterior import ClassPosterior, GraphPosterior, Marginal, Probability
from .posterior.metrics import compare_posteriors
from .scores.score_file import read_scores
from .views import plots
from .views.report import write_report

__all__ = [
    "ClassPosterior",
    "ConstraintError",
    "DagGfnError",
    "DataError",
    "DataWarning",
    "Dataset",
    "GraphPosterior",
    "Knowledge",
    "Marginal",
    "ModelComparison",
    "NotConvergedWarning",
    "NotTractable",
    "OptionError",
    "Probability",
    "QueryError",
    "StorageError",
    "StorageWarning",
    "TrainingError",
    "__version__",
    "check_graph",
    "combine",
    "compare_models",
    "compare_posteriors",
    "effects",
    "example_names",
    "export_scores",
    "fit",
    "fitted",
    "from_array",
    "from_covariance",
    "from_frame",
    "load",
    "load_example",
    "next_experiments",
    "plots",
    "read_covariance",
    "read_csv",
    "read_file",
    "read_knowledge",
    "read_scores",
    "simulate",
    "sweep",
    "write_report",
]
