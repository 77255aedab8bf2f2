"""The view "One patient": an ear inferred from a recording, under other conditions, and between two."""
