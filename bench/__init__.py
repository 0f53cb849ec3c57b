"""Speed, as ratios to a stated peer or limit measured in the same run. Nothing here is a test."""
