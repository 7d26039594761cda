# SPDX-License-Identifier: GPL-2.0-or-later
# What Weir finds out about a stock kernel.
keep features weir features -j
keep table weir features
