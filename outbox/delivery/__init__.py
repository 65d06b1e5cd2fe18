"""Delivering a dispatch: what a Celery worker does with the deliveries that a message names."""
