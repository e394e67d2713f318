import argparse
from pathlib import Path

import options
import pytest


def test_seeds_are_listed_or_counted():
    assert options.seeds("4,7") == [4, 7]
    assert options.seeds("3") == [0, 1, 2]
    assert options.seeds("3,") == [3]
    with pytest.raises(argparse.ArgumentTypeError, match="'0,' for seed 0 alone"):
        options.seeds("0")


def test_smoke_runs_stay_out_of_the_results():
    parser = argparse.ArgumentParser()
    options.add_run_options(parser, Path("results/x"))
    assert options.folder(parser.parse_args([]), Path("results/x")) == Path("results/x")
    assert options.folder(parser.parse_args(["--smoke", "--out", "y"]), Path("results/x")) == Path("y")
    elsewhere = options.folder(parser.parse_args(["--smoke"]), Path("results/x"))
    assert elsewhere != Path("results/x")
    elsewhere.rmdir()


def test_an_unknown_name_is_refused(capsys):
    with pytest.raises(SystemExit):
        options.require_known(argparse.ArgumentParser(), "--scores", ["bge", "xy"], ["bge", "bic"])
    assert "--scores does not know xy: choose from bge, bic" in capsys.readouterr().err
