"""Rules and indicators that others wrote, made into ours: what could not be said is told, part by part."""
