"""Interventional classes against brute force over all DAGs of 3 and 4 nodes, and against scores."""

import functools
import itertools

import numpy as np
import pytest
from oracles import all_dags

import dag_gfn
from dag_gfn.graphs import graph
from dag_gfn.graphs.interventional import essential_graph, oriented_pairs
from dag_gfn.graphs.subsets import pack
from dag_gfn.posterior.class_size import class_size
from dag_gfn.scores import ScoreTable, make_score

FAMILIES = ([()], [(), (0,)], [(), (1,), (2,)], [(0,), (1,)], [(), (0, 1)], [(0, 2), (1,), ()])


@functools.cache
def dags(d):
    return np.array(all_dags(d), dtype=bool)


def as_targets(family, d):
    return np.array([[i in targets for i in range(d)] for targets in family])


def cut(dag, targets):
    """The graph in which nothing acts on the nodes that are set."""
    return dag & ~targets[None, :]


def v_structures(dag):
    linked = dag | dag.T
    return {
        (i, k, j)
        for k in range(len(dag))
        for i, j in itertools.combinations(range(len(dag)), 2)
        if dag[i, k] and dag[j, k] and not linked[i, j]
    }


def description(dag, targets):
    """Links and v-structures of a DAG, and of it under each experiment: Hauser and Bühlmann, theorem 10."""
    told = []
    for each in [dag, *(cut(dag, chosen) for chosen in targets)]:
        told.append(((each | each.T).tobytes(), tuple(sorted(v_structures(each)))))
    return tuple(told)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("d", [3, 4])
def test_essential_graphs_are_the_agreement_of_all_equivalent_dags(d, family):
    targets, every = as_targets(family, d), dags(d)
    classes = {}
    for index, dag in enumerate(every):
        classes.setdefault(description(dag, targets), []).append(index)
    essential = essential_graph(every, oriented_pairs(targets))
    for members in classes.values():
        expected = every[members].any(axis=0)
        assert (essential[members] == expected).all()
        assert class_size(essential[members[0]]) == len(members)
    assert len(graph.distinct(essential)[0]) == len(classes)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("score", ["bge", "bdeu"])
@pytest.mark.parametrize("d", [3, 4])
def test_scores_are_equal_iff_dags_are_in_one_class(score, d, family):
    rng = np.random.default_rng(d)
    n, targets = 3001, as_targets(family, d)  # so many that no two counts agree by chance
    values = rng.normal(size=(n, d)) @ (np.eye(d) + 0.5 * rng.normal(size=(d, d)))
    intervened = np.repeat(targets, -(-n // len(targets)), axis=0)[:n]
    if score == "bge":
        data = dag_gfn.from_array(values, intervened=intervened).standardize()
    else:
        data = dag_gfn.from_array((values > 0).astype(int), discrete="all", intervened=intervened)
    every = dags(d)
    log_scores = ScoreTable.build(make_score(score, data)).log_reward(pack(every.swapaxes(-1, -2)))
    _, group = graph.distinct(essential_graph(every, oriented_pairs(targets)))
    same_class = group[:, None] == group[None, :]
    same_score = np.abs(log_scores[:, None] - log_scores[None, :]) < 1e-7
    assert (same_class == same_score).all()


def test_contexts_as_sources_orient_what_follows_from_them():
    d, sources = 4, np.array([True, False, False, False])
    every = dags(d)
    every = every[~every[:, :, 0].any(axis=1)]
    essential = essential_graph(every, oriented_pairs(np.zeros((0, d), dtype=bool), sources))
    markov = graph.cpdag(every)
    _, of_markov = graph.distinct(markov)
    for group in range(
        of_markov.max() + 1
    ):  # a Markov class without the DAGs that have edges into the context
        members = of_markov == group
        assert (essential[members] == every[members].any(axis=0)).all()
        assert class_size(essential[members][0]) == members.sum()


def test_without_experiments_it_is_the_cpdag():
    every = dags(3)
    assert (essential_graph(every) == graph.cpdag(every)).all()
    assert (essential_graph(every, oriented_pairs(np.zeros((1, 3), dtype=bool))) == graph.cpdag(every)).all()


def test_random_larger_graphs_against_the_rules_from_scratch():
    rng = np.random.default_rng(0)
    for _ in range(12):
        d = 6
        order = rng.permutation(d)
        dag = np.triu(rng.random((d, d)) < 0.4, 1)[np.ix_(order, order)]
        targets = rng.random((2, d)) < 0.3
        essential = essential_graph(dag, oriented_pairs(targets))
        assert (essential & dag == dag).all()
        assert not (essential & ~(dag | dag.T)).any()
        rest = class_size(essential)
        # every orientation of the reversible edges that keeps links, v-structures and cut edges
        free = [(i, j) for i, j in itertools.combinations(range(d), 2) if dag[i, j] or dag[j, i]]
        wanted, found = description(dag, targets), 0
        agreed = np.zeros((d, d), dtype=bool)
        for flips in itertools.product([False, True], repeat=len(free)):
            other = np.zeros((d, d), dtype=bool)
            for (i, j), flip in zip(free, flips, strict=True):
                other[(j, i) if flip else (i, j)] = True
            if graph.is_dag(other) and description(other, targets) == wanted:
                found += 1
                agreed |= other
        assert found == rest
        assert (agreed == essential).all()
