// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of the loaded policies, from the running kernel. Without CAP_SYS_ADMIN they stay
 * unknown, and events show the ids.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "iosnoop_policies.skel.h"
#include "policy_name.h"
#include "source/source.h"

static void read_names(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct iosnoop_policies_bpf *bpf = iosnoop_policies_bpf__open_and_load();
	unsigned int i;

	if (!bpf) {
		policy_name__set_reader(NULL);
		return;
	}
	if (!bpf_prog_test_run_opts(bpf_program__fd(bpf->progs.read_policies), &opts))
		for (i = 0; i < bpf->bss->nr_policies; i++)
			policy_name__add(bpf->bss->ids[i], bpf->bss->names[i],
					 sizeof(bpf->bss->names[i]));
	iosnoop_policies_bpf__destroy(bpf);
}

void policies__read_names(void)
{
	policy_name__set_reader(read_names);
}
