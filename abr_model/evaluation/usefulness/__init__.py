"""Whether a classifier learns from generated recordings what it learns from real ones."""
