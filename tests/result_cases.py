"""The posterior of a method's result with its record, as `fit` returns it."""

from dag_gfn.fitting.record import recorded_posterior
from dag_gfn.posterior.verdict import judge


def verdict_on(result):
    return judge(result.diagnostics, result.exact_check, result.evidence)


def recorded(result, **asked):
    """Return the posterior; further keywords are what is recorded of the fit beside."""
    return recorded_posterior(result, verdict_on(result), asked=asked, said={}, timing={}, statistics={})
