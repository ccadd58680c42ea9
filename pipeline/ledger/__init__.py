"""The ledger: an SQLite file in OUTPUT that records the result of each input."""
