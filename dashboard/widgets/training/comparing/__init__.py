"""The view Compare: runs over one another, and the model in use."""
