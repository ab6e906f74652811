"""A room for each notebook: what it alone uses.

``checks*`` judges the reader's answers, ``figures*`` draws, ``widget_*`` moves; any other name
is the experiment itself.
"""
