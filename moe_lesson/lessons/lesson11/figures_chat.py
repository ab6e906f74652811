"""What a model may say next: its likeliest tokens, as bars."""

from moe_lesson.study.figures.frame import FONT, SERIES, finish, our_style
from moe_lesson.study.figures.palette import OUTLINE


def visible(token):
    """Write a token so that its spaces and line breaks are seen.

    >>> visible(" a")
    '␣a'

    Lesson 11.
    """
    return token.replace("\n", "¶").replace(" ", "␣") or "(part)"


def _printable(token):
    """Cut a visible token to what an axis has room for; a dollar begins no formula."""
    return visible(token).replace("$", r"\$")[:12]


@our_style()
def next_tokens(axes, tokens, probabilities, name, chosen):
    """Draw the likeliest next tokens of one model.

    Args:
        tokens: texts, the likeliest first.
        probabilities: of each, 0 to 1.
        name: of the model.
        chosen: the token that was said, one of ``tokens``.

    >>> from moe_lesson.study.figures.frame import new_axes
    >>> next_tokens(new_axes(shown=False), ["a", "b"], [0.75, 0.25], "base", "a").get_title("left")
    'base: a 75 %'

    Lesson 11.
    """
    row = range(len(tokens))
    shades = [SERIES[1 if token == chosen else 0][0] for token in tokens]
    axes.barh(row, [100 * share for share in probabilities], color=shades, edgecolor=OUTLINE)
    axes.set_yticks(row, [_printable(token) for token in tokens], fontsize=FONT - 1)
    axes.set_ylim(len(tokens) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    title = f"{name}: {_printable(chosen)} {100 * max(probabilities):.0f} %"
    return finish(axes, title, "probability (%)", "")
