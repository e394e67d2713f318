import json

from dag_gfn.data.roles import ColumnRole


def test_a_role_is_plain_json():
    role = ColumnRole("town", "category", "rare levels are merged", missing=3, levels=5, surprise=1)
    assert ColumnRole(**json.loads(json.dumps(role.to_json()))) == role
