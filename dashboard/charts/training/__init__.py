"""Charts of the Training page."""
