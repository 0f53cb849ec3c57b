"""Answers that the scorer alone reads: keys, sealed boxes, commitments, certificates, and what a curator is told."""
