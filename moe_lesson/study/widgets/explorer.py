"""A picture that follows its controls, and that still says something without a kernel."""

import html
import math
import os
import shlex

import ipywidgets
from traitlets import TraitError

from moe_lesson.study.figures.frame import finish, new_axes, our_style, png
from moe_lesson.study.widgets.view import View, bundle, figure

CALM = {"continuous_update": False}  # a drawing takes 50 to 100 ms: draw when a control stops
WIDE = {"style": {"description_width": "initial"}}  # room for a description of several words


class Explorer:
    """Show the picture and the sentence of a view, and renew them when a control moves.

    Only native controls are used, so all of it works by keyboard.

    Args:
        view: a function; the values of ``controls`` are its arguments. It returns a View,
            or raises ValueError with what is wrong: the reader then reads that.
        controls: name -> ipywidgets control, its first value included.
        states: name -> {control: value}: a button each, and the strip shown without a kernel.
        question: what to predict before moving anything.
        poster: a function without arguments that returns a PNG; needed if pictures are HTML.

    >>> slider = ipywidgets.IntSlider(1)
    >>> double = Explorer(lambda a: View("", f"Twice {a} is {2 * a}."), {"a": slider}, {})
    >>> slider.value = 4
    >>> double.sentence, double.state
    ('Twice 4 is 8.', 'a=4')

    Lesson 0.
    """

    def __init__(self, view, controls, states, question="", poster=None):
        self.view, self.controls = our_style()(view), controls
        self.poster = our_style()(poster) if poster else None
        self.start = {name: control.value for name, control in controls.items()}
        self.states = {name: self.start | values for name, values in states.items()}
        self.picture, self.sentence, self._still = b"", "", False
        self._screen, self._status = ipywidgets.HTML(), ipywidgets.HTML()
        self._state = ipywidgets.Text(
            description="State",
            **CALM,
            layout={"width": "58em", "max_width": "100%"},  # the longest state
            tooltip="Copy it to keep this state; paste one to return to it.",
        )
        self.update()
        for control in controls.values():
            control.observe(self.update, "value")
        self._state.observe(self._paste, "value")
        self.box = ipywidgets.VBox(
            [
                *self._prediction(question),
                ipywidgets.HBox(list(controls.values()), layout={"flex_flow": "row wrap"}),
                ipywidgets.HBox([*self._buttons(), self._state], layout={"flex_flow": "row wrap"}),
                self._screen,
                self._status,
            ]
        )

    def _prediction(self, question):
        guess = ipywidgets.Text(description="Your guess", placeholder="before you move anything")
        line = ipywidgets.HTML(f"<p><em>Predict first.</em> {html.escape(question)}</p>")
        return [line, guess] if question else []

    def _buttons(self):
        buttons = []
        for name, values in (self.states | {"Reset": self.start}).items():
            button = ipywidgets.Button(description=name)
            button.on_click(lambda _, values=values: self.move(**values))
            buttons.append(button)
        return buttons

    @property
    def state(self):
        """Write the controls' values as one line that ``read`` takes back.

        >>> Explorer(lambda k: View("", ""), {"k": ipywidgets.IntSlider(2)}, {}).state
        'k=2'

        Lesson 0.
        """
        values = {name: control.value for name, control in self.controls.items()}
        short = {n: f"{v:.6g}" if isinstance(v, float) else str(v) for n, v in values.items()}
        return " ".join(f"{name}={shlex.quote(text)}" for name, text in short.items())

    def move(self, **values):
        """Move several controls and draw once.

        Raises:
            KeyError: there is no such control.

        >>> bench = Explorer(lambda k: View("", f"{k}"), {"k": ipywidgets.IntSlider(2)}, {})
        >>> bench.move(k=5)
        >>> bench.sentence
        '5'

        Lesson 0.
        """
        self._still = True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        finally:
            self._still = False
        self.update()

    def read(self, text):
        """Move the controls to a state that ``state`` wrote.

        Raises:
            ValueError: the text names no control, or a value that it cannot take.

        >>> bench = Explorer(lambda k: View("", f"{k}"), {"k": ipywidgets.IntSlider(2)}, {})
        >>> bench.read("k=3")
        >>> bench.sentence
        '3'

        Lesson 0.
        """
        before = {name: control.value for name, control in self.controls.items()}
        try:
            pairs = [part.partition("=")[::2] for part in shlex.split(text)]
            self.move(**{name: self._value(name, written) for name, written in pairs})
        except (KeyError, TraitError, ValueError) as error:
            self.move(**before)
            raise ValueError(f"this state cannot be read: {text} ({error})") from error

    def _value(self, name, written):
        """Turn text into a value of the control's type."""
        kind = type(self.controls[name].value)
        if kind is bool:
            return {"True": True, "False": False}[written]
        if kind is float and not math.isfinite(float(written)):
            raise ValueError(f"{name} is {written}")
        return kind(written)

    def _paste(self, change):
        if change["new"] == self.state:
            return
        try:
            self.read(change["new"])
        except ValueError as error:
            self._say(str(error))

    def update(self, _=None):
        """Draw the controls' present values; the picture stays if they are impossible.

        >>> Explorer(lambda k: View("", "drawn"), {"k": ipywidgets.IntSlider(2)}, {}).update()

        Lesson 0.
        """
        if self._still:
            return
        try:
            shown = self.view(**{name: control.value for name, control in self.controls.items()})
        except ValueError as error:
            self._say(str(error))
            return
        self.picture, sentence = shown
        self._screen.value = figure(self.picture, sentence)
        self._state.value = self.state
        self._say(sentence)

    def _say(self, sentence):
        self.sentence = sentence
        spoken = html.escape(sentence)
        self._status.value = f'<p role="status" aria-live="polite">{spoken}</p>'

    def _repr_mimebundle_(self, **_):
        if os.environ.get("MOE_STATIC"):
            states = self.states or {"": self.start}
            views = {name: self._seen(**values) for name, values in states.items()}
            return bundle(views, self.poster and self._still_picture)
        live = self.box._repr_mimebundle_() or {}
        shown = View(self.picture, self.sentence) if self.picture else _refused(self.sentence)
        return live | bundle({"": shown}, self.poster and self._still_picture)

    def _seen(self, **values):
        """Return the view of these values, or in its place the reason why there is none."""
        try:
            return self.view(**values)
        except ValueError as error:
            return _refused(error)

    def _still_picture(self):
        """Return the poster, or in its place the reason why there is none."""
        try:
            return self.poster()
        except ValueError as error:
            return _refused(error).picture


@our_style()
def _refused(reason):
    """Write a reason where a picture would be."""
    axes = finish(new_axes(height=1, shown=False), str(reason), "", "")
    axes.set_axis_off()
    return View(png(axes.figure), str(reason))
