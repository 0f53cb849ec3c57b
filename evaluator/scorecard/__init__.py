"""Everything that is said about one model: its files of predictions read, scored, and made into one card."""
