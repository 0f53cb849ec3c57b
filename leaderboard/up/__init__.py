"""The parts of a one-machine board, started together and restarted when they die. Knows no Django: that runs in children."""
