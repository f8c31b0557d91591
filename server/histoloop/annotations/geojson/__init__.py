"""DSA annotation documents as GeoJSON and back, the way QuPath writes and reads it."""
