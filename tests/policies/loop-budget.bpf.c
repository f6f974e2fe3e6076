// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy loop with the default budget.
 */
#define LOOP_BUDGET_MS 0
#include "loop.bpf.c"
