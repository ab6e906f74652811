"""Figures that two lessons or more draw, and what all figures share.

A figure takes numbers and axes, writes its finding as title, returns the axes. None of them
trains or calls ``show``. Get axes from ``frame.new_axes``.
"""
