// SPDX-License-Identifier: GPL-2.0-only
/* The policy readonly in user space, with parameters that its rules have as well. */
#include "iommufd_policy.bpf.h"

#define devices readonly_devices
#define models readonly_models
#define guarded readonly_guarded
/* A function for all entries of a map has more parameters than it uses. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "../../../bpf/policies/readonly.bpf.c"

static void begin(void)
{
	SHIPPED_MAP(devices);
	SHIPPED_MAP(models);
	SHIPPED_MAP(guarded);
}

const struct shipped shipped_readonly = { "readonly", &readonly, begin };
