"""A training run is a folder: what it holds, who may train it, and what it says. Nothing here needs torch."""
