"""The Evaluation page, a view a file."""
