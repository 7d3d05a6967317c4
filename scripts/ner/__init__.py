"""How the embedded model that finds names was made: its data, its training, its files."""
