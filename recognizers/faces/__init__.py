"""Pictures of faces: labelled folders and CSV files, cropping, resizing, grouping, statistics."""
