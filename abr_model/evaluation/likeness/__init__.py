"""Whether generated traces pass for real ones, all together."""
