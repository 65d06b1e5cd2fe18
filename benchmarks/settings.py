"""The project's settings, with the statements that its processes execute counted."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS, LOGGING

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks"]
SANDBOX = True
PAYMENT_PROVIDER = "payments.sandbox.SandboxProvider"  # with DEBUG off there is no default
CARRIER = "shipping.sandbox.SandboxCarrier"
LOGGING["loggers"]["kombu.connection"] = {"level": "ERROR"}  # it warns that pgmq has no host name
API_THROTTLES = {}  # what is measured is the engine, not what it refuses
