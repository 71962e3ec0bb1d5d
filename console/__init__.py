"""Keeps, shows, reports upward: one code base for every tier."""
