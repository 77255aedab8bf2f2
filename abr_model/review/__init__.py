"""Blinded expert review: do those who read traces every day tell recorded from generated ones?"""
