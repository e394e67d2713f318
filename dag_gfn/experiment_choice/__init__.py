"""Which experiment to do next: expected information about the graph or about a question."""

from dag_gfn.experiment_choice.next_experiment import NextExperiments, RankedExperiment, next_experiments

__all__ = ["NextExperiments", "RankedExperiment", "next_experiments"]
