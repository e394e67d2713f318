from dag_gfn.data.known_scales import SCALES


def test_scales_have_steps_of_labels():
    assert all(len(scale) >= 3 for scale in SCALES)
    assert any("low" in scale[2] or "low" in scale[1] for scale in SCALES)
    assert not any("" in step for scale in SCALES for step in scale)
