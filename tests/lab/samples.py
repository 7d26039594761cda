# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts over time, as the programs of tools/ sample them: [[time_ns, count, ...], ...], cumulative."""

import bisect

RX_BYTES = 1  # column of a sample of 'wire'
TCP_FRAME, TCP_PAYLOAD = 1514, 1448  # bytes of a full packet of layer 2, and what it carries


def percentile(values, share):
    """The smallest value that at least this share of them does not exceed; None of none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)] if ordered else None


def count_at(samples, time_ns, column):
    """A cumulative count at a moment, on the line between the samples around it."""
    place = bisect.bisect_left(samples, [time_ns])
    if place == 0:
        return samples[0][column]
    if place == len(samples):
        return samples[-1][column]
    (before, after) = samples[place - 1], samples[place]
    share = (time_ns - before[0]) / (after[0] - before[0])
    return before[column] + share * (after[column] - before[column])


def rate_bps(samples, from_ns, to_ns, column):
    return (count_at(samples, to_ns, column) - count_at(samples, from_ns, column)) * 8e9 / (to_ns - from_ns)
