"""Figures of the Evaluation page."""
