"""Whether generated recordings give training patients away."""
