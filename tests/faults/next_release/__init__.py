"""The next release of the toy: what it has more than the one in `tests.toy`, which stays installed beside it."""
