"""Widgets of the Generation page: a view a room."""
