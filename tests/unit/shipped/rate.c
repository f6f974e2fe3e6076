// SPDX-License-Identifier: GPL-2.0-only
/* The policy rate in user space, with parameters that its rules have as well. */
#include "iommufd_policy.bpf.h"

#define maps rate_maps
#define faults rate_faults
#include "../../../bpf/policies/rate.bpf.c"

static void begin(void)
{
	SHIPPED_MAP(maps);
	SHIPPED_MAP(faults);
	maps_per_second = 3;
	burst = 5;
	faults_per_second = 2;
	fault_burst = 4;
}

const struct shipped shipped_rate = { "rate", &rate, begin };
