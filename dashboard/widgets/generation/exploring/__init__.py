"""Sliders for conditions, and what a model makes of them."""
