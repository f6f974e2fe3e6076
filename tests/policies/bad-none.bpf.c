// SPDX-License-Identifier: GPL-2.0-only
/* Invalid: programs for hooks, but no policy. */
#include "iommufd_policy.bpf.h"

char LICENSE[] SEC("license") = "GPL";

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	return 0;
}
