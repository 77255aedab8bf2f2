"""Figures of one inferred ear."""
