"""Evaluations that run as processes of their own: made, started, followed, stopped and found again."""
