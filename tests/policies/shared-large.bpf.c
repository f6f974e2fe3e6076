// SPDX-License-Identifier: GPL-2.0-only
/* A policy for tests: as shared, but its map has another size. */
#define ENTRIES 128
#include "shared.bpf.c"
