"""The program dag-gfn: its commands, and how it ends."""

import functools
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import typer

import dag_gfn
from dag_gfn.cli import sweep
from dag_gfn.cli.check import check
from dag_gfn.cli.combine import combine
from dag_gfn.cli.compare import compare
from dag_gfn.cli.effect import effect
from dag_gfn.cli.export import export
from dag_gfn.cli.fit import fit
from dag_gfn.cli.inspect import inspect
from dag_gfn.cli.models import models
from dag_gfn.cli.next import next_
from dag_gfn.cli.output import fail, open_streams, stop_output
from dag_gfn.cli.query import query
from dag_gfn.cli.report import report
from dag_gfn.cli.schema import schema
from dag_gfn.cli.scores import scores
from dag_gfn.cli.show import show
from dag_gfn.cli.simulate import simulate
from dag_gfn.errors import DagGfnError, StorageWarning, shortened
from dag_gfn.fitting.progress import announce

app = typer.Typer(
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _abortable(command: Callable) -> Callable:
    """Return the command, but Ctrl-C in it ends as `typer.Abort`: typer would end the program without a message."""

    @functools.wraps(command)
    def run(*given: Any, **named: Any) -> Any:
        try:
            return command(*given, **named)
        except KeyboardInterrupt as error:
            raise typer.Abort from error

    return run


for _command in (
    fit,
    inspect,
    models,
    show,
    report,
    query,
    effect,
    check,
    next_,
    export,
    scores,
    compare,
    combine,
    simulate,
    schema,
):
    app.command(_command.__name__.rstrip("_"))(_abortable(_command))

_sweep = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    help="How far the answer depends on choices: many fits of one table, planned, run anywhere, collected in one page.",
)
for _name in ("plan", "run", "collect"):
    _sweep.command(_name)(_abortable(getattr(sweep, _name)))
app.add_typer(_sweep, name="sweep")

_UsageError: type[Exception] = typer.BadParameter.__mro__[2]
"""Base of what typer raises on a wrong command line: click's, or in later versions its own copy of that."""
_COMPLETION = {"--install-completion", "--show-completion"}


def main(arguments: list[str] | None = None) -> int:
    """Run the command; errors are one line on stderr with exit code 2, Ctrl-C is 130."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        with warnings.catch_warnings():
            usual = warnings.showwarning
            warnings.simplefilter("always", StorageWarning)
            warnings.showwarning = lambda message, category, *where: (
                announce(str(message)) if category is StorageWarning else usual(message, category, *where)
            )
            code = app(args=arguments or ["--help"], prog_name="dag-gfn", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except _UsageError as error:
        context = getattr(error, "ctx", None)
        command = "dag-gfn" if context is None else context.command_path
        said = getattr(error, "format_message", error.__str__)().strip().rstrip(".")
        return fail(f"{said}; see {command} --help", given=arguments)
    except (KeyboardInterrupt, typer.Abort):
        fail("interrupted")
        return 130
    except BrokenPipeError:  # as in: dag-gfn show out/ | head
        stop_output()
        return 0
    except SystemExit:  # how rich ends where nobody reads the help to its end
        stop_output()
        return 0
    except Exception as error:
        if "--debug" in arguments:
            raise
        stop_output()
        return fail(_explained(error), given=arguments)
    if code and not _COMPLETION.isdisjoint(arguments):  # typer knows no such shell, and has said so
        return 2
    return code if isinstance(code, int) else 0


def _explained(error: Exception) -> str:
    """Return the message for an error, expected or not."""
    if isinstance(error, DagGfnError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}" + (f": '{error.filename}'" if error.filename else "")
    told = shortened(" ".join(str(error).split()))
    if isinstance(error, MemoryError) or "allocate memory" in told or "out of memory" in told:
        return (
            f"there is not enough memory for this ({told or 'no more is given'}): ask for less (fewer columns, "
            "--num-samples, --draws), or free some"
        )
    kind = "too many levels in one another" if isinstance(error, RecursionError) else type(error).__name__
    return f"{kind}: {told or 'no message'}; this is a fault of dag_gfn, --debug shows the traceback"


def run() -> None:
    """Run the program dag-gfn, and exit with its code."""
    open_streams()
    for name in (
        "SIGTERM",
        "SIGHUP",
    ):  # a polite kill, a closed terminal: as Ctrl-C, what was trained is kept
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, signal.default_int_handler)
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
