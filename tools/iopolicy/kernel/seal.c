// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seal a policy: a BPF program asks the driver to keep it until the machine is rebooted.
 */
#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "iommufd_policy.h"
#include "iommufd_record.h"
#include "iopolicy.skel.h"
#include "kernel/kernel.h"
#include "msg.h"

static int run(struct iopolicy_bpf *bpf, __u32 id)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err;

	bpf_program__set_autoload(bpf->progs.verdict, false);
	bpf_program__set_autoload(bpf->progs.list_policies, false);
	bpf_program__set_autoload(bpf->progs.list_refusals, false);
	err = iopolicy_bpf__load(bpf);
	if (err)
		return machine__real_error(err);
	bpf->bss->seal_policy = id;
	err = bpf_prog_test_run_opts(bpf_program__fd(bpf->progs.seal), &opts);
	return err ? err : (int)opts.retval;
}

int seal__policy(const char *name, __u32 id)
{
	struct iopolicy_bpf *bpf = iopolicy_bpf__open();
	char error[ERRNAME_MAX];
	int err;

	err = bpf ? run(bpf, id) : -errno;
	iopolicy_bpf__destroy(bpf);
	if (err == -ENODEV)
		msg("%s: cannot seal it: the loaded module " MODULE " is older than this iopolicy; "
		    "load the newer one",
		    name);
	else if (err == -ENOENT)
		msg("%s: another process has unloaded it", name);
	else if (err == -EBUSY)
		msg("%s: cannot seal it: it was ejected, so it would refuse nothing until the "
		    "machine is rebooted; make its programs quicker or raise its budget, and "
		    "replace it first",
		    name);
	else if (err == -EPERM || err == -EACCES)
		return machine__explain_eperm("cannot seal a policy");
	else if (err)
		msg("%s: cannot seal it (%s)", name, errname(-err, error));
	return err;
}
