"""The tables of the pages are what the results give."""

import comparison_page
import pandas as pd
import pytest
from comparison_page import PAGES, all_tables, markdown, with_tables


@pytest.fixture(scope="module")
def tables():
    return all_tables()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_the_tables_of_the_results(page, tables):
    text = page.read_text(encoding="utf-8")
    assert text.count("<!-- table ") == text.count("<!-- end -->") > 0
    assert with_tables(text, tables) == text  # python experiments/comparison_page.py writes them anew


def test_every_table_stands_on_a_page(tables):
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in tables if f"<!-- table {name} -->" not in text] == []
    with pytest.raises(KeyError, match="unheard_of"):
        with_tables("<!-- table unheard_of -->\n<!-- end -->", tables)


def test_other_results_make_another_page(tables, tmp_path, monkeypatch):
    (tmp_path / "published").mkdir()
    rows = pd.DataFrame(
        [
            {
                "generator": "as described",
                "edges": edges,
                "prior": "fair",
                "seed": seed,
                "auroc": 0.5 + seed / 10,
            }
            for edges in (20, 40, 60)
            for seed in (0, 1)
        ]
    )
    rows.to_csv(tmp_path / "published" / "linear.csv", index=False)
    monkeypatch.setattr(comparison_page, "RESULTS", tmp_path)
    line = comparison_page.linear_table("auroc", 3, "area").splitlines()[2]
    assert line == "| **exact posterior**, BGe, fair prior | 0.550 | 0.550 | 0.550 | 2 |"


def test_cells_that_are_missing_are_dashes():
    assert (
        markdown(pd.DataFrame({"a": [1.0, None], "b": ["", "x"]}))
        == "| a | b |\n| --- | --- |\n| 1.0 | - |\n| - | x |\n"
    )
