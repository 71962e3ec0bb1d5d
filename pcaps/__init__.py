"""Captures the project made, with a manifest: how made, what is in them, what must be found."""
