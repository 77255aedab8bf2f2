"""The view New training: every setting, what it will take, and the start."""
