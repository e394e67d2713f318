import dataclasses

import pytest

from dag_gfn.posterior.diagnostic_parts import AgainstChains, Agreement, Coverage, Importance
from dag_gfn.posterior.diagnostics import (
    KINDS,
    BlanketErrors,
    EdgeDiagnostics,
    ExactCheck,
    ExactDiagnostics,
    GraphDivergence,
    LayerDiagnostics,
    MCMCDiagnostics,
    diagnostics_from_json,
)
from dag_gfn.posterior.json_record import JsonRecord, types_of


def filled(kind):
    """A record of this kind with a value in every field."""
    values = {float: 0.5, int: 3, bool: True, str: "text", dict: {"swap": 0.25}}
    return kind(
        **{
            name: filled(of_field) if issubclass(of_field, JsonRecord) else values[of_field]
            for name, of_field in types_of(kind).items()
        }
    )


@pytest.mark.parametrize("kind", [*KINDS, ExactCheck])
def test_each_kind_is_read_back_from_its_json(kind):
    record = filled(kind)
    found = record.to_json()
    assert kind.from_json(found) == record
    assert kind.from_json({**found, "of_a_later_version": 1}) == record
    assert kind.from_json({}) is None


@pytest.mark.parametrize("kind", [*KINDS, ExactCheck])
def test_no_two_fields_of_a_kind_have_the_same_key(kind):
    def keys(part):
        for name, of_field in types_of(part).items():
            yield from keys(of_field) if issubclass(of_field, JsonRecord) else [name]

    found = list(keys(kind))
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("info", "kind"),
    [
        ({"method": "exact"}, ExactDiagnostics),
        ({"method": "mcmc"}, MCMCDiagnostics),
        ({"method": "gflownet", "environment": "edges"}, EdgeDiagnostics),
        ({"method": "gflownet", "environment": "layers"}, LayerDiagnostics),
        ({"method": "gflownet"}, EdgeDiagnostics),  # before there were layers
    ],
)
def test_method_and_environment_name_the_kind(info, kind):
    assert type(diagnostics_from_json({**info, "diagnostics": {"iterations": 3}})) is kind
    assert diagnostics_from_json(info) is None


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ({"error_bound": 1e-12}, ExactDiagnostics),
        ({"max_r_hat": 1.0}, MCMCDiagnostics),
        ({"ess": 0.5, "log_z": -1.0}, EdgeDiagnostics),
        ({"ess": 0.5, "reliable_weights": True, "max_r_hat": 1.0}, LayerDiagnostics),
        ({"estimate": "raw"}, LayerDiagnostics),
    ],
)
def test_keys_name_the_kind_where_nothing_else_does(found, kind):
    assert type(diagnostics_from_json({"diagnostics": found})) is kind


def test_parts_of_what_was_recorded():
    found = {"candidates": 20, "covered": 0.8, "corrected": False, "log_z_shift": None, "max_r_hat": None}
    diagnostics = diagnostics_from_json({"method": "mcmc", "diagnostics": found})
    assert diagnostics.coverage == Coverage(candidates=20, covered=0.8)
    assert diagnostics.uncorrected
    assert diagnostics.agreement.max_r_hat is None
    assert diagnostics.importance is diagnostics.against_chains is None


def test_diagnostics_do_not_change():
    agreement = Agreement(chains=4, max_r_hat=1.0, min_effective_draws=900.0, chains_agree=True)
    for record in (
        agreement,
        filled(Importance),
        filled(AgainstChains),
        filled(GraphDivergence),
        filled(BlanketErrors),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, dataclasses.fields(record)[0].name, None)
