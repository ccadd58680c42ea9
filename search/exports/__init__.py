"""What the index knows, written in the formats of other programs."""
