"""The catalog of errors, one file for each page of the documentation; `wire/errors.py` joins them."""
