// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies that call a function of a request with another pointer than the one that their program
 * got, for tests/vm/kfunc-args.c. Their names begin with the function's; the one that passes the
 * driver's request ends in _checked.
 */
#include <iommufd_policy.bpf.h>

char LICENSE[] SEC("license") = "GPL";

/* Memory of a map. */
struct iommufd_policy_request global;

/* Define the policy of a program. libbpf can load each alone. */
#define POLICY(function) \
	SEC(".struct_ops.link") \
	struct iommufd_policy_ops function##_ops = { \
		.ioas_map = (void *)function, \
		.name = "made-up", \
		.version = IOMMUFD_POLICY_VERSION, \
	}

/* A copy on the stack. */
#define COPY(name) \
	struct iommufd_policy_request name = {}; \
\
	name.tgid = req->tgid

IOMMUFD_HOOK(ioas_map, iommufd_policy_reason_stack)
{
	COPY(copy);
	return iommufd_reason(&copy, "x");
}

POLICY(iommufd_policy_reason_stack);

IOMMUFD_HOOK(ioas_map, iommufd_policy_reason_map)
{
	return iommufd_reason(&global, "x");
}

POLICY(iommufd_policy_reason_map);

IOMMUFD_HOOK(ioas_map, iommufd_policy_reason_inside)
{
	return iommufd_reason((const void *)req + 8, "x");
}

POLICY(iommufd_policy_reason_inside);

IOMMUFD_HOOK(ioas_map, iommufd_policy_totals_stack)
{
	COPY(copy);
	iommufd_policy_totals(&copy);
	return 0;
}

POLICY(iommufd_policy_totals_stack);

IOMMUFD_HOOK(ioas_map, iommufd_policy_totals_map)
{
	iommufd_policy_totals(&global);
	return 0;
}

POLICY(iommufd_policy_totals_map);

IOMMUFD_HOOK(ioas_map, iommufd_policy_ancestor_stack)
{
	COPY(copy);
	return -(int)(iommufd_policy_ancestor(&copy, 0) & 1);
}

POLICY(iommufd_policy_ancestor_stack);

IOMMUFD_HOOK(ioas_map, iommufd_policy_ancestor_map)
{
	return -(int)(iommufd_policy_ancestor(&global, 0) & 1);
}

POLICY(iommufd_policy_ancestor_map);

IOMMUFD_HOOK(ioas_map, iommufd_policy_all_checked)
{
	iommufd_policy_totals(req);
	iommufd_reason(req, "x");
	return -(int)(iommufd_policy_ancestor(req, 0) & 1);
}

POLICY(iommufd_policy_all_checked);
