// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BPF side of a run: load, attach, count, detach; and when that fails, why.
 *
 * Each event has its own program and link, so that an event not asked for costs nothing, and so
 * that a module that lacks one of them can be told from one that has none. Links belong to this
 * process: however it ends, the kernel detaches the programs.
 *
 * Permission is not asked of the user id. CapEff says beforehand what is missing; if the kernel
 * refuses all the same (a user namespace, a security module), the message says what was looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>

#include "env.h"
#include "errname.h"
#include "human.h"
#include "iosnoop.h"
#include "iosnoop.skel.h"
#include "msg.h"

#define MODULE "iommufd"
#define PREFIX "iommufd_"

/* The buffer's eighths wake the reader before its time, see the BPF program. */
#define WAKEUPS_PER_BUFFER_SHIFT 3

static int check_privileges(void)
{
	char names[ENV_NAMES_MAX];
	__u64 missing;
	int err;

	err = env__missing_caps(NULL, ENV_CAP_BPF | ENV_CAP_PERFMON, &missing);
	if (err || !missing)
		return 0;		/* can't tell: the kernel will */
	msg("privileges: this process lacks %s, which loading BPF programs takes\n"
	    "  run it with sudo, or give the program what it needs:\n"
	    "  setcap cap_bpf,cap_perfmon=ep FILE", env__cap_names(names, missing));
	return -EPERM;
}

static int no_module(void)
{
	msg("module " MODULE ": not loaded, there is nothing to trace\n"
	    "  load it: modprobe iommufd, or insmod build/iommufd.ko where iommuscope was built");
	return -ENODEV;
}

static int foreign_module(void)
{
	msg("module " MODULE ": the one loaded has no tracepoints, it is not iommuscope's\n"
	    "  unload what uses it and load ours: rmmod iommufd; insmod build/iommufd.ko");
	return -ENODEV;
}

static int refused_permission(const char *what)
{
	char mode[ENV_LOCKDOWN_MAX];

	env__lockdown(NULL, mode);
	if (env__in_user_namespace(NULL))
		msg("%s: the kernel refused (EPERM); in a user namespace capabilities don't count "
		    "for BPF\n  run it outside of the container", what);
	else if (mode[0] && strcmp(mode, "none"))
		msg("%s: the kernel refused (EPERM); kernel lockdown is in mode '%s'\n"
		    "  boot without lockdown= (and without Secure Boot) to trace", what, mode);
	else
		msg("%s: the kernel refused (EPERM) though CAP_BPF and CAP_PERFMON are there; a "
		    "security module or seccomp forbids bpf()\n  libbpf says: %s", what,
		    msg__libbpf_warning());
	return -EPERM;
}

static int explain_load(int err, const struct options *options)
{
	char name[ERRNAME_MAX], size[HUMAN_MAX];

	switch (-err) {
	case EPERM:
	case EACCES:
		return refused_permission("loading BPF programs");
	case ENOMEM:
	case ENOSPC:
		msg("buffer of %s: not enough memory (%s)\n"
		    "  take a smaller one with --buffer-size, or raise the memory limit",
		    human__bytes(size, options->buffer_size), errname(-err, name));
		return err;
	case EMFILE:
	case ENFILE:
		msg("loading BPF programs: no file descriptors left (%s); see ulimit -n",
		    errname(-err, name));
		return err;
	}
	msg("loading BPF programs: this kernel does not take them (%s)%s\n"
	    "  iosnoop is made for Linux 6.12 and later; -v shows the details\n"
	    "  libbpf says: %s", errname(-err, name),
	    env__has_btf(NULL) ? "" : "; it offers no BTF, /sys/kernel/btf/vmlinux "
	    "(CONFIG_DEBUG_INFO_BTF)", msg__libbpf_warning());
	return -ENODEV;
}

static enum event_id program_event(const struct bpf_program *program)
{
	const char *name = bpf_program__name(program);

	return event__by_name(name, strlen(name));
}

static __u32 log2_of(__u32 power)
{
	return 31 - __builtin_clz(power);
}

static int set_up(struct session *session, const struct options *options)
{
	struct iosnoop_bpf *bpf = session->bpf;
	struct bpf_program *program;
	enum event_id event;
	int err;

	bpf->rodata->filter_tgid = options->tgid;
	bpf->rodata->filter_failed = options->failed;
	bpf->rodata->all_verdicts = options->events_chosen;
	bpf->rodata->filter_latency_ns = options->min_latency_ns;
	bpf->rodata->wakeup_shift = log2_of(options->buffer_size) - WAKEUPS_PER_BUFFER_SHIFT;
	bpf_object__for_each_program(program, bpf->obj) {
		event = program_event(program);
		err = bpf_program__set_autoload(program, event < NR_EVENTS &&
						options->events & EVENT_MASK(event));
		if (err)
			return err;
	}
	return bpf_map__set_max_entries(bpf->maps.records, options->buffer_size);
}

int session__load(struct session *session, const struct options *options)
{
	char name[ERRNAME_MAX];
	int err;

	memset(session, 0, sizeof(*session));
	err = check_privileges();
	if (err)
		return err;
	if (!env__has_module(NULL, MODULE))
		return no_module();
	session->bpf = iosnoop_bpf__open();
	if (!session->bpf) {
		err = -errno;
		msg("opening the BPF programs: %s", errname(-err, name));
		return err;
	}
	err = set_up(session, options);
	if (!err)
		err = iosnoop_bpf__load(session->bpf);
	return err ? explain_load(err, options) : 0;
}

static int explain_attach(struct session *session, const char *name, int err)
{
	char error[ERRNAME_MAX];

	if (err == -EPERM || err == -EACCES)
		return refused_permission("attaching to " PREFIX "* tracepoints");
	if (!env__has_module(NULL, MODULE))
		return no_module();
	if (err == -ENOENT && !session->events)
		return foreign_module();
	if (err == -ENOENT || err == -EINVAL) {
		msg("module " MODULE ": its tracepoint " PREFIX "%s %s; it is of another version than "
		    "this iosnoop\n  load the one that was built with it, or leave the event out with "
		    "-e", name, err == -ENOENT ? "is missing" : "lacks arguments");
		return -ENODEV;
	}
	msg("attaching to the tracepoint " PREFIX "%s: %s\n  libbpf says: %s", name,
	    errname(-err, error), msg__libbpf_warning());
	return err;
}

int session__attach(struct session *session, const struct options *options)
{
	struct bpf_program *program;
	char tracepoint[64];
	enum event_id event;

	bpf_object__for_each_program(program, session->bpf->obj) {
		event = program_event(program);
		if (event >= NR_EVENTS || !(options->events & EVENT_MASK(event)))
			continue;
		snprintf(tracepoint, sizeof(tracepoint), PREFIX "%s", event_infos[event].name);
		session->links[event] = bpf_program__attach_raw_tracepoint(program, tracepoint);
		if (!session->links[event])
			return explain_attach(session, event_infos[event].name, -errno);
		session->events |= EVENT_MASK(event);
	}
	return 0;
}

int session__ring_fd(const struct session *session)
{
	return bpf_map__fd(session->bpf->maps.records);
}

/* How often the kernel skipped a program, because one was running on that CPU already. */
static __u64 count_missed(const struct session *session)
{
	struct bpf_program *program;
	struct bpf_prog_info info;
	__u64 missed = 0;
	__u32 size;

	bpf_object__for_each_program(program, session->bpf->obj) {
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		if (bpf_program__fd(program) >= 0 &&
		    !bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size))
			missed += info.recursion_misses;
	}
	return missed;
}

void session__detach(struct session *session)
{
	unsigned int i;

	for (i = 0; i < NR_EVENTS; i++) {
		bpf_link__destroy(session->links[i]);
		session->links[i] = NULL;
	}
	/*
	 * A program may still be running. This waits for a grace period of RCU, which ends after
	 * all of them; where it is not to be had, the few left in a microsecond are not shown.
	 */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	session->missed = count_missed(session);
}

int session__counters(const struct session *session, struct event_counters *sum)
{
	int nr_cpus = libbpf_num_possible_cpus();
	struct event_counters *counters;
	char name[ERRNAME_MAX];
	__u32 zero = 0;
	int err, i;

	if (nr_cpus < 0)
		return nr_cpus;
	counters = calloc(nr_cpus, sizeof(*counters));
	if (!counters)
		return -ENOMEM;
	err = bpf_map__lookup_elem(session->bpf->maps.counters, &zero, sizeof(zero), counters,
				   nr_cpus * sizeof(*counters), 0);
	if (err) {
		msg("reading the counters: %s", errname(-err, name));
		goto free_counters;
	}
	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < nr_cpus; i++) {
		sum->seen += counters[i].seen;
		sum->filtered += counters[i].filtered;
		sum->submitted += counters[i].submitted;
		sum->lost += counters[i].lost;
	}
	sum->seen += session->missed;
	sum->lost += session->missed;

free_counters:
	free(counters);
	return err;
}

void session__close(struct session *session)
{
	unsigned int i;

	for (i = 0; i < NR_EVENTS; i++)
		bpf_link__destroy(session->links[i]);
	iosnoop_bpf__destroy(session->bpf);
}
