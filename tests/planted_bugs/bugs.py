"""The bugs: those that others have had with outboxes, queues and shops, and each decision of the protocol undone."""

from tests.planted_bugs import of_the_apps, of_the_engine, of_the_pages, of_the_protocol

BUGS = (*of_the_engine.BUGS, *of_the_apps.BUGS, *of_the_pages.BUGS, *of_the_protocol.BUGS)
