"""What a widget leaves for readers without a kernel: pictures, with their sentences."""

import base64
import html
from typing import NamedTuple

from moe_lesson.study.figures.frame import picture_html, stacked


class View(NamedTuple):
    """Hold what one state of the controls shows.

    >>> View("<b>3</b>", "Expert 3.").sentence
    'Expert 3.'

    Lesson 0.
    """

    picture: bytes | str  # a PNG, or HTML
    sentence: str  # the finding with its numbers: caption, alt text and spoken status


def bundle(views, poster=None):
    """Write named views as a picture, as text, and as HTML with alternative text.

    Args:
        views: name -> View.
        poster: a function that returns a PNG; needed if the views' pictures are HTML.

    Returns:
        MIME type -> content, for a notebook to choose from.

    >>> from moe_lesson.study.figures.frame import new_axes, png
    >>> blank = png(new_axes(shown=False).figure)
    >>> bundle({"Start": View(blank, "Nothing yet.")})["text/plain"]
    'Start: Nothing yet.'

    Lesson 0.
    """
    figures, captions, strip = [], [], []
    for name, (picture, sentence) in views.items():
        caption = f"{name}: {sentence}" if name else sentence
        below = f"<figcaption>{html.escape(caption)}</figcaption>"
        figures.append(f"<figure>{figure(picture, caption)}{below}</figure>")
        captions.append(caption)
        strip.append(picture)
    strip = stacked([poster()] if poster else strip)
    hint = "<p><em>Run this cell to move the controls.</em></p>"
    return {
        "image/png": base64.b64encode(strip).decode(),
        "text/plain": "\n".join(captions),
        "text/html": "".join(figures) + hint,
    }


def figure(picture, alt):
    """Write a PNG as HTML with alternative text; what is HTML already stays as it is.

    >>> figure("<b>3</b>", "three")
    '<b>3</b>'

    Lesson 0.
    """
    if isinstance(picture, str):
        return picture
    return picture_html(picture, alt)
