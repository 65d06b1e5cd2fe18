"""Threads may be the first to use a struct together, as those of a web server are with the first requests.

msgspec looks at a struct's fields when it is first used. Until 0.23 another thread could use it halfway through that,
and the process died of it.
"""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

STRUCTS = 40  # an older msgspec does not survive the first three

PROGRAM = dedent("""
    import sys
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    import msgspec

    def used(kind, together):
        together.wait()
        return msgspec.convert({"lines": [{"sku": "MUG-BLUE", "quantity": 2}]}, kind)

    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(16) as threads:
        for _ in range(int(sys.argv[1])):
            line = msgspec.defstruct("Line", [("sku", str), ("quantity", int)])
            order = msgspec.defstruct("Order", [("lines", list[line])])
            together = Barrier(16)
            assert len(set(map(repr, threads.map(lambda _: used(order, together), range(16))))) == 1
""")


def test_threads_may_use_a_struct_for_the_first_time_together() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM, str(STRUCTS)], check=True, timeout=60)
