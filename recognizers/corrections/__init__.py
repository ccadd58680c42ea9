"""What people have said about found faces: kept beside a face model, obeyed by training and by runs."""
