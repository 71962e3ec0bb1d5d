"""Wire bytes in, events and records out."""
