"""Sweeps over missing cells against sums over all completions."""

import numpy as np
import pytest
from completion_cases import chain_data, completions, discrete_data, family_scores, number_of

from dag_gfn.completion import cell_draws
from dag_gfn.completion.cell_draws import Families, redraw_cells
from dag_gfn.completion.discrete_cells import DiscreteCells
from dag_gfn.errors import NotTractable

GRAPHS = {"chain": [0b000, 0b001, 0b010], "collider": [0b000, 0b101, 0b000], "full": [0b000, 0b001, 0b011]}


def visited(data, families, sweeps, seed=0):
    """Return how often the sweeps end at each completion."""
    cells, rng = DiscreteCells.of(data), np.random.default_rng(seed)
    codes = cells.first_draw(rng)
    states = np.empty((sweeps, len(cells.columns)), dtype=np.int64)
    for k in range(sweeps):
        codes = redraw_cells(codes, cells, families, rng)
        states[k] = codes[cells.missing]
    return np.bincount(number_of(states, data), minlength=len(completions(data))) / sweeps


def exact(data, parents, ess):
    """Return the probability of each completion given a DAG."""
    log_r = []
    for states in completions(data):
        scores = family_scores(data, states, ess)
        sets = [tuple(i for i in range(3) if mask >> i & 1) for mask in parents]
        log_r.append(sum(scores[j, sets[j]] for j in range(3)))
    return np.exp(log_r - np.logaddexp.reduce(log_r))


def agrees(seen, probabilities, sweeps, per_independent=8):
    """Whether frequencies are within five standard errors of so many sweeps for one independent draw."""
    error = np.sqrt(probabilities * (1 - probabilities) * per_independent / sweeps)
    return (np.abs(seen - probabilities) <= 5 * error + 1e-9).all()


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("states", [2, 3])
def test_completions_come_as_often_as_they_are_probable(graph, states):
    data, parents = chain_data(9, 4, seed=states, states=states), np.array(GRAPHS[graph])
    families = Families.of_graph(parents, np.array(data.cardinalities), 2.0)
    assert agrees(visited(data, families, 4_000), exact(data, parents, 2.0), 4_000)


def test_rows_in_which_a_node_was_set_do_not_count_for_it():
    data = chain_data(9, 4, seed=5)
    intervened = np.zeros(data.values.shape, dtype=bool)
    rows, columns = np.nonzero(np.isnan(data.values))
    intervened[rows[:2], columns[:2]] = True  # set to a value that is not recorded
    intervened[[0, 3], [2, 1]] = True
    data = discrete_data(np.nan_to_num(data.values).astype(int), np.isnan(data.values), intervened=intervened)
    parents = np.array(GRAPHS["chain"])
    families = Families.of_graph(parents, np.array(data.cardinalities), 1.0)
    assert agrees(visited(data, families, 4_000), exact(data, parents, 1.0), 4_000)


def test_a_weight_counts_as_so_many_equal_rows():
    codes = np.array([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]])
    missing = np.zeros(codes.shape, dtype=bool)
    missing[3, 1] = missing[4, 0] = True
    weights = np.array([3.0, 2.0, 1.0, 1.0, 1.0])
    once = discrete_data(codes, missing, weights=weights)
    repeated = discrete_data(
        np.repeat(codes, weights.astype(int), axis=0), np.repeat(missing, weights.astype(int), axis=0)
    )
    families = Families.of_graph(np.array([0, 1]), np.array([2, 2]), 1.0)
    assert (visited(once, families, 500) == visited(repeated, families, 500)).all()


def test_many_missing_cells_of_a_row_are_drawn_in_parts():
    rng = np.random.default_rng(0)
    first = rng.integers(2, size=60)
    codes = np.column_stack([first] * 9)  # nine equal columns
    missing = np.zeros(codes.shape, dtype=bool)
    missing[-1, 1:] = True  # 2^8 completions, more than are listed
    data = discrete_data(codes, missing)
    parents = np.array([0, *(1 << i for i in range(8))])
    cells, families = DiscreteCells.of(data), Families.of_graph(parents, np.full(9, 2), 0.01)
    codes = redraw_cells(codes, cells, families, np.random.default_rng(1))
    for _ in range(5):
        codes = redraw_cells(codes, cells, families, np.random.default_rng(1))
    assert (codes[-1] == first[-1]).all()
    assert (codes[:-1] == first[:-1, None]).all()


def test_counts_in_a_hash_table_give_the_same_draws(monkeypatch):
    data = chain_data(30, 20, seed=1)
    cells, families = DiscreteCells.of(data), Families.of_graph(np.array([0, 1, 3]), np.array([2, 2, 2]), 1.0)
    codes = cells.first_draw(np.random.default_rng(0))
    dense = redraw_cells(codes, cells, families, np.random.default_rng(1))
    monkeypatch.setattr(cell_draws, "DENSE_CELLS", 0)
    assert (redraw_cells(codes, cells, families, np.random.default_rng(1)) == dense).all()


def test_seen_cells_stay_and_what_was_given_is_not_changed():
    data = chain_data(30, 20, seed=1)
    cells, families = DiscreteCells.of(data), Families.saturated(np.array([2, 2, 2]), 1.0)
    codes = cells.first_draw(np.random.default_rng(0))
    before = codes.copy()
    after = redraw_cells(codes, cells, families, np.random.default_rng(1))
    assert (codes == before).all()
    assert (after[~cells.missing] == data.values[~cells.missing]).all()
    assert (after[cells.missing] != before[cells.missing]).any()


def test_tables_too_large_to_number_are_refused():
    with pytest.raises(NotTractable, match="--max-parents"):
        Families.of_graph(np.array([(1 << 8) - 2, *[0] * 7]), np.full(8, 1000), 1.0)
