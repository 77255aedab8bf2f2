"""What a cohort holds, in numbers that a figure shows: groups, grand means, latency by level, distributions, quality,
and what a selection does to all of them."""
