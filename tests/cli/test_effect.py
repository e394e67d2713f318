import json
from pathlib import Path

import numpy as np
import pytest
from cli_cases import fails, table
from curve_cases import mixed_table as curve_table
from report_cases import mixed_table

import dag_gfn
from dag_gfn.cli import main


def test_effect_of_continuous_columns(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["effect", "out", "--from", "a", "--to", "c"]) == 0
    said = capsys.readouterr().out
    assert "Setting a one unit higher changes the mean of c by" in said
    assert "there is no effect" in said
    assert "no hidden common causes" in said
    assert main(["effect", "out", "--from", "a", "--to", "c", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["from"] == "a"
    assert content["interval_90"][0] <= content["mean"] <= content["interval_90"][1]
    posterior = dag_gfn.load("out")
    assert content["probability_zero"] == pytest.approx(1 - posterior.path_marginals().loc["a", "c"])
    assert "the columns are a, b, c" in fails(capsys, "effect", "out", "--from", "a", "--to", "zzz")
    assert "on itself" in fails(capsys, "effect", "out", "--from", "a", "--to", "a")
    assert "num_draws" in fails(capsys, "effect", "out", "--from", "a", "--to", "b", "--draws", "0")


def test_effect_and_bif_of_discrete_columns(here, capsys):
    frame = table().map(lambda value: "high" if value > 0 else "low")
    frame.to_csv("text.csv", index=False)
    assert main(["fit", "text.csv", "--out", "out", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["effect", "out", "--from", "a", "--to", "c"]) == 0
    assert "a = high: c = low with" in capsys.readouterr().out
    assert main(["effect", "out", "--from", "a", "--to", "c", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    shares = [row["mean"] for row in content["distribution"] if row["set_to"] == "high"]
    assert sum(shares) == pytest.approx(1.0)
    assert main(["export", "out", "--format", "bif", "--out", "net.bif"]) == 0
    assert "variable a" in Path("net.bif").read_text()


def test_effect_of_a_mixed_table(here, capsys):
    mixed_table(names=("drug", "pain", "well")).save("out")
    assert main(["effect", "out", "--from", "drug", "--to", "pain", "--reference", "no"]) == 0
    said = capsys.readouterr().out
    assert "drug = more instead of no: mean of pain changes by -" in said
    assert "through the indicators of its levels" in said
    assert "missing at random" in said
    assert main(["effect", "out", "--from", "pain", "--to", "well", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    by_level = {row["outcome"]: row["mean"] for row in content["changes"] if "unit" in row["change"]}
    assert by_level["well = no"] == pytest.approx(-by_level["well = yes"])
    assert content["in_standard_deviations"] is False
    told = fails(capsys, "effect", "out", "--from", "drug", "--to", "pain", "--reference", "yes")
    assert "no level 'yes': did you mean '<i>yes'?" in told
    told = fails(capsys, "export", "out", "--format", "bif", "--out", "net.bif")
    assert "graphml, gml, dot or csv" in told
    assert main(["export", "out", "--format", "dot", "--out", "net.dot"]) == 0


def test_a_reference_level_is_for_mixed_tables(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", "--quiet"]) == 0
    capsys.readouterr()
    told = fails(capsys, "effect", "out", "--from", "a", "--to", "c", "--reference", "1")
    assert "--reference is for mixed tables" in told


def test_questions_about_an_effect(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", "--method", "exact", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["effect", "out", "--from", "a", "--to", "c", "--above", "0.2", "--below", "1"]) == 0
    said = capsys.readouterr().out
    assert "Probability that the effect of a on c is above 0.2: 0." in said
    assert "Probability that the effect of a on c is below 1: 0." in said
    assert "Sign of the effect of a on c: positive 0." in said
    assert main(["effect", "out", "--from", "a", "--to", "c", "--above", "0.2", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    (question,), (sign,) = content["questions"], content["signs"]
    assert (question["side"], question["limit"]) == ("above", 0.2)
    assert sign["positive"] + sign["negative"] + sign["none"] == pytest.approx(1.0)
    assert question["probability"] <= sign["positive"]
    assert sign["none"] == content["probability_zero"]
    assert "expect a number" in fails(capsys, "effect", "out", "--from", "a", "--to", "c", "--above", "inf")


def test_several_causes_at_once(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", "--method", "exact", "--quiet"]) == 0
    capsys.readouterr()
    several = ["effect", "out", "--from", "a", "--from", "b", "--to", "c"]
    assert main([*several, "--above", "0"]) == 0
    said = capsys.readouterr().out
    assert "Changes of c when a and b are set at once" in said
    assert "  b one unit higher, a held: c changes by " in said
    assert "Probability that the change of c, b one unit higher, a held, is above 0: 0." in said
    assert main([*several, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["from"] == ["a", "b"]
    assert len(content["several"]) == 3
    assert "all be different" in fails(capsys, "effect", "out", "--from", "a", "--from", "a", "--to", "c")
    assert "--reference is for" in fails(capsys, *several, "--reference", "x")


def test_effect_of_curves_is_a_contrast_and_a_curve(here, capsys):
    rng = np.random.default_rng(0)
    mixed = curve_table(rng)
    mixed.to_csv("mixed.csv", index=False)
    assert (
        main(
            ["fit", "mixed.csv", "--score", "additive", "--required", "dose:pain", "--out", "out", "--quiet"]
        )
        == 0
    )
    capsys.readouterr()
    assert (
        main(["effect", "out", "--from", "dose", "--to", "pain", "--draws", "100", "--plot", "curve.svg"])
        == 0
    )
    said = capsys.readouterr().out
    assert "(its 25 % to its 75 % quantile): mean of pain changes by" in said
    assert "Mean of pain when dose is set (mean, 90 % interval):" in said
    assert "dose acts through a curve, so another step of it has another effect" in said
    assert "cannot tell apart" not in said
    assert Path("curve.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert main(["effect", "out", "--from", "dose", "--to", "pain", "--draws", "100", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    curve = content["dose_response"]
    assert len(curve) == 21
    assert curve[0]["mean"] > curve[10]["mean"] < curve[20]["mean"]  # a bowl
    assert "standard deviation" not in content["changes"][0]["change"]
    assert main(["effect", "out", "--from", "sex", "--to", "pain", "--draws", "50"]) == 0
    assert "instead of" in capsys.readouterr().out
    assert main(["effect", "out", "--from", "dose", "--from", "sex", "--to", "pain", "--draws", "50"]) == 0
    assert "held at" in capsys.readouterr().out
    assert main(["query", "out", "effect(dose, pain) > 0", "--draws", "50"]) == 0
    assert "per unit of a, on average from the 25 %" in capsys.readouterr().out
    assert "leave it out" in fails(
        capsys, "effect", "out", "--from", "sex", "--to", "pain", "--plot", "x.png"
    )
    assert "no suffix of a figure" in fails(
        capsys, "effect", "out", "--from", "dose", "--to", "pain", "--draws", "9", "--plot", "x.foo"
    )
    assert "quartiles" in fails(capsys, "effect", "out", "--from", "dose", "--to", "pain", "--reference", "f")
    assert "additive" in fails(capsys, "next", "out")
    assert "dose_response" in fails(capsys, "export", "out", "--format", "bif", "--out", "x.bif")
    assert "--score bge" in fails(capsys, "combine", "out", "out", "--parameters", "own", "--out", "both")


def test_effect_of_numbers_is_drawn_too(here, capsys):
    assert main(["fit", "ok.csv", "--out", "out", "--quiet"]) == 0
    assert main(["effect", "out", "--from", "a", "--to", "c", "--plot", "slope.png"]) == 0
    assert Path("slope.png").read_bytes().startswith(b"\x89PNG")
