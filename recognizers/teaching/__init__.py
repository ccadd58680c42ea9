"""Training and evaluating a face model, and choosing its unknown distance."""
