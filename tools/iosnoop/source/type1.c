// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs for VFIO type1, see bpf/type1.bpf.h: one at the begin and one at the end of each
 * function. The end is attached first, so that the end of each counted call is seen. With
 * CAP_SYS_ADMIN they are fentry and fexit programs, otherwise kprobes.
 *
 * Where type1 is the source, each container is a context with a number. With CAP_SYS_ADMIN those
 * from before the start are numbered first. A kprobe on the container's release drops its number.
 *
 * The function that pins for page tables is static: where the compiler has put it into its caller,
 * maps have no times of pins.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "driver_state.h"
#include "env.h"
#include "iommufd_filter.h" /* for the skeleton */
#include "iommufd_owner.h"
#include "iosnoop_host.skel.h"
#include "kernel_btf.h"
#include "msg.h"
#include "source/source.h"

#define MODULE "vfio_iommu_type1"
#define RELEASE MODULE "_release"

/* How long to wait for calls in progress when tracing ends. */
#define FINISH_TICKS 10
#define FINISH_TICK_US 10000

#define PIN_BITS \
	(EVENT_MASK(EVENT_type1_pin) | EVENT_MASK(EVENT_type1_unpin) | EVENT_MASK(EVENT_type1_rw))

static const struct {
	const char *name;
	__u64 events;
} functions[NR_TYPE1_FUNCTIONS] = {
	[TYPE1_REMOTE] = { "vfio_pin_pages_remote", 0 },
	[TYPE1_IOCTL] = { "vfio_iommu_type1_ioctl", EVENT_MASK(EVENT_type1_map) |
							    EVENT_MASK(EVENT_type1_unmap) |
							    EVENT_MASK(EVENT_type1_dirty) },
	[TYPE1_PIN] = { "vfio_iommu_type1_pin_pages", EVENT_MASK(EVENT_type1_pin) },
	[TYPE1_UNPIN] = { "vfio_iommu_type1_unpin_pages", EVENT_MASK(EVENT_type1_unpin) },
	[TYPE1_RW] = { "vfio_iommu_type1_dma_rw", EVENT_MASK(EVENT_type1_rw) },
};

struct programs {
	struct bpf_program *begin, *end;
};

static struct programs programs_of(const struct iosnoop_host_bpf *host,
				   enum type1_function function, bool by_btf)
{
	const struct {
		struct programs probes, traced;
	} all[NR_TYPE1_FUNCTIONS] = {
		[TYPE1_REMOTE] = { { host->progs.type1_remote_begin, host->progs.type1_remote_end },
				   { host->progs.type1_remote_entry,
				     host->progs.type1_remote_exit } },
		[TYPE1_IOCTL] = { { host->progs.type1_begin, host->progs.type1_end },
				  { host->progs.type1_entry, host->progs.type1_exit } },
		[TYPE1_PIN] = { { host->progs.type1_pin_begin, host->progs.type1_pin_end },
				{ host->progs.type1_pin_entry, host->progs.type1_pin_exit } },
		[TYPE1_UNPIN] = { { host->progs.type1_unpin_begin, host->progs.type1_unpin_end },
				  { host->progs.type1_unpin_entry, host->progs.type1_unpin_exit } },
		[TYPE1_RW] = { { host->progs.type1_rw_begin, host->progs.type1_rw_end },
			       { host->progs.type1_rw_entry, host->progs.type1_rw_exit } },
	};

	return by_btf ? all[function].traced : all[function].probes;
}

__u64 type1__events(enum type1_function function)
{
	return functions[function].events;
}

/* Note which functions can be traced by their BTF. */
static void find_btf(struct session *session)
{
	enum type1_function function;
	struct btf *kernel, *module;
	__u64 missing;

	if (env__missing_caps(NULL, ENV_CAP_SYS_ADMIN, &missing) || missing ||
	    !env__has_module(NULL, MODULE))
		return;
	kernel = btf__load_vmlinux_btf();
	/* Without a module it is a part of the kernel, whose BTF the module's includes. */
	module = kernel ? kernel_btf__module(MODULE, kernel) : NULL;
	for (function = 0; kernel && function < NR_TYPE1_FUNCTIONS; function++)
		session->type1[function].by_btf = btf__find_by_name_kind(module ? module : kernel,
									 functions[function].name,
									 BTF_KIND_FUNC) > 0;
	btf__free(module);
	btf__free(kernel);
}

/* Whether containers have numbers. */
static bool has_containers(const struct session *session)
{
	return session->driver_kind == DRIVER_TYPE1 && session->wanted & TYPE1_BITS;
}

void type1__find_containers(struct session *session, bool is_recorded)
{
	char why[ENV_WHY_MAX];
	__u64 missing;

	if (!has_containers(session) || !env__has_module(NULL, MODULE) ||
	    env__missing_caps(NULL, ENV_CAP_SYS_ADMIN, &missing) || (missing && !is_recorded))
		return;
	session->driver = driver_state__open(DRIVER_TYPE1);
	if (!session->driver && is_recorded)
		msg("the recording will lack the containers from before its start: %s",
		    env__why_refused(MODULE, -errno, why));
}

int type1__choose(struct session *session, struct iosnoop_host_bpf *host, bool may_use_btf)
{
	const __u64 events = session->wanted;
	enum type1_function function;
	struct programs programs;
	bool is_wanted;
	int err = 0;

	for (function = 0; function < NR_TYPE1_FUNCTIONS; function++)
		session->type1[function].by_btf = false;
	if (may_use_btf && events & TYPE1_BITS)
		find_btf(session);
	for (function = 0; function < NR_TYPE1_FUNCTIONS && !err; function++) {
		is_wanted = events & (function == TYPE1_REMOTE ? EVENT_MASK(EVENT_type1_map) :
								 functions[function].events);
		programs = programs_of(host, function, session->type1[function].by_btf);
		err = bpf_program__set_autoload(programs.begin, is_wanted);
		if (!err)
			err = bpf_program__set_autoload(programs.end, is_wanted);
	}
	if (!err)
		err = bpf_program__set_autoload(host->progs.type1_release, has_containers(session));
	if (!err && session->driver_kind == DRIVER_TYPE1 && session->driver)
		err = driver_state__share(session->driver, host->obj);
	if (!err && !has_containers(session))
		err = bpf_map__set_max_entries(host->maps.foreign_ctxs, 1);
	host->rodata->type1_page_shift = __builtin_ctzl(event__page_size());
	if (!err && !(events & functions[TYPE1_IOCTL].events))
		err = bpf_map__set_max_entries(host->maps.type1_calls, 1);
	if (!err && !(events & PIN_BITS))
		err = bpf_map__set_max_entries(host->maps.type1_pins, 1);
	return err;
}

bool type1__uses_btf(const struct session *session)
{
	enum type1_function function;

	for (function = 0; function < NR_TYPE1_FUNCTIONS; function++)
		if (session->type1[function].by_btf)
			return true;
	return false;
}

static void detach(struct bpf_link **link)
{
	bpf_link__destroy(*link);
	*link = NULL;
}

static struct bpf_link *attach(struct bpf_program *program, const char *function, bool is_end,
			       bool by_btf)
{
	return by_btf ? bpf_program__attach(program) :
			bpf_program__attach_kprobe(program, is_end, function);
}

static int attach_function(struct session *session, enum type1_function function)
{
	struct type1_links *links = &session->type1[function];
	const struct programs programs = programs_of(session->host, function, links->by_btf);
	const char *name = functions[function].name;
	int err;

	links->end = attach(programs.end, name, true, links->by_btf);
	if (!links->end)
		return -errno;
	links->begin = attach(programs.begin, name, false, links->by_btf);
	if (links->begin)
		return 0;
	err = -errno;
	detach(&links->end);
	return err;
}

int type1__attach(struct session *session, enum type1_function function)
{
	struct iosnoop_host_bpf *host = session->host;

	if (has_containers(session) && !session->type1_release) {
		session->type1_release =
			bpf_program__attach_kprobe(host->progs.type1_release, false, RELEASE);
		host->bss->type1_has_numbers = session->type1_release;
	}
	/* Maps can be shown without their pins. */
	if (function == TYPE1_IOCTL && session->wanted & EVENT_MASK(EVENT_type1_map))
		session->host->bss->type1_has_pins = !attach_function(session, TYPE1_REMOTE);
	return attach_function(session, function);
}

const char *type1__target(const struct session *session, enum event_id event, char text[64])
{
	enum type1_function function = TYPE1_IOCTL;

	while (function + 1 < NR_TYPE1_FUNCTIONS &&
	       !(functions[function].events & EVENT_MASK(event)))
		function++;
	snprintf(text, 64, "%s %s", session->type1[function].by_btf ? "fentry" : "kprobe",
		 functions[function].name);
	return text;
}

/* ---- the end of tracing ---- */

static __u64 count_entries(const struct bpf_map *map)
{
	__u32 key, next, *from = NULL;
	__u64 entries = 0;

	while (!bpf_map_get_next_key(bpf_map__fd(map), from, &next)) {
		entries++;
		key = next;
		from = &key;
	}
	return entries;
}

/* Count the calls that have begun and not ended. */
static __u64 count_unfinished(const struct session *session)
{
	return count_entries(session->host->maps.type1_calls) +
	       count_entries(session->host->maps.type1_pins);
}

/* Count the calls whose end was missed because the kernel limits active kretprobes. */
static __u64 count_missed_ends(const struct session *session)
{
	enum type1_function function;
	struct bpf_link_info info;
	__u64 missed = 0;
	__u32 size;

	for (function = TYPE1_IOCTL; function < NR_TYPE1_FUNCTIONS; function++) {
		const struct bpf_link *end = session->type1[function].end;

		info = (struct bpf_link_info){};
		size = sizeof(info);
		if (end && !session->type1[function].by_btf &&
		    !bpf_link_get_info_by_fd(bpf_link__fd(end), &info, &size))
			missed += info.perf_event.kprobe.missed;
	}
	return missed;
}

void type1__finish(struct session *session)
{
	enum type1_function function;
	__u64 missed;
	int i;

	if (!(session->events & TYPE1_BITS))
		return;
	for (function = TYPE1_IOCTL; function < NR_TYPE1_FUNCTIONS; function++)
		detach(&session->type1[function].begin);
	for (i = 0; i < FINISH_TICKS && count_unfinished(session); i++)
		usleep(FINISH_TICK_US);
	missed = count_missed_ends(session);
	type1__close(session);
	session->unfinished = count_unfinished(session);
	session->unended = missed < session->unfinished ? missed : session->unfinished;
	session->unfinished -= session->unended;
}

void type1__close(struct session *session)
{
	enum type1_function function;

	detach(&session->type1_release);
	for (function = 0; function < NR_TYPE1_FUNCTIONS; function++) {
		detach(&session->type1[function].begin);
		detach(&session->type1[function].end);
	}
}
