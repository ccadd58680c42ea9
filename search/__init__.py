"""The search index: what the reports of one output folder say, ready to be asked.

Stands above `reporters/` and the ledger; knows no detector and no worker.
"""
