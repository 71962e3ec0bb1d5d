"""Hits and windows → alerts. `alerts.Analyst` is what the pipeline calls; each detector describes what it found."""
