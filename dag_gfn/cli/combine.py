"""dag-gfn combine: one posterior of several sites, from their posterior folders."""

# ruff: noqa: RUF009  # option() makes a field

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

import dag_gfn
from dag_gfn.cli.declared import from_command_line, read_values
from dag_gfn.cli.options import DEBUG_HELP
from dag_gfn.cli.output import console, print_json
from dag_gfn.cli.show import posterior_json
from dag_gfn.fitting.options import FitOptions
from dag_gfn.fitting.site_options import SiteOptions
from dag_gfn.options import OptionGroup, option


@dataclass(frozen=True)
class CombinedOptions(OptionGroup, panel="Output"):
    """Where the result goes, and what is printed."""

    out: Path = option(Path("posterior"), "Folder for the posterior.", first=True)
    report: bool = option(False, "Write OUT/report.html too, to read in a browser.", first=True)
    overwrite: bool = option(False, "Replace OUT.")
    json: bool = option(False, "Print the posterior as JSON, as show --json does.")
    quiet: bool = option(False, "Print errors only.")
    debug: bool = option(False, DEBUG_HELP)


@from_command_line(SiteOptions, CombinedOptions, FitOptions)
def combine(
    sites: Annotated[list[Path], typer.Argument(metavar="SITE...", help="Posterior folders, two or more.")],
    **given: Any,
) -> int:
    """Fit one posterior to several sites from their saved posteriors: no site shows a row of numbers."""
    from dag_gfn.posterior.storage import require_replaceable, save_posterior

    how = CombinedOptions(**read_values(CombinedOptions, given))
    posteriors = [dag_gfn.load(site) for site in sites]
    names = posteriors[0].names
    options = read_values(SiteOptions, given) | read_values(FitOptions, given, names=names)
    require_replaceable(how.out, how.overwrite)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dag_gfn.DataWarning)  # printed with the result
        warnings.simplefilter("ignore", dag_gfn.NotConvergedWarning)
        posterior = dag_gfn.combine(posteriors, **options, progress=not how.quiet)
    pages = None
    if how.report:
        from dag_gfn.views.report import report_html

        pages = {"report.html": report_html(posterior)}
    save_posterior(posterior, how.out, overwrite=how.overwrite, pages=pages)
    if how.json:
        print_json("show", posterior_json(posterior))
    elif not how.quiet:
        from dag_gfn.views.terminal import print_posterior

        print_posterior(posterior, console())
        print(f"Saved in {how.out}. Next: dag-gfn show {how.out}, or dag-gfn report {how.out}")
    return 130 if posterior.info["interrupted"] else 0
