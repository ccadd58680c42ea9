"""The index in a PostgreSQL database; needs no extension and no text search configuration."""
