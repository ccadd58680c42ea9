"""From the faces that a mined collection calls unknown to groups, pictures and names."""
