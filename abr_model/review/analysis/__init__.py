"""What came out of a review: every statistic is a function of plain arrays, checked against published numbers."""
