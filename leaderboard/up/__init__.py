"""The parts of a one-machine board, started together and restarted when they die. Django runs in children alone."""
