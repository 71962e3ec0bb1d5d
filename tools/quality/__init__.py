"""Writes docs/detection-quality.md."""
