"""The unknown faces of a mined collection: read from reports, described, grouped and cut out."""
