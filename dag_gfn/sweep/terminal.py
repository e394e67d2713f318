"""What a person sees of a sweep on a terminal."""

from rich.console import Console
from rich.text import Text

from dag_gfn.errors import printable
from dag_gfn.sweep.page import count_sentence, summary_line
from dag_gfn.sweep.results import Results
from dag_gfn.sweep.sensitivity import HANGS, LIKELY, OPEN, STANDS, links
from dag_gfn.sweep.sentences import GROUPS, TWO_QUESTIONS, state_sentences, steadiness_sentences
from dag_gfn.sweep.stability import stability

MAX_LINES = 12
"""Pairs of one kind that are listed; the others are counted."""


def print_results(results: Results, console: Console) -> None:
    """Print what stands whatever is chosen, what hangs on what, and links that are sure but not steady.

    Examples
    --------
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from rich.console import Console
    >>> import dag_gfn
    >>> from dag_gfn.sweep import collect, plan, run
    >>> from dag_gfn.sweep.terminal import print_results
    >>> data = dag_gfn.from_array(np.random.default_rng(0).normal(size=(40, 2)))
    >>> _ = plan(data, "printed", scores=["bge"], bootstraps=2), run("printed", jobs=1)
    >>> print_results(collect("printed"), Console(quiet=True))
    """

    def say(line: str, style: str = "") -> None:
        console.print(Text(printable(line), style=style), soft_wrap=not console.is_terminal)

    for line in state_sentences(results):
        say(line, "yellow")
    found = links(results)
    say(count_sentence(found))
    for kind in (STANDS, LIKELY, HANGS, OPEN):
        own = [each for each in found if each.verdict == kind]
        own.sort(
            key=lambda each: (each.lowest - each.highest if kind == HANGS else -each.lowest, -each.highest)
        )
        if own:
            say(f"{GROUPS[kind]}:", "bold")
        for each in own[:MAX_LINES]:
            say(f"  {summary_line(results, kind, each)}")
        if len(own) > MAX_LINES:
            say(f"  and {len(own) - MAX_LINES} more")
    stable = stability(results)
    if stable:
        say(f"Stability beside probability ({stable[0].resamples} resamples of the rows):", "bold")
        say(f"  {TWO_QUESTIONS}")
        for line in steadiness_sentences(stable, results.names)[:MAX_LINES]:
            say(f"  {line}")
