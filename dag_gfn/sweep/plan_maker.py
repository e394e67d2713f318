"""From a table, a grid and the options of every fit to the plan: settings, resamples, fits, and what is left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from dag_gfn.data import Dataset
from dag_gfn.data.resampling import resampled
from dag_gfn.errors import DagGfnError, OptionError
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.reading_options import ReadingOptions
from dag_gfn.options import options_of
from dag_gfn.scores import needs_completion
from dag_gfn.sweep.combinations import (
    ONE_AT_A_TIME,
    PRODUCT,
    applicable,
    combinations,
    never_applied,
    owners_of,
)
from dag_gfn.sweep.defaults import (
    DEFAULT_BOOTSTRAPS,
    DEFAULT_PRIORS,
    FEWER_BOOTSTRAPS,
    default_scores,
    default_strengths,
)
from dag_gfn.sweep.grid import GridOptions, values_of
from dag_gfn.sweep.planned_fits import (
    Plan,
    PlannedFit,
    Setting,
    fit_name,
    level_text,
)
from dag_gfn.sweep.settings import Load, Settings, first_reason, with_plain_knowledge

LONG_SECONDS = 600.0
"""Where all combinations of the default grid would take longer on one core, it changes one thing at a time."""
MAX_FITS = 100_000


class PlanMaker:
    """Makes a plan of a table, a grid and the options of every fit.

    Parameters
    ----------
    load : callable
        See `dag_gfn.sweep.settings.Load`.
    data : Dataset
        As it reads the table by itself.
    grid : GridOptions
    fixed : dict
        Options of every fit.

    Examples
    --------
    >>> import numpy as np
    >>> import dag_gfn
    >>> from dag_gfn.sweep.grid import GridOptions
    >>> from dag_gfn.sweep.plan_maker import PlanMaker
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(30, 3)))
    >>> grid = GridOptions(scores=["bge", "bdeu"], bootstraps=2)
    >>> made = PlanMaker(lambda reading: data, data, grid, {"max_parents": 1}).plan("noise")
    >>> len(made.fits), [each["described"] for each in made.left_out]
    (3, ['score bdeu'])
    """

    def __init__(self, load: Load, data: Dataset, grid: GridOptions, fixed: dict[str, Any]):
        self.data, self.grid = data, grid
        self.seeds = _seeds(grid, fixed.pop("seed", 0))
        self.fixed = with_plain_knowledge(fixed, data.nodes)
        self.settings = Settings(load, {})
        self.notes: list[str] = []
        self.left_out: list[dict[str, str]] = []
        self.by_default = grid.scores is None and grid.priors is None and grid.vary is None

    def plan(self, source: str) -> Plan:
        """Return the plan; the source is where the table comes from, for people."""
        factors = self._with_possible_scores(self._factors())
        for name, owner in never_applied(factors).items():
            self.notes.append(f"{name} is {owner}, which this sweep does not fit: it is not varied")
            del factors[name]
        varied = {name: values for name, values in factors.items() if name not in ("score", "prior")}
        self._say_where_fixed_options_apply(factors)
        self.settings.options = {name: each for name, each in self.fixed.items() if name not in factors}
        settings = self._settings(factors, PRODUCT if self.grid.design is None else self.grid.design)
        if self.by_default and self.grid.design is None and _are_long(settings):
            self.left_out = [each for each in self.left_out if each["described"].count(",") == 0]
            settings = self._settings(factors, ONE_AT_A_TIME)
            self.notes.append("since fits are long, one thing is changed at a time (--design product: all)")
        self._say_what_is_conditional(factors, varied)
        bootstraps = self._bootstraps(settings)
        fits = self._fits(settings, bootstraps)
        return Plan(
            source=source,
            table=settings[0].table,
            nodes=list(self.data.nodes),
            rows=round(self.data.total_weight) if self.data.moments_only else self.data.n,
            factors={name: list(values) for name, values in factors.items()},
            settings=settings,
            fits=fits,
            bootstraps=bootstraps,
            bootstraps_of=self.grid.bootstraps_of,
            bootstrap_seed=self.grid.bootstrap_seed,
            left_out=self.left_out,
            notes=self.notes,
        )

    def _factors(self) -> dict[str, list[Any]]:
        """Return the values of each factor, that of the base first."""
        known = options_of(FitOptions)
        scores, priors = self.grid.scores, self.grid.priors
        own_score, own_prior = self.fixed.get("score"), self.fixed.get("prior")
        if scores is None:
            by_itself, reasons = default_scores(self.data)
            scores = by_itself if self.by_default and own_score is None else by_itself[:1]
            if self.by_default and own_score is None:
                self.left_out += [
                    {"described": f"score {name}", "reason": reason} for name, reason in reasons.items()
                ]
            scores = scores if own_score is None else [own_score]
        if priors is None:
            priors = DEFAULT_PRIORS if self.by_default and own_prior is None else [own_prior or "uniform"]
        for name, values in (("score", scores), ("prior", priors)):
            if not values or isinstance(values, str):
                raise OptionError(
                    f"{name}s (--{name}s) must be names of {name}s, such as {known[name].choices[:2]}"
                )
            for value in values:
                known[name].validate(value)
        factors = {
            "score": _first(own_score, scores),
            "prior": _first(own_prior, priors),
        }
        if self.by_default:
            strengths = default_strengths(self.data, factors["score"])
            return factors | {name: each for name, each in strengths.items() if name not in self.fixed}
        for name, given in (self.grid.vary or {}).items():
            values = values_of(name, given)
            own = self.fixed.get(name)
            factors[name] = (
                _first(own, values) if own is not None or None not in values else _first(None, values, True)
            )
        return factors

    def _with_possible_scores(self, factors: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """Return the factors without the scores that do not go with the table at all."""
        base = {name: values[0] for name, values in factors.items()}
        kept: list[Any] = []
        later: list[Any] = []  # which go with the table when it is read otherwise
        errors: list[DagGfnError] = []
        readings = [
            {name: value}
            for name in factors
            if name in options_of(ReadingOptions)
            for value in factors[name][1:]
        ]
        self.settings.options = {name: each for name, each in self.fixed.items() if name not in factors}
        for score in factors["score"]:
            error = self._refusal(base | {"score": score})
            if error is None:
                kept.append(score)
            elif any(self._refusal(base | {"score": score} | reading) is None for reading in readings):
                later.append(score)
            else:
                errors.append(error)
                self.left_out.append({"described": f"score {score}", "reason": first_reason(error)})
        if not kept:
            raise (
                errors[0]
                if errors
                else OptionError(
                    f"no score of {', '.join(later)} goes with the table as it is read in the base setting: put "
                    "another reading first"
                )
            )
        self.settings.tables.clear()
        return factors | {"score": [*kept, *later]}

    def _refusal(self, levels: dict[str, Any]) -> DagGfnError | None:
        """Return why levels do not go with the table; None where they do."""
        try:
            self.settings.of(applicable(levels))
        except DagGfnError as error:
            return error
        return None

    def _settings(self, factors: dict[str, list[Any]], design: str) -> list[Setting]:
        found = []
        every = combinations(factors, design)
        if len(every) > MAX_FITS:
            raise OptionError(
                f"the grid has {len(every):,} settings: at most {MAX_FITS:,} are planned at once"
            )
        for levels in every:
            try:
                found.append(self.settings.of(levels))
            except DagGfnError as error:
                if not found and levels is every[0]:
                    raise
                described = ", ".join(f"{name} {level_text(value)}" for name, value in levels.items())
                self.left_out.append({"described": described, "reason": first_reason(error)})
        return found

    def _bootstraps(self, settings: list[Setting]) -> int:
        asked = self.grid.bootstraps
        if self.data.moments_only:
            if asked:
                resampled(self.data, 0, 0)  # says why not
            if asked is None:
                self.notes.append("no bootstrap: a covariance matrix has no rows to draw")
            return 0
        if self.data.lags:
            self.notes.append(
                "the bootstrap draws single times with the rows before them, as if times were independent: where they "
                "are not, answers vary more than it shows"
            )
        if asked is not None:
            return asked
        return FEWER_BOOTSTRAPS if _are_long(settings[:1] * DEFAULT_BOOTSTRAPS) else DEFAULT_BOOTSTRAPS

    def _fits(self, settings: list[Setting], bootstraps: int) -> list[PlannedFit]:
        found: dict[str, PlannedFit] = {}
        exact = 0
        for k, setting in enumerate(settings):
            seeds = self.seeds
            if setting.method == "exact" and not self._draws(setting):
                exact, seeds = exact + 1, seeds[:1]
            jobs: list[tuple[int | None, int]] = [(None, seed) for seed in seeds]
            if k == 0 or self.grid.bootstraps_of == "all":
                jobs += [(b, seeds[0]) for b in range(bootstraps)]
            for b, seed in jobs:
                resample = None if b is None else (self.grid.bootstrap_seed, b)
                name = fit_name(setting.table, setting.options, resample=resample, seed=seed)
                found.setdefault(name, PlannedFit(name, k, b, seed))
        if exact and len(self.seeds) > 1:
            self.notes.append(
                f"{exact} of {len(settings)} settings are fitted with the first seed only: they are exact, so that a "
                "seed changes no probability"
            )
        if len(found) > MAX_FITS:
            raise OptionError(f"the grid has {len(found):,} fits: at most {MAX_FITS:,} are planned at once")
        return list(found.values())

    def _draws(self, setting: Setting) -> bool:
        return needs_completion(setting.options["score"], self.settings.tables[setting.table])

    def _say_where_fixed_options_apply(self, factors: Mapping[str, Sequence[Any]]) -> None:
        for name in self.fixed:
            owner = owners_of(name)
            if owner is not None and name not in factors:
                without = [each for each in factors[owner[0]] if each not in owner[1]]
                if without:
                    self.notes.append(f"{name} is no option of {', '.join(without)}, and is left out there")

    def _say_what_is_conditional(
        self, factors: Mapping[str, Sequence[Any]], varied: Mapping[str, Sequence[Any]]
    ) -> None:
        for name in varied:
            owner = owners_of(name)
            if owner is not None:
                without = [each for each in factors[owner[0]] if each not in owner[1]]
                if without and not self.by_default:
                    self.notes.append(f"{name} is no option of {', '.join(without)}, and is not varied there")


def _seeds(grid: GridOptions, seed: int) -> list[int]:
    if grid.seeds is None:
        return [seed]
    given: list[Any] = [grid.seeds] if isinstance(grid.seeds, int | float) else list(grid.seeds)
    known = options_of(FitOptions)["seed"]
    found = []
    for each in given:
        number = int(float(each)) if float(each).is_integer() else each
        known.validate(number)
        if number not in found:
            found.append(int(number))
    if not found:
        raise OptionError("seeds (--seeds) must be whole numbers, such as 0,1,2")
    return found


def _first(value: Any, values: Sequence[Any], force: bool = False) -> list[Any]:
    """Return values with one of them at the beginning, where it is given."""
    if value is None and not force:
        return list(values)
    return [value, *(each for each in values if each != value or type(each) is not type(value))]


def _are_long(settings: list[Setting]) -> bool:
    return (
        any(each.seconds is None for each in settings)
        or sum(each.seconds or 0.0 for each in settings) > LONG_SECONDS
    )
