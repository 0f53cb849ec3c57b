"""A host's side of the board: makes the containers here equal to the list that the site wants, and reports."""
