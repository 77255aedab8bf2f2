"""The view Search: looking for better settings."""
