"""One colour per expert in every lesson, and never colour alone.

Okabe and Ito's eight colours stay apart for colour-blind readers, but three of them are
pale on white: a filled shape needs a dark outline, and the expert's number beside it.
"""

OUTLINE = "#222222"
MUTED = "#8A8A8A"
EXPERTS = (
    "#E69F00",  # orange
    "#56B4E9",  # sky blue
    "#009E73",  # green
    "#F0E442",  # yellow
    "#0072B2",  # blue
    "#D55E00",  # vermilion
    "#CC79A7",  # pink
    "#000000",  # black
)
DARK = ("#0072B2", "#000000")


def colour(expert):
    """Tell the colour of expert e, e mod 8.

    >>> colour(0) == colour(8)
    True

    Lesson 0.
    """
    return EXPERTS[int(expert) % len(EXPERTS)]


def ink(expert):
    """Tell which of black and white can be read on an expert's colour.

    Returns:
        A hex colour whose contrast with ``colour(expert)`` is above 4.5.

    >>> ink(0), ink(7)
    ('#000000', '#FFFFFF')

    Lesson 0.
    """
    return "#FFFFFF" if colour(expert) in DARK else "#000000"
