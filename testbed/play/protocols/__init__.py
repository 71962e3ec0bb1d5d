"""Messages of the protocols that the synthesised plants speak, as bytes."""
