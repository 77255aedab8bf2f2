"""Training: a run is a folder; ``fit`` trains it in this process, ``launch`` in one of its own."""
