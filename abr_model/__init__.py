"""Synthetic auditory brainstem responses: cohorts, the conditional VAE, generation. Never imports the dashboard."""
