/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which way a packet goes, always said from the tenant's view. */
#ifndef WEIR_BPF_SHARED_DIRECTION_H
#define WEIR_BPF_SHARED_DIRECTION_H

enum weir_direction { WEIR_TX = 0, WEIR_RX = 1, WEIR_DIRECTIONS = 2 };

#endif
