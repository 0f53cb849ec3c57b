"""Work on hosts: what is wanted there, what became of it, and what follows from that."""
