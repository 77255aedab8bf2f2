"""What came out of a review: every statistic a file, each a function of plain arrays, checked against published numbers."""
