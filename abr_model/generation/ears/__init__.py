"""One ear under other conditions: inferred from its recordings, decoded elsewhere (docs/one_ear.md)."""
