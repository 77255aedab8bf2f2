"""A scorecard as one page."""
