import json

import noise


def test_a_smoke_run_writes_both_tables(tmp_path):
    noise.main(["--smoke", "--out", str(tmp_path)])
    records = [json.loads(file.read_text()) for file in (tmp_path / "runs").iterdir()]
    assert len(records) == 4
    assert not any("error" in record for record in records)
    assert {file.name for file in tmp_path.iterdir()} == {"runs", "noise.csv", "networks.csv", "tables.md"}
    page = (tmp_path / "tables.md").read_text()
    assert "| uniform states | bdeu | keep | 6 | 2 | 30 | 1 |" in page
    assert "Log loss of links" in page


def test_every_score_is_planned_and_bic_only_where_it_is_bounded():
    planned = noise.plan(noise.parse([]))
    scores = {parameters["score"] for parameters in planned}
    assert scores == {"bge", "bdeu", "bde", "bic", "linear_gaussian"}
    assert all(p["n"] > p["d"] for p in planned if p["score"] == "bic" and p["what"] != "network")
    assert len({tuple(p.items()) for p in planned}) == len(planned)


def test_before_any_run_there_is_no_table(tmp_path):
    noise.main(["--table-only", "--out", str(tmp_path)])
    assert "No run has been done yet." in (tmp_path / "tables.md").read_text()
