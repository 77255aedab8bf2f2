"""Whether generated recordings are what their conditions ask for."""
