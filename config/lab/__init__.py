"""The scenario lab of the sandbox: orders that go wrong in a known way, placed as customers place theirs."""
