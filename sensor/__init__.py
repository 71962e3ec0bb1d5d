"""Wire bytes to events. The core is Rust (`sensor._core`); what stands here drives it once per batch."""
