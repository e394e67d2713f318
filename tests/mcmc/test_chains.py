"""Several chains at once: reproducible, thinned as they grow, ended by steps, clock or Ctrl-C."""

import numpy as np
import pytest
from exact_tables import random_table

from dag_gfn.layerings.layer_weights import LayerWeights
from dag_gfn.mcmc import chains as module
from dag_gfn.mcmc.chains import run_chains
from dag_gfn.mcmc.cooling import cooled_ladder
from dag_gfn.mcmc.ladder import Ladder, LadderState, run_ladder
from dag_gfn.mcmc.partition import init, init_at, run
from dag_gfn.random_streams import RandomStreams


def streams(seed, chains=4):
    return RandomStreams(seed).sequences("chains", chains)


@pytest.fixture
def weights():
    return LayerWeights.of(random_table(5, seed=0).complete)


@pytest.mark.parametrize(
    ("iterations", "kept", "thinning", "blocks"),
    [
        (20, 10, 1, 15),
        (1000, 10, 64, 11),
        (30, 100, 1, 22),
        (4000, 10, 256, 11),
        (7, 500, 1, 5),
        (1, 5, 1, 1),
    ],
)
def test_blocks_stay_between_one_and_two_times_what_is_to_be_kept(
    weights, iterations, kept, thinning, blocks
):
    result = run_chains(weights, streams=streams(0, 3), iterations=iterations, kept=kept)
    assert (result.thinning, result.layer_of.shape) == (thinning, (3, blocks, 5))
    assert result.edge.shape == (3, blocks, 5, 5)
    assert iterations - thinning < result.iterations <= iterations
    steps, reversals = result.tried[:, :-1].sum(axis=1), result.tried[:, -1]
    assert (steps == result.iterations).all()
    assert (reversals == result.iterations // 40 * 15).all()  # 3 d at every 8 d-th step
    assert not result.cut_short
    assert not result.interrupted


def test_merging_gives_what_longer_blocks_would():
    weights = LayerWeights.of(
        random_table(4, seed=0).complete
    )  # 4 steps between edge probabilities divide 16
    result = run_chains(weights, streams=streams(4, 1), iterations=1280, kept=10)
    rng = np.random.default_rng(streams(4, 1)[0])
    start = LadderState.at(init(weights, rng=rng).layer_of[None])
    drawn, _, _ = run_ladder(weights, Ladder.alone(), start, rng=rng, blocks=80, thinning=16)
    assert result.thinning == 64
    np.testing.assert_array_equal(result.layer_of[0], drawn.layer_of[3::4][5:])
    np.testing.assert_array_equal(result.log_weights[0], drawn.log_weights[3::4][5:])
    np.testing.assert_allclose(result.edge[0], drawn.edge.reshape(20, 4, 4, 4).mean(axis=1)[5:], atol=1e-6)


def test_the_seed_decides_and_segments_do_not(weights, monkeypatch):
    def layerings(seed):
        return run_chains(weights, streams=streams(seed), iterations=2000, kept=50).layer_of

    one = layerings(1)
    assert (one[0] != one[1]).any()
    assert (layerings(2) != one).any()
    monkeypatch.setattr(module, "_SEGMENT_STEPS", 64)
    np.testing.assert_array_equal(layerings(1), one)


def test_given_starts(weights):
    start = np.array([4, 3, 2, 1, 0])
    result = run_chains(weights, streams=streams(1, 2), iterations=1, kept=10, starts=[start])
    rng = np.random.default_rng(streams(1, 2)[0])
    _, state, _ = run(weights, init_at(weights, start), rng=rng, blocks=1, thinning=1)
    np.testing.assert_array_equal(result.layer_of[0, -1], state.layer_of)


def test_tempered_chains_begin_at_cooled_layerings_and_count_their_exchanges(weights):
    cold = np.random.SeedSequence(5).spawn(4)
    result = run_chains(weights, streams=streams(1), iterations=6_000, kept=10, cooled=cold)
    ladder, starts = cooled_ladder(weights, cold, iterations=6_000)
    np.testing.assert_array_equal(result.temperatures, ladder.temperatures)
    rng = np.random.default_rng(streams(1)[2])
    drawn, _, counts = run_ladder(
        weights,
        ladder,
        LadderState.at(starts[2]),
        rng=rng,
        blocks=result.iterations // 16,
        thinning=16,
    )
    merged = result.thinning // 16
    kept = result.layer_of.shape[1] * merged
    np.testing.assert_array_equal(result.layer_of[2], drawn.layer_of[-kept:][merged - 1 :: merged])
    np.testing.assert_array_equal(result.swaps_tried[2], counts.swaps_tried)
    np.testing.assert_array_equal(result.swaps_accepted[2], counts.swaps_accepted)
    assert result.rounds[2].sum() == counts.rounds[-kept:].sum()
    assert result.arrivals[2].sum() == counts.arrivals[-kept:].sum() > 0
    np.testing.assert_allclose(
        np.logaddexp.reduce(result.log_ratios[2]), np.logaddexp.reduce(counts.log_ratios[-kept:]), atol=1e-9
    )


def test_cooling_counts_in_the_time_budget(weights, monkeypatch):
    clock = [100.0]

    def slow(weights, streams, **options):
        clock[0] += 50.0
        return Ladder.alone(), [np.zeros((1, weights.d), dtype=np.int64)] * len(streams)

    monkeypatch.setattr(module, "cooled_ladder", slow)
    monkeypatch.setattr(module, "working_seconds", lambda: clock[0])
    monkeypatch.setattr(module, "_SEGMENT_STEPS", 100)
    reports = []
    cold = np.random.SeedSequence(5).spawn(4)
    options = {"streams": streams(0), "iterations": 1_024, "kept": 10, "on_report": reports.append}
    cut = run_chains(weights, cooled=cold, time_budget=49.0, **options)
    assert (cut.cut_short, len(reports), reports[0].share) == (True, 1, 1.0)
    assert cut.seconds == 50.0
    reports.clear()
    whole = run_chains(weights, cooled=cold, time_budget=200.0, **options)
    assert not whole.cut_short
    assert reports[0].share == 0.25
    assert reports[-1].share == pytest.approx(1.0, abs=0.02)


def test_the_clock_ends_them(weights):
    result = run_chains(weights, streams=streams(0), iterations=10**12, kept=20, time_budget=1e-6)
    assert result.cut_short
    assert 0 < result.iterations < 10**12
    assert 20 <= result.layer_of.shape[1] <= 40


def test_an_interrupt_keeps_what_there_is(weights, monkeypatch):
    monkeypatch.setattr(module, "_SEGMENT_STEPS", 100)

    def interrupt(report):
        if report.iteration >= 500:
            raise KeyboardInterrupt

    result = run_chains(weights, streams=streams(0), iterations=100_000, kept=20, on_report=interrupt)
    assert result.interrupted
    assert 500 <= result.iterations < 1000
    assert result.layer_of.shape[1] >= 8


def test_an_interrupt_before_anything_is_there(weights, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run_ladder", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_chains(weights, streams=streams(0), iterations=1000, kept=20)


def test_reports(weights):
    reports = []
    run_chains(weights, streams=streams(0), iterations=640, kept=20, on_report=reports.append)
    assert (reports[-1].iteration, reports[-1].planned_iterations) == (640, 640)
    assert reports[-1].seconds > 0


def test_with_time_left_they_go_on_while_more_are_wanted(weights):
    asked = []

    def go_on(chains):
        asked.append((chains.iterations, chains.layer_of.copy()))
        return len(asked) < 3

    options = {"streams": streams(0), "kept": 20}
    longer = run_chains(weights, iterations=640, time_budget=3600.0, go_on=go_on, **options)
    assert [iterations for iterations, _ in asked] == [640, 1280, 2560]
    assert longer.iterations == 2560
    assert not longer.cut_short
    same = run_chains(weights, iterations=640, **options)
    np.testing.assert_array_equal(asked[0][1], same.layer_of)
    without_budget = run_chains(weights, iterations=640, go_on=go_on, **options)
    assert without_budget.iterations == 640


def test_chains_that_the_clock_ends_after_all_their_steps_are_not_cut_short(weights, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(module, "working_seconds", lambda: clock[0])
    monkeypatch.setattr(module, "_SEGMENT_STEPS", 64)

    def tick(report):
        clock[0] += 1.0

    chains = run_chains(
        weights,
        streams=streams(0),
        iterations=640,
        kept=20,
        time_budget=30.0,
        go_on=lambda chains: True,
        on_report=tick,
    )
    assert chains.iterations > 640
    assert not chains.cut_short
    assert chains.seconds <= 32.0


def test_beginning_and_end_are_logged(weights, caplog):
    with caplog.at_level("INFO", logger="dag_gfn"):
        run_chains(weights, streams=streams(0, 2), iterations=2_000, kept=10)
    told = [record.getMessage() for record in caplog.records if record.name == "dag_gfn.mcmc.chains"]
    assert told[0].startswith("2 chains over")
    assert told[-1].endswith("steps each: done")
