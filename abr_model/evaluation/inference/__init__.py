"""What a network says about one recording: reconstruction, likelihood, labels filled in."""
