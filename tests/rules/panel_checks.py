"""Checks of a widget's panel that a lesson's tests take over by importing them."""


def test_every_state_can_be_copied_and_pasted(panel):
    for values in panel.states.values():
        panel.move(**values)
        line, sentence = panel.state, panel.sentence
        panel.move(**panel.start)
        panel.read(line)
        assert (panel.state, panel.sentence) == (line, sentence)
