"""Which recordings come from one ear: what some of them say about the others (docs/one_ear.md)."""
