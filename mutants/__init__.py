"""Broken migrators, to see that the acceptance suite finds each of them: `python -m mutants`, or `make mutants`."""
