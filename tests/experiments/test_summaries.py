import numpy as np
import pytest
import summaries


def record(nodes, seed, **result):
    outcome = result if "error" in result else {"result": result}
    machine = {"cpu": "a processor", "cores": 2, "jobs": 1}
    return {"parameters": {"nodes": nodes, "seed": seed}, "version": "1", "machine": machine, **outcome}


PLANNED = [{"nodes": nodes, "seed": seed} for nodes in (3, 4) for seed in range(3)]


def test_the_interval_is_students():
    # 1, 2, 6: mean 3, s² = (4 + 1 + 9) / 2 = 7; the 97.5 % point of t with 2 degrees of freedom is 4.302653
    assert summaries.interval_half_width([1.0, 2.0, 6.0]) == pytest.approx(
        4.302653 * np.sqrt(7 / 3), rel=1e-6
    )
    assert np.isnan(summaries.interval_half_width([1.0]))


def test_settings_without_runs_have_a_row():
    records = [record(3, 0, jsd=1.0), record(3, 1, jsd=3.0), record(3, 2, error="ValueError: no")]
    table = summaries.summarise(PLANNED, records, by=("nodes",), figures=("jsd",))
    three, four = table.to_dict("records")
    assert (three["planned"], three["done"], three["failed"], three["jsd"]) == (3, 2, 1, 2.0)
    assert (three["jsd_median"], three["jsd_values"]) == (2.0, (1.0, 3.0))
    assert (four["planned"], four["done"], four["jsd_values"]) == (3, 0, ())
    assert np.isnan(four["jsd"])
    assert [summaries.runs_done(row) for _, row in table.iterrows()] == ["2 of 3, 1 failed", "0 of 3"]
    assert [summaries.with_interval(row, "jsd") for _, row in table.iterrows()] == ["2.0e+00 ± 1.3e+01", "-"]


def test_a_figure_that_is_not_finite_is_left_out():
    table = summaries.summarise(
        PLANNED[:2], [record(3, 0, r=None), record(3, 1, r=0.5)], by=("nodes",), figures=("r",)
    )
    assert table.loc[0, "r_values"] == (0.5,)
    assert summaries.with_interval(table.loc[0], "r", summaries.decimal) == "0.5000"


def test_the_page_tells_failures_and_what_it_is_made_from(tmp_path, capsys):
    records = [record(3, 0, jsd=1.0), record(3, 1, error="ValueError: no")]
    table = summaries.pd.DataFrame({"method": ["TB"], "JSD": ["**1.0**"]})
    summaries.write_page(tmp_path / "t.md", "Title", [("Part", table)], records, [tmp_path / "a_b.png"])
    page = (tmp_path / "t.md").read_text()
    assert "Made from 2 runs with dag_gfn 1 (a processor, 2 cores, 1 runs at a time)" in page
    assert "| TB | **1.0** |" in page
    assert "![a b](a_b.png)" in page
    assert "- nodes=3 seed=1: ValueError: no" in page
    shown = capsys.readouterr().out
    assert "nodes=3 seed=1: ValueError: no" in shown
    assert "1.0" in shown
    assert "**" not in shown


def test_values_stand_in_one_field_of_the_csv(tmp_path):
    records = [record(3, 0, jsd=1e-7), record(3, 1, jsd=0.5)]
    table = summaries.summarise(PLANNED, records, by=("nodes",), figures=("jsd",))
    summaries.write_csv(table, tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert lines[0] == "nodes,planned,done,failed,jsd,jsd_half_width,jsd_median,jsd_values"
    assert lines[1].endswith(",1e-07 0.5")
    assert lines[2] == "4,3,0,0,,,,"
