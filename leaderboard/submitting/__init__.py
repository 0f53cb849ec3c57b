"""What participants write: teams, models, uploads, submissions."""
