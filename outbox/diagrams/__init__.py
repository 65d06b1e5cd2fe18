"""Diagrams of an order's history and of the choreography: pure layouts, which templates draw.

A layout takes what has happened and returns positioned shapes in the units of its drawing; it reads no table and
writes no markup. The templates below `outbox/diagrams/` turn shapes into SVG, with the same data as a table beside it.
"""
