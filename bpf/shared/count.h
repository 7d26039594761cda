/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is counted of frames wherever Weir counts. docs/ledger.md. */
#ifndef WEIR_BPF_SHARED_COUNT_H
#define WEIR_BPF_SHARED_COUNT_H

#include "types.h"

struct weir_count {
    __u64 packets; /* what the wire carries: the segments of a GSO frame, each one */
    __u64 bytes;   /* layer 2, every segment's headers included, no FCS, no preamble */
};

WEIR_STATIC_ASSERT(sizeof(struct weir_count) == 16, "weir_count is part of the pinned state");

#endif
