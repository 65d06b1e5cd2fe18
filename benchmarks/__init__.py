"""Murmuration against a plain Celery chain: `make bench`."""
