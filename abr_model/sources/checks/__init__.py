"""What is suspicious about an import, checked before anything is stored."""
