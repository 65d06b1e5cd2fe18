"""The relay: hands new events, and deliveries that are due again, to Celery."""
