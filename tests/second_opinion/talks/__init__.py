"""Talks made while the test runs, for protocols that few captures have: by real stacks where there are light ones."""
