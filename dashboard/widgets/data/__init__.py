"""The views of the Data page, one file each."""
