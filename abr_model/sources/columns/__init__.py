"""What the columns of a table are, and their cells in the terms of a cohort."""
