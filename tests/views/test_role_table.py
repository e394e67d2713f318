import io

from rich.console import Console

from dag_gfn.data.roles import ColumnRole
from dag_gfn.views.role_table import MAX_LINES, print_roles, shown_and_grouped, why


def printed(roles, n=100):
    log = io.StringIO()
    print_roles(roles, n, Console(file=log, width=200))
    return [line.rstrip() for line in log.getvalue().splitlines()]


def test_the_most_surprising_columns_come_first_and_the_plain_ones_together():
    roles = [
        ColumnRole("age", "continuous"),
        ColumnRole("sex", "category", levels=2),
        ColumnRole("race", "continuous", "only the numbers 1, 2 and 3", surprise=1),
        ColumnRole("id", "left out", "numbers the rows", surprise=2),
        ColumnRole("bmi", "continuous", missing=7),
        ColumnRole("pay", "continuous"),
    ]
    lines = printed(roles)
    assert lines[0] == "5 of 6 columns are variables:"
    assert [line.split()[0] for line in lines[2:5]] == ["id", "race", "bmi"]
    assert "7 missing (7%)" in lines[4]
    assert lines[5:] == ["and 2 continuous: age and pay", "and 1 category: sex"]


def test_many_columns_worth_a_line_are_cut():
    roles = [ColumnRole(f"x{k}", "continuous", missing=1) for k in range(30)]
    shown, others = shown_and_grouped(roles)
    assert len(shown) == MAX_LINES
    assert len(others["continuous"]) == 10


def test_names_are_printed_as_they_are():
    lines = printed(
        [ColumnRole("[bold]a", "left out", "x [red]", surprise=2), ColumnRole("b\x1b", "continuous")]
    )
    assert any("[bold]a" in line and "[red]" in line for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_no_roles_print_nothing():
    assert printed([]) == []


def test_missing_cells_are_said_once():
    assert why(ColumnRole("a", "left out", "60% of the cells are missing", missing=60), 100) == (
        "60% of the cells are missing"
    )
    assert why(ColumnRole("a", "continuous", missing=1), 1000) == "1 missing"
