"""Preparing faces, training and evaluating a face model, choosing its unknown distances."""
