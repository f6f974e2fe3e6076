// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watch the verdicts of one policy.
 *
 * The BPF program is attached before the policy, so that the first verdict is seen, but the
 * policy's id is known only afterwards. Until watch__set_policy() the program records the verdicts
 * of all policies, and the reader drops those of others; see bpf/iopolicy.bpf.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>

#include "errname.h"
#include "event.h"
#include "iommufd_policy.h"
#include "iommufd_record.h"
#include "iopolicy.skel.h"
#include "kernel/kernel.h"
#include "msg.h"

static int explain(const char *what, int err)
{
	char name[ERRNAME_MAX];

	if (err == -EPERM || err == -EACCES)
		return machine__explain_eperm(what);
	if (err == -ENOENT)
		return machine__explain_no_policies();
	msg("%s (%s)\n  libbpf: %s", what, errname(-err, name), msg__libbpf_warning());
	return err == -EINVAL ? -ENODEV : err;
}

static int read_record(void *ctx, void *data, size_t size)
{
	const struct event_record *record = data;
	struct watch *watch = ctx;

	if (event__is_valid(record, size) &&
	    ((const struct args_policy_verdict *)record->args)->policy == watch->policy_id)
		watch->verdict(watch->ctx, record);
	return 0;
}

int watch__open(struct watch *watch, bool show_allowed,
		void (*verdict)(void *ctx, const struct event_record *record), void *ctx)
{
	int err;

	memset(watch, 0, sizeof(*watch));
	watch->verdict = verdict;
	watch->ctx = ctx;
	watch->bpf = iopolicy_bpf__open();
	if (!watch->bpf)
		return explain("cannot open the BPF programs", -errno);
	bpf_program__set_autoload(watch->bpf->progs.list_policies, false);
	bpf_program__set_autoload(watch->bpf->progs.seal, false);
	bpf_program__set_autoload(watch->bpf->progs.list_refusals, false);
	watch->bpf->rodata->show_allowed = show_allowed;
	err = iopolicy_bpf__load(watch->bpf);
	if (err)
		return explain("cannot load the BPF program that records verdicts", err);
	watch->tracepoint = bpf_program__attach(watch->bpf->progs.verdict);
	if (!watch->tracepoint)
		return explain("cannot attach to the tracepoint iommufd_policy_verdict", -errno);
	watch->ring =
		ring_buffer__new(bpf_map__fd(watch->bpf->maps.records), read_record, watch, NULL);
	return watch->ring ? 0 : explain("cannot open the buffer of verdicts", -errno);
}

void watch__set_policy(struct watch *watch, __u32 policy_id)
{
	watch->policy_id = policy_id;
	watch->bpf->bss->policy_id = policy_id;
}

int watch__poll(struct watch *watch, int timeout_ms)
{
	char name[ERRNAME_MAX];
	int err;

	err = ring_buffer__poll(watch->ring, timeout_ms);
	if (err >= 0 || err == -EINTR)
		return 0;
	msg("cannot read the buffer of verdicts (%s)", errname(-err, name));
	return err;
}

void watch__drain(struct watch *watch)
{
	bpf_link__destroy(watch->tracepoint);
	watch->tracepoint = NULL;
	/* Wait for BPF programs that still run: they are in an RCU read-side section. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	if (watch->ring)
		ring_buffer__consume(watch->ring);
}

void watch__counters(const struct watch *watch, struct event_counters *counters)
{
	const struct event_counters *from = &watch->bpf->bss->counters;

	counters->seen = __atomic_load_n(&from->seen, __ATOMIC_RELAXED);
	counters->filtered = __atomic_load_n(&from->filtered, __ATOMIC_RELAXED);
	counters->submitted = __atomic_load_n(&from->submitted, __ATOMIC_RELAXED);
	counters->lost = __atomic_load_n(&from->lost, __ATOMIC_RELAXED);
}

void watch__close(struct watch *watch)
{
	bpf_link__destroy(watch->tracepoint);
	ring_buffer__free(watch->ring);
	iopolicy_bpf__destroy(watch->bpf);
}
