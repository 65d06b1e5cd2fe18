"""Variants: orders grouped by their sequence of events, the rare ones first; and the pages that show them."""
