"""The view of batches: a design, what it gives, its generation in the background, and what was made before."""
