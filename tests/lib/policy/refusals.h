/* SPDX-License-Identifier: GPL-2.0-only */
/* Read the driver's history of refusals with the BPF program of tests/bpf/refusals.bpf.c. */
#ifndef TESTS_LIB_POLICY_REFUSALS_H
#define TESTS_LIB_POLICY_REFUSALS_H

#include <linux/types.h>

#include "iommufd_policy.h"

/* Fill in the entries, in the order of their numbers. Returns the number of entries, or -errno. */
int refusals__read(struct iommufd_refusal_info infos[IOMMUFD_REFUSALS]);

#endif
