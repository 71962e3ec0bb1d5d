"""Plants and attacks as captures with ground truth: synthesised, the same bytes for the same seed (docs/range.md)."""
