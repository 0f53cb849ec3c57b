"""From an image and a release to scores: stages started, looked at and collected, and what they left read."""
