// SPDX-License-Identifier: GPL-2.0-only
/* Refused: hooks, but no policy that has them. */
#include "iommufd_policy.bpf.h"

char LICENSE[] SEC("license") = "GPL";

IOMMUFD_HOOK_NOSLEEP(ioas_map, check)
{
	return 0;
}
