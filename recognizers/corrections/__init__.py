"""Users' corrections of found faces: kept beside a face model, applied by training and by runs."""
