"""Files that recordings leave the product in, one format a file; each is written a part at a time."""
