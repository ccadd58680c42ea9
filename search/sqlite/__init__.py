"""The index in one SQLite file beside the ledger."""
