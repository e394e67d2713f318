"""The options of the bootstrap, declared once as those of `dag_gfn.fitting.options` are."""

# option() makes a field

from dataclasses import dataclass

from dag_gfn.errors import OptionError
from dag_gfn.options import OptionGroup, number, one_of, option, whole


@dataclass(frozen=True)
class BootstrapOptions(OptionGroup, panel="The bootstrap", used_by=("bootstrap",)):
    """How the bootstrap finds graphs.

    Examples
    --------
    >>> from dag_gfn.fitting.baseline_options import BootstrapOptions
    >>> BootstrapOptions(num_resamples=0)
    Traceback (most recent call last):
    dag_gfn.errors.OptionError: num_resamples must be positive and whole (--num-resamples), not 0
    """

    num_resamples: int = option(
        200,
        "Resamples of the rows, and graphs.",
        details="Each has as many rows, drawn with replacement. What there are after a time budget or Ctrl-C counts.",
        check=whole(1, 1_000_000),
    )
    point_estimator: str = option(
        "hill_climbing",
        "How a graph is found on each.",
        details="``hill_climbing``: the best change of one edge, again and again, by the score and prior of the fit. "
        "``ges``: the same from equivalence class to class, without knowledge about edges. ``pc``: tests of "
        "independence, by causal-learn, which has to be installed. Of a class one member is drawn "
        "(docs/baselines.md).",
        check=one_of("hill_climbing", "ges", "pc", what="point estimator"),
    )
    significance_level: float | int = option(
        0.05,
        "Of the tests of pc.",
        check=number,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.significance_level < 1:
            raise OptionError(
                f"significance_level (--significance-level) must be between 0 and 1, not {self.significance_level:g}"
            )
