"""Recordings from a trained model: conditions in, a generated :class:`~abr_model.cohort.Cohort` out, and its export."""
