"""Batches of any size: a design and a seed in; a file, its provenance and its data card out."""
