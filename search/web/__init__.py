"""The search page: a web server on this machine that shows the collection and what was found in it."""
