"""The site: thin doors around the evaluator. Rows in `models/`, writes in `hosting/`, `submitting/` and `publishing/`,
what people see in `pages/` and `api/`."""
