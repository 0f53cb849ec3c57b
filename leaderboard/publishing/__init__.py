"""From predictions to boards: scores computed once, stored ready to be sent."""
