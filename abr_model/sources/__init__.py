"""Where cohorts come from: the simulated clinic and readers of clinic files. Every reader returns a cohort."""
