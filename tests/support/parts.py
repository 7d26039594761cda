# SPDX-License-Identifier: GPL-2.0-or-later
"""Which tests hold on every change, and which belong to `scripts/test --all`."""


def in_all(why):
    """Marks a test method or class that `scripts/test --all` runs: it is statistical, or exact but long. `why` says which."""

    def mark(item):
        item.in_all = why
        return item

    return mark
