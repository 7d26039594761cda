/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums of packets and bytes. Pure. */
#ifndef WEIR_BPF_LIB_COUNT_H
#define WEIR_BPF_LIB_COUNT_H

#include "../shared/count.h"

static __always_inline void weir_count_add(struct weir_count* to, struct weir_count count) {
    to->packets += count.packets;
    to->bytes += count.bytes;
}

#endif
