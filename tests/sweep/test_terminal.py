import io

from rich.console import Console

from dag_gfn.sweep.page import count_sentence
from dag_gfn.sweep.results import read_results
from dag_gfn.sweep.sensitivity import links
from dag_gfn.sweep.terminal import print_results


def test_a_terminal_shows_the_counts_and_the_two_questions(done):
    results = read_results(done)
    console = Console(record=True, width=200, file=io.StringIO())
    print_results(results, console)
    text = console.export_text()
    assert count_sentence(links(results)) in text
    assert "Stability beside probability (4 resamples of the rows)" in text
    assert "They answer different questions" in " ".join(text.split())
