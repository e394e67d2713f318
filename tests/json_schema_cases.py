"""Validation of what commands print, by an implementation of JSON Schema that is not ours."""

import functools
import json

import jsonschema

from dag_gfn.cli.json_schemas import schema_text


def read(name):
    """Return the schema of a form."""
    return json.loads(schema_text(name))


@functools.cache
def _validator(name):
    schema = read(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@functools.cache
def _record_validator():
    schema = {**read("show"), "required": ["names", "d", "log_evidence"]}
    return jsonschema.Draft202012Validator(schema)


def complaints(name, content):
    """Return what the schema of a form has against a content, each with its place."""
    return [f"{each.json_path}: {each.message}" for each in _validator(name).iter_errors(content)]


def complaints_about_record(info):
    """Return what the form `show` has against the record of a posterior, which is a part of it."""
    return [f"{each.json_path}: {each.message}" for each in _record_validator().iter_errors(info)]
