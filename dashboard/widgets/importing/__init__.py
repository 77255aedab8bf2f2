"""The import wizard of the Data page, one step or part a file."""
