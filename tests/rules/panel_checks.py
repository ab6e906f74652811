"""Checks of a widget's panel that a lesson's tests take over by importing them."""

import base64


def test_every_state_can_be_copied_and_pasted(panel):
    for values in panel.states.values():
        panel.move(**values)
        line, sentence = panel.state, panel.sentence
        panel.move(**panel.start)
        panel.read(line)
        assert (panel.state, panel.sentence) == (line, sentence)


def test_static_output_is_the_strip_of_states(panel, monkeypatch):
    monkeypatch.setenv("MOE_STATIC", "1")
    bundle = panel._repr_mimebundle_()
    lines = bundle["text/plain"].splitlines()
    assert [line.split(":")[0] for line in lines] == list(panel.states)
    assert len(base64.b64decode(bundle["image/png"])) < 60_000


def each_control_changes_the_picture(panel, changes, native):
    """Demand that controls are native and named, and that each value draws another picture.

    Args:
        changes: of every control, a value that is not its first.
        native: the classes of ipywidgets that the controls may have.
    """
    assert set(changes) == set(panel.controls)
    for name, value in changes.items():
        assert isinstance(panel.controls[name], native) and panel.controls[name].description
        panel.move(**panel.start)
        before = panel.picture
        panel.move(**{name: value})
        assert panel.picture != before, name
    panel.move(**panel.start)
