"""The view Runs: the list, and one run as it trains."""
