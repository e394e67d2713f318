"""The program dag-gfn: its commands, and how it ends."""

import os
import signal
import sys
from typing import Annotated

import typer

import dag_gfn
from dag_gfn.cli.compare import compare
from dag_gfn.cli.effect import effect
from dag_gfn.cli.export import export
from dag_gfn.cli.fit import fit
from dag_gfn.cli.output import fail
from dag_gfn.cli.query import query
from dag_gfn.cli.report import report
from dag_gfn.cli.show import show
from dag_gfn.cli.simulate import simulate
from dag_gfn.errors import DagGfnError

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _command in (fit, show, report, query, effect, export, compare, simulate):
    app.command(_command.__name__)(_command)

_UsageError = typer.BadParameter.__base__.__base__
"""Base of what typer raises on a wrong command line: click's, or in later versions its own copy of that."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; errors are one line on stderr with exit code 2, Ctrl-C is 130."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    debug = "--debug" in arguments
    try:
        code = app(args=arguments or ["--help"], prog_name="dag-gfn", standalone_mode=False)
        sys.stdout.flush()
    except _UsageError as error:
        context = getattr(error, "ctx", None)
        command = "dag-gfn" if context is None else context.command_path
        return fail(f"{error.format_message().strip().rstrip('.')}; see {command} --help")
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted: nothing was written")
        return 130
    except BrokenPipeError:  # as in: dag-gfn show out/ | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its exit
        return 0
    except DagGfnError as error:
        if debug:
            raise
        return fail(str(error))
    except OSError as error:
        if debug:
            raise
        return fail(f"{error.strerror or error}" + (f": '{error.filename}'" if error.filename else ""))
    return code if isinstance(code, int) else 0


def run() -> None:
    """Be the program dag-gfn."""
    for stream in (sys.stdout, sys.stderr):  # names and arrows are more than some systems' encodings hold
        stream.reconfigure(encoding="utf-8", errors="replace")
    if hasattr(signal, "SIGTERM"):  # a polite kill is treated as Ctrl-C: what was trained is kept
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())


def _print_version(asked: bool) -> bool:
    if asked:
        print(f"dag-gfn {dag_gfn.__version__}")
        raise typer.Exit
    return asked


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Which causal graphs does my data support, and how sure can I be?"""
