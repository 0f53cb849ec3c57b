"""Sealed studies: their life, and the scorer, the one process that opens their answers."""
