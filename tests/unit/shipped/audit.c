// SPDX-License-Identifier: GPL-2.0-only
/* The policy audit in user space, with parameters that its rules have as well. */
#include "iommufd_policy.bpf.h"

#define counts audit_counts
#define last audit_last
#define totals audit_totals
#include "../../../bpf/policies/audit.bpf.c"

static void begin(void)
{
	struct total total = {};
	__u32 zero = 0;

	SHIPPED_MAP(counts);
	SHIPPED_MAP(last);
	SHIPPED_MAP(totals);
	bpf_map_update_elem(&totals, &zero, &total, BPF_ANY);
}

const struct shipped shipped_audit = { "audit", &audit, begin };
