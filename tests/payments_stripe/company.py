"""`python -m tests.payments_stripe.company PORT`: localstripe, on loopback only and in memory only.

Its own command listens on every interface, and writes all it knows to one fixed file in /tmp.
"""

import sys
from typing import Any

from aiohttp import web
from localstripe.resources import store
from localstripe.server import app


def main(port: int) -> None:
    forget: Any = lambda: None  # noqa: E731 (an attribute of one object, not a function of this module)
    store.dump_to_disk = forget
    web.run_app(app, host="127.0.0.1", port=port, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
