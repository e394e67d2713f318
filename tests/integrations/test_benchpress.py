"""The modules for benchpress: what their script writes, read by the published formats, against enumeration.

Formats: "File formats" in benchpress's documentation, docs/source/data_formats.rst of felixleopoldo/benchpress. A data
set has a header, and the cardinalities in its second line if it is categorical. A trajectory has the columns index,
score, added, removed. Rows -2 and -1 add and remove edges from the first variable to the others.
"""

import csv
import itertools
import json
import re
import runpy
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dag_gfn
from dag_gfn.fitting.options import FitOptions

BENCHPRESS = Path(__file__).parents[2] / "integrations" / "benchpress"
MODULES = ("dag_gfn", "dag_gfn_posterior")
SCRIPT = BENCHPRESS / "dag_gfn" / "script.py"
script = SimpleNamespace(**{k: v for k, v in runpy.run_path(str(SCRIPT)).items() if not k.startswith("__")})

CARDINALITIES = (2, 3, 2)
RARE = "ignore:states with fewer than 5 rows:dag_gfn.errors.DataWarning"


def continuous(rng):
    values = rng.normal(size=(20, 3)) @ [[1.0, 0.4, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]]
    return "a,b,c\n" + "".join(",".join(map(repr, row)) + "\n" for row in values.tolist()), values


def discrete(rng):
    """The last level of b does not occur: only the second line tells of it."""
    a = rng.integers(0, 2, 60)
    b = np.where(rng.random(60) < 0.7, a, 1 - a)
    c = np.where(rng.random(60) < 0.7, b, 1 - b)
    codes = np.stack([a, b, c], axis=1)
    lines = [CARDINALITIES, *codes.tolist()]
    return "a,b,c\n" + "".join(",".join(map(str, row)) + "\n" for row in lines), codes


DATA = {"continuous": continuous, "discrete": discrete}


def log_reward(datatype, table):
    """The score of a graph under a uniform prior, from the definitions."""
    if datatype == "continuous":
        values = (table - table.mean(0)) / table.std(0)
        local = {key: oracles.bge(values, *key) for key in families(table.shape[1])}
    else:
        local = {key: oracles.bdeu(table, CARDINALITIES, *key) for key in families(table.shape[1])}
    return lambda dag: sum(local[node, tuple(np.flatnonzero(dag[:, node]))] for node in range(len(dag)))


def families(d):
    for node in range(d):
        others = [k for k in range(d) if k != node]
        for size in range(d):
            yield from ((node, parents) for parents in itertools.combinations(others, size))


def schema(module):
    return json.loads((BENCHPRESS / module / "schema.json").read_text())["items"]


def example(module, datatype):
    return next(entry for entry in schema(module)["examples"] if entry["datatype"] == datatype)


def run(folder, module, datatype, text, **changes):
    """Run the script as the module's rule does, with the schema's example as the configuration."""
    data = folder / "data.csv"
    data.write_text(text, encoding="utf-8")
    outputs = re.findall(r"(\w+)=alg_output_", (BENCHPRESS / module / "rule.smk").read_text())
    entry = {**example(module, datatype), "time_budget": None, **changes}
    values = {key: value[0] if isinstance(value, list) else value for key, value in entry.items()}
    snakemake = SimpleNamespace(
        input={"data": str(data)},
        output={name: str(folder / name) for name in outputs},
        wildcards={"seed": "3", **{key: str(value) for key, value in values.items()}},
    )
    runpy.run_path(str(SCRIPT), init_globals={"snakemake": snakemake})
    assert (folder / "ntests").read_text() == "None"
    return SimpleNamespace(**{name: folder / name for name in outputs})


def replay(path):
    """Read a trajectory by the published format: labels, graphs at 0, 1, ... and the score of each."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["index"]) for row in rows[:3]] == [-2, -1, 0]
    assert rows[0]["removed"] == rows[1]["added"] == rows[2]["removed"] == "[]"
    assert rows[0]["added"] == rows[1]["removed"]
    assert float(rows[0]["score"]) == float(rows[1]["score"]) == 0.0
    star = listed(rows[0]["added"])
    assert len({source for source, _ in star}) == 1
    labels = [star[0][0], *(target for _, target in star)]
    present, score, graphs, scores, previous = set(), None, [], [], 0
    for row in rows[2:]:
        index = int(row["index"])
        graphs += [matrix(present, labels)] * (index - previous)
        scores += [score] * (index - previous)
        added, removed = set(listed(row["added"])), set(listed(row["removed"]))
        assert not added & present
        assert removed <= present
        present = present - removed | added
        score, previous = float(row["score"]), index
    return labels, np.array(graphs), np.array(scores)


def listed(cell):
    assert cell[0] == "["
    assert cell[-1] == "]"
    return [tuple(edge.split("->")) for edge in cell[1:-1].split(";") if edge]


def matrix(edges, labels):
    adjacency = np.zeros((len(labels), len(labels)), dtype=bool)
    for source, target in edges:
        adjacency[labels.index(source), labels.index(target)] = True
    return adjacency


@pytest.mark.filterwarnings(RARE)
@pytest.mark.parametrize("datatype", DATA)
def test_a_trajectory_has_the_graphs_of_the_posterior_and_their_scores(tmp_path, datatype):
    text, table = DATA[datatype](np.random.default_rng(0))
    written = run(tmp_path, "dag_gfn_posterior", datatype, text, num_samples=5_000)
    labels, graphs, scores = replay(written.seqgraph)
    assert labels == ["a", "b", "c"]
    assert len(graphs) == 5_000
    assert float(written.time.read_text()) > 0
    reward = log_reward(datatype, table)
    np.testing.assert_allclose(scores, [reward(dag) for dag in graphs], rtol=0, atol=1e-8)
    exact = np.array([reward(dag) for dag in oracles.all_dags(3)])
    exact = np.exp(exact - exact.max()) / np.exp(exact - exact.max()).sum()
    counts = [(graphs == dag).all((1, 2)).sum() for dag in oracles.all_dags(3)]
    assert sum(counts) == 5_000
    assert np.abs(counts - 5_000 * exact).max() < 1
    assert (graphs[1:] != graphs[:-1]).any((1, 2)).mean() > 0.2  # in random order, not sorted

    frame = script.read_table(tmp_path / "data.csv", datatype)
    entry = example("dag_gfn_posterior", datatype)
    posterior = dag_gfn.fit(
        frame, score=entry["score"], num_samples=5_000, seed=1, exact_check=False, progress=False
    )
    drawn = script.draws(posterior, 5_000, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(graphs, posterior.graphs[drawn])


@pytest.mark.filterwarnings(RARE)
@pytest.mark.parametrize("datatype", DATA)
@pytest.mark.parametrize("estimator", ["median", "map"])
def test_a_point_estimate_is_the_best_of_all_dags(tmp_path, datatype, estimator):
    text, table = DATA[datatype](np.random.default_rng(0))
    written = run(tmp_path, "dag_gfn", datatype, text, estimator=estimator)
    header, *rows = csv.reader(written.adjmat.read_text().splitlines())
    assert header == ["a", "b", "c"]
    assert {cell for row in rows for cell in row} <= {"0", "1"}
    found = np.array(rows, dtype=int).astype(bool)
    assert oracles.is_dag(found)
    dags, reward = list(oracles.all_dags(3)), log_reward(datatype, table)
    exact = np.array([reward(dag) for dag in dags])
    if estimator == "map":
        assert reward(found) == pytest.approx(exact.max(), rel=0, abs=1e-8)
    else:
        weights = np.exp(exact - exact.max())
        edge = np.tensordot(weights / weights.sum(), np.array(dags, dtype=float), axes=1)
        best = min(oracles.expected_shd(dag, edge) for dag in dags)
        assert oracles.expected_shd(found, edge) == pytest.approx(best, rel=0, abs=1e-8)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::dag_gfn.errors.NotConvergedWarning")
@pytest.mark.parametrize("method", ["mcmc", "gflownet"])
def test_draws_of_every_method_have_their_scores(tmp_path, method):
    text, table = continuous(np.random.default_rng(0))
    written = run(
        tmp_path, "dag_gfn_posterior", "continuous", text, method=method, time_budget=10, num_samples=500
    )
    _, graphs, scores = replay(written.seqgraph)
    assert len(graphs) == 500
    assert all(oracles.is_dag(dag) for dag in graphs)
    reward = log_reward("continuous", table)
    np.testing.assert_allclose(scores, [reward(dag) for dag in graphs], rtol=0, atol=1e-6)


@given(st.data())
def test_a_trajectory_replays_edge_for_edge(tmp_path_factory, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    d, k = data.draw(st.integers(2, 5)), data.draw(st.integers(1, 12))
    few = np.array([oracles.random_dag(d, data.draw(st.floats(0, 1)), rng) for _ in range(3)], dtype=bool)
    which = rng.integers(0, 3, k)
    scores = np.array([-2.5, 0.0, 1.25])[which]
    labels = data.draw(st.sampled_from([list("abcde"), ["1", "a b", "x,y", '"q"', "a-b"]]))[:d]
    path = tmp_path_factory.mktemp("trajectory") / "seqgraph"
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("index", "score", "added", "removed"))
        rows.writerows(script.trajectory(few[which], scores, labels))
    read_labels, graphs, _ = replay(path)
    assert read_labels == labels
    np.testing.assert_array_equal(graphs, few[which])


def test_a_constant_column_has_no_edges(tmp_path):
    text, _ = continuous(np.random.default_rng(0))
    header, *lines = text.splitlines()
    constant = "\n".join([f"z,{header}", *(f"1.5,{line}" for line in lines)])
    written = run(tmp_path, "dag_gfn_posterior", "continuous", constant, num_samples=200)
    labels, graphs, _ = replay(written.seqgraph)
    assert labels == ["z", "a", "b", "c"]
    assert graphs.any()
    assert not graphs[:, 0].any()
    assert not graphs[:, :, 0].any()


@pytest.mark.parametrize(
    ("text", "datatype", "message"),
    [
        ("a,b,a\n1.0,2.0,0\n", "continuous", "interventional"),
        ("a\n1.0\n", "continuous", "one column"),
        ("a->b,c\n1.0,2.0\n", "continuous", "cannot be written"),
        ("a,b\n2,2\n0,1\n1,2\n", "discrete", "column 'b' should have the levels 0 to 1, and has 2 in row 2"),
        ("a,b\n1.0,2.0\n", "mixed", "continuous or discrete"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, text, datatype, message):
    path = tmp_path / "data.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        script.read_table(path, datatype)


@pytest.mark.parametrize("module", MODULES)
def test_a_run_that_takes_too_long_leaves_empty_graphs(tmp_path, monkeypatch, module):
    monkeypatch.setattr(dag_gfn, "fit", lambda *_, **__: time.sleep(60))
    text, _ = continuous(np.random.default_rng(0))
    written = run(tmp_path, module, "continuous", text, timeout=0.05)
    graph = written.adjmat if module == "dag_gfn" else written.seqgraph
    assert graph.read_text() == ""
    assert written.time.read_text() == "None"


KINDS = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
    "array": list,
    "object": dict,
}
TEXTS = {"title", "description", "examples"}
CHECKED = {"type", "enum", "anyOf", "items", "properties", "required", "additionalProperties", "uniqueItems"}
BOUNDS = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
}


def faults(value, rule):
    """Return what a JSON schema finds wrong with a value, for the keywords that these schemas have."""
    assert rule.keys() <= TEXTS | CHECKED | BOUNDS.keys()
    if "anyOf" in rule:
        return [] if any(not faults(value, kind) for kind in rule["anyOf"]) else [f"{value} is none of anyOf"]
    if not isinstance(value, KINDS[rule["type"]]) or isinstance(value, bool):
        return [f"{value} is no {rule['type']}"]
    if "enum" in rule and value not in rule["enum"]:
        return [f"{value} is not in enum"]
    found = [
        f"{value}: {name}" for name in BOUNDS.keys() & rule.keys() if not BOUNDS[name](value, rule[name])
    ]
    if rule["type"] == "array":
        found += [fault for part in value for fault in faults(part, rule["items"])]
    if rule["type"] == "object":
        assert rule["additionalProperties"] is False
        found += [f"{name} is missing" for name in rule["required"] if name not in value]
        found += [f"{name} is unknown" for name in value if name not in rule["properties"]]
        known = rule["properties"].keys() & value.keys()
        found += [fault for name in known for fault in faults(value[name], rule["properties"][name])]
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_schema_takes_its_examples_and_refuses_what_is_wrong(module):
    whole = json.loads((BENCHPRESS / module / "schema.json").read_text())
    good = whole["items"]["examples"]
    assert faults(good, whole) == []
    for change in (
        {"method": "magic"},
        {"datatype": ["continuous"]},
        {"num_samples": 0},
        {"timeout": 0},
        {"max_parents": -1},
        {"unknown": 1},
    ):
        assert len(faults([{**good[0], **change}], whole)) == 1, change
    for name in good[0]:
        assert faults([{key: value for key, value in good[0].items() if key != name}], whole) == [
            f"{name} is missing"
        ]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("name", ["method", "score", "prior"])
def test_a_schema_offers_what_the_package_has(module, name):
    offered = schema(module)["properties"][name]["anyOf"][0]["enum"]
    for value in offered:
        assert FitOptions.from_keywords({name: value}, caller="fit")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_whole(module):
    folder = BENCHPRESS / module
    info = json.loads((folder / "info.json").read_text())
    rule, docs = (folder / "rule.smk").read_text(), (folder / "docs.rst").read_text()
    assert info["version"] == dag_gfn.__version__
    assert info["outputs"] == (["graphtraj"] if "seqgraph=" in rule else ["adjmat"])
    assert info["mcmc"] == ("seqgraph=" in rule)
    assert (folder / re.search(r'script:\s+"(.+)"', rule)[1]).resolve() == SCRIPT
    cited = set(re.findall(r":footcite:\w+:`(\w+)`", docs))
    assert cited == set(re.findall(r"@\w+\{(\w+),", (folder / "bibtex.bib").read_text()))
    explained = docs + (BENCHPRESS / "dag_gfn" / "docs.rst").read_text()
    assert [name for name in schema(module)["properties"] if f"``{name}``" not in explained] == ["id"]


def test_the_entry_in_the_readme_fits_its_schema():
    text = (BENCHPRESS / "README.md").read_text()
    entries = json.loads("{" + re.search(r"```json\n(.+?)```", text, re.DOTALL)[1] + "}")
    whole = json.loads((BENCHPRESS / "dag_gfn_posterior" / "schema.json").read_text())
    assert entries.keys() == {"dag_gfn_posterior"}
    assert faults(entries["dag_gfn_posterior"], whole) == []
