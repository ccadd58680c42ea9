"""Darknet networks: reading .cfg and .weights files, compiling and decoding them."""
