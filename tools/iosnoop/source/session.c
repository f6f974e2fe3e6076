// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BPF side of a run: load, attach, count, detach.
 *
 * Each event has its own program and link, so that an event that was not chosen costs nothing, and
 * that a module without one tracepoint can be told from a module without any. Links belong to this
 * process: however it ends, the kernel detaches the programs.
 *
 * "Host events" are those from outside of the driver: hardware faults and VFIO type1. They are
 * optional: one that cannot be attached is left out, with a message if the user gave its name.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>

#include "cgroup.h"
#include "device_name.h"
#include "dma_fault.h"
#include "driver_state.h"
#include "env.h"
#include "errname.h"
#include "iommufd_filter.h" /* for the skeletons */
#include "iosnoop.skel.h"
#include "iosnoop_host.skel.h"
#include "machine.h"
#include "msg.h"
#include "owner.h"
#include "source/source.h"

/* Events that do not come from a thread of the process. */
#define REMOTE_BITS \
	(EVENT_MASK(EVENT_fault_report) | EVENT_MASK(EVENT_fault_response) | \
	 EVENT_MASK(EVENT_dma_fault) | EVENT_MASK(EVENT_io_page_fault))
#define FAULT_BITS \
	(EVENT_MASK(EVENT_fault_response) | EVENT_MASK(EVENT_dma_fault) | \
	 EVENT_MASK(EVENT_io_page_fault))
/* These explain faults, see past.bpf.h. */
#define PAST_BITS \
	(EVENT_MASK(EVENT_ioas_unmap) | EVENT_MASK(EVENT_device_attach) | \
	 EVENT_MASK(EVENT_device_replace) | EVENT_MASK(EVENT_device_detach) | \
	 EVENT_MASK(EVENT_device_unbind) | EVENT_MASK(EVENT_pasid_attach) | \
	 EVENT_MASK(EVENT_pasid_replace) | EVENT_MASK(EVENT_pasid_detach))
/* These tell the process behind faults, see owner.bpf.h. */
#define OWNER_BITS \
	(EVENT_MASK(EVENT_ioas_map) | EVENT_MASK(EVENT_ioas_map_file) | \
	 EVENT_MASK(EVENT_ioas_change_process))
#define CAUSE_BITS (EVENT_MASK(EVENT_refused) | EVENT_MASK(EVENT_policy_verdict))
#define DRIVER_BITS (EVENT_MASK(EVENT_FIRST_HOST) - 1)
#define HOST_BITS (ALL_EVENTS & ~DRIVER_BITS)

/* The BPF programs wake the reader each time another eighth of the buffer is full. */
#define WAKEUPS_PER_BUFFER_SHIFT 3

static struct dma_fault_programs dma_fault_programs(const struct iosnoop_host_bpf *host)
{
	return (struct dma_fault_programs){ host->progs.dma_fault, host->progs.smmu_begin,
					    host->progs.smmu_end };
}

/* Return the event of a program; those of type1 have none, see type1.c. */
static enum event_id program_event(const struct bpf_program *program)
{
	const char *name = bpf_program__name(program);

	/* A program on the kernel's own iommufd. */
	if (!strncmp(name, "up_", 3))
		name += 3;
	return event__by_name(name, strlen(name));
}

const char *session__target(const struct session *session, enum event_id event, char text[64])
{
	struct dma_fault_programs programs;

	if (EVENT_MASK(event) & TYPE1_BITS)
		return type1__target(session, event, text);
	if (event == EVENT_dma_fault) {
		programs = dma_fault_programs(session->host);
		return dma_fault__target(&programs);
	}
	if (event == EVENT_io_page_fault)
		return "tracepoint io_page_fault";
	snprintf(text, 64, "tracepoint iommufd_%s", event_infos[event].name);
	return text;
}

/* Whether the driver's events come from our tracepoints. */
static bool is_native(const struct session *session)
{
	return session->driver_kind == DRIVER_NATIVE;
}

static __u32 log2_of(__u32 power)
{
	return 31 - __builtin_clz(power);
}

/* Choose which programs of an object to load: those of these events. */
static int choose_programs(struct bpf_object *object, __u64 events)
{
	struct bpf_program *program;
	enum event_id event;
	int err;

	bpf_object__for_each_program(program, object) {
		event = program_event(program);
		err = bpf_program__set_autoload(program,
						event < NR_EVENTS && events & EVENT_MASK(event));
		if (err)
			return err;
	}
	return 0;
}

/* Return the events to attach for those that the user chose. */
static __u64 needed(const struct run_request *request)
{
	__u64 needs = request->events;

	/* These supply the causes of refused calls. */
	if (needs & DRIVER_BITS & ~(EVENT_MASK(EVENT_ctx_open) | EVENT_MASK(EVENT_ctx_close)))
		needs |= CAUSE_BITS;
	return needs;
}

/* Whether names of devices are needed that are not PCI. */
static bool needs_names(const struct session *session)
{
	return session->wanted & EVENT_MASK(EVENT_io_page_fault) || session->is_recorded ||
	       iommufd_filter__has_name(&session->filter);
}

static int choose_owner_programs(struct iosnoop_bpf *bpf)
{
	int err = bpf_program__set_autoload(bpf->progs.owner_open, true);

	if (!err)
		err = bpf_program__set_autoload(bpf->progs.owner_close, true);
	if (!err)
		err = bpf_program__set_autoload(bpf->progs.owner_bind, true);
	if (!err)
		err = bpf_program__set_autoload(bpf->progs.owner_unbind, true);
	return err;
}

static int load_driver(struct session *session, const struct run_request *request)
{
	struct iosnoop_bpf *bpf = session->bpf;
	int err;

	memcpy((void *)&bpf->rodata->filter, &session->filter, sizeof(session->filter));
	bpf->rodata->chosen_events = request->events;
	bpf->rodata->all_verdicts = request->named & EVENT_MASK(EVENT_policy_verdict);
	bpf->rodata->page_shift = log2_of(event__page_size());
	bpf->rodata->with_stacks = request->stacks;
	bpf->rodata->with_threads = request->is_recorded;
	bpf->rodata->with_past = session->has_past;
	bpf->rodata->with_owners = session->maps_tell_owner;
	bpf->rodata->wakeup_shift = log2_of(request->buffer_bytes) - WAKEUPS_PER_BUFFER_SHIFT;
	err = choose_programs(bpf->obj, is_native(session) ? session->wanted & ~HOST_BITS : 0);
	if (!err)
		err = bpf_program__set_autoload(bpf->progs.process_exec, request->stacks);
	if (!err && session->has_owners && is_native(session))
		err = choose_owner_programs(bpf);
	if (!err)
		err = bpf_map__set_max_entries(bpf->maps.records, request->buffer_bytes);
	if (!err && !session->has_past)
		err = bpf_map__set_max_entries(bpf->maps.pasts, 1);
	if (!err && !(session->has_past && request->stacks))
		err = bpf_map__set_max_entries(bpf->maps.past_stacks, 1);
	return err ? err : iosnoop_bpf__load(bpf);
}

static int try_load_host(struct session *session, const struct run_request *request,
			 bool may_use_btf)
{
	struct dma_fault_programs programs;
	struct iosnoop_host_bpf *host;
	int err;

	host = iosnoop_host_bpf__open();
	if (!host)
		return -errno;
	programs = dma_fault_programs(host);
	memcpy((void *)&host->rodata->filter, &session->filter, sizeof(session->filter));
	host->rodata->chosen_events = request->events;
	host->rodata->with_stacks = session->bpf->rodata->with_stacks;
	host->rodata->with_threads = session->bpf->rodata->with_threads;
	host->rodata->wakeup_shift = session->bpf->rodata->wakeup_shift;
	err = choose_programs(host->obj, session->wanted);
	if (!err)
		err = bpf_map__reuse_fd(host->maps.records,
					bpf_map__fd(session->bpf->maps.records));
	if (!err)
		err = bpf_map__reuse_fd(host->maps.counters,
					bpf_map__fd(session->bpf->maps.counters));
	if (!err)
		err = bpf_map__reuse_fd(host->maps.owners, bpf_map__fd(session->bpf->maps.owners));
	if (!err)
		err = bpf_map__reuse_fd(host->maps.owned_devices,
					bpf_map__fd(session->bpf->maps.owned_devices));
	if (!err)
		err = bpf_map__reuse_fd(host->maps.binding_names,
					bpf_map__fd(session->bpf->maps.binding_names));
	if (!err)
		err = bpf_program__set_autoload(host->progs.owner_name, needs_names(session));
	if (!err)
		err = dma_fault__choose(&programs, session->wanted & EVENT_MASK(EVENT_dma_fault));
	if (!err)
		err = type1__choose(session, host, may_use_btf);
	if (!err)
		err = bpf_program__set_autoload(host->progs.pins_begin, request->counts_pins);
	if (!err)
		err = bpf_program__set_autoload(host->progs.pins_end, request->counts_pins);
	if (!err && !request->counts_pins)
		err = bpf_map__set_max_entries(host->maps.pins_begun, 1);
	if (!err)
		err = iosnoop_host_bpf__load(host);
	if (err)
		iosnoop_host_bpf__destroy(host);
	else
		session->host = host;
	return err;
}

static int load_host(struct session *session, const struct run_request *request)
{
	int err = try_load_host(session, request, true);

	return err && type1__uses_btf(session) ? try_load_host(session, request, false) : err;
}

/* Drop a host event that cannot be attached. */
static void leave_out(struct session *session, const struct run_request *request,
		      enum event_id event, int err)
{
	char text[EXPLAIN_MAX];

	session->wanted &= ~EVENT_MASK(event);
	session->errors[event] = err;
	if (request->named & EVENT_MASK(event))
		msg("cannot trace %s: %s", event__short_name(event),
		    explain__host(event, err, text));
}

/* A machine is a cgroup, which the programs can compare. */
static int set_filter(struct session *session, const struct run_request *request)
{
	struct iommufd_filter *filter = &session->filter;
	char why[CGROUP_WHY_MAX];
	int err;

	*filter = request->filter;
	if (filter->use & EVENT_FILTER_TGID && !env__in_pid_namespace(NULL) &&
	    kill(filter->tgid, 0) && errno == ESRCH) {
		msg("--pid: there is no process %u", filter->tgid);
		return -ENOENT;
	}
	if (!(filter->use & EVENT_FILTER_MACHINE))
		return 0;
	err = machine__find(filter->machine, &filter->cgroup, &filter->cgroup_level, why);
	if (err) {
		msg("--machine: %s", why);
		return err == -ENODEV ? err : -ENOENT;
	}
	filter->use |= EVENT_FILTER_CGROUP;
	return 0;
}

/*
 * For snapshots in recordings, and for the areas around faults. Without privileges a recording has
 * events alone, and only the events since iosnoop's start explain a fault.
 */
static void open_driver(struct session *session, bool is_recorded)
{
	char why[ENV_WHY_MAX];

	if (!is_native(session))
		return;
	session->driver = driver_state__open(DRIVER_NATIVE);
	if (!session->driver && is_recorded)
		msg("the recording will lack the objects from before its start: %s",
		    env__why_refused("iommufd", -errno, why));
}

/* Choose the driver, and the events that are needed of it. */
static int choose_driver(struct session *session, const struct run_request *request)
{
	bool has_driver;
	int err;

	session->driver_kind = request->driver;
	err = driver__choose(NULL, &session->driver_kind);
	if (err)
		return err;
	has_driver = is_native(session) || session->driver_kind == DRIVER_UPSTREAM;
	session->asked = needed(request);
	/* VFIO type1 and faults can be traced without a driver of /dev/iommu. */
	if (session->driver_kind == DRIVER_TYPE1)
		session->asked &= HOST_BITS;
	if (!has_driver && session->asked & DRIVER_BITS)
		return explain__no_module();
	session->wanted = session->asked;
	session->has_past = session->wanted & FAULT_BITS && has_driver;
	if (session->has_past)
		session->wanted |= PAST_BITS;
	session->is_recorded = request->is_recorded;
	session->has_owners = (session->wanted & REMOTE_BITS || request->is_recorded ||
			       iommufd_filter__has_name(&request->filter)) &&
			      has_driver;
	session->maps_tell_owner = session->has_owners && is_native(session) &&
				   session->wanted & REMOTE_BITS;
	if (session->maps_tell_owner)
		session->wanted |= OWNER_BITS;
	return 0;
}

int session__load(struct session *session, const struct run_request *request)
{
	char name[ERRNAME_MAX];
	unsigned int event;
	int err;

	memset(session, 0, sizeof(*session));
	err = explain__privileges();
	if (!err)
		err = set_filter(session, request);
	if (!err)
		err = choose_driver(session, request);
	if (err)
		return err;
	session->bpf = iosnoop_bpf__open();
	if (!session->bpf) {
		err = -errno;
		msg("cannot open the BPF programs: %s", errname(-err, name));
		return err;
	}
	err = load_driver(session, request);
	if (err)
		return explain__load(err, request);
	if (session->driver_kind == DRIVER_UPSTREAM)
		err = foreign__load(session, request);
	if (err)
		return err;
	if (request->is_recorded || session->has_past)
		open_driver(session, request->is_recorded);
	if (!(session->wanted & HOST_BITS) && !needs_names(session) && !request->counts_pins)
		return 0;
	type1__find_containers(session, request->is_recorded);
	err = load_host(session, request);
	for (event = EVENT_FIRST_HOST; err && event < NR_EVENTS; event++)
		if (session->wanted & EVENT_MASK(event))
			leave_out(session, request, event, err);
	return 0;
}

static struct bpf_link *attach(struct bpf_program *program, enum event_id event)
{
	char tracepoint[64];

	if (event == EVENT_io_page_fault)
		return bpf_program__attach_raw_tracepoint(program, "io_page_fault");
	snprintf(tracepoint, sizeof(tracepoint), "iommufd_%s", event_infos[event].name);
	return bpf_program__attach_raw_tracepoint(program, tracepoint);
}

static int attach_object(struct session *session, const struct run_request *request,
			 struct bpf_object *object)
{
	struct bpf_program *program;
	__u64 attached = 0;
	enum event_id event;
	int err;

	bpf_object__for_each_program(program, object) {
		event = program_event(program);
		if (event >= NR_EVENTS || event == EVENT_dma_fault ||
		    !(session->wanted & EVENT_MASK(event)) || !bpf_program__autoload(program))
			continue;
		session->links[event] = attach(program, event);
		err = session->links[event] ? 0 : -errno;
		if (err && session->asked & DRIVER_BITS & EVENT_MASK(event))
			return explain__attach(event, err);
		if (err && event >= EVENT_FIRST_HOST)
			leave_out(session, request, event, err);
		else if (err)
			session->wanted &= ~EVENT_MASK(event);
		else
			attached |= EVENT_MASK(event);
	}
	session->events |= attached & request->events;
	return 0;
}

static void attach_dma_fault(struct session *session, const struct run_request *request)
{
	struct dma_fault_programs programs;
	int err;

	if (!(session->wanted & EVENT_MASK(EVENT_dma_fault)))
		return;
	programs = dma_fault_programs(session->host);
	err = dma_fault__attach(&programs, &session->dma_fault);
	if (err)
		leave_out(session, request, EVENT_dma_fault, err);
	else
		session->events |= request->events & EVENT_MASK(EVENT_dma_fault);
}

static void attach_type1(struct session *session, const struct run_request *request)
{
	enum type1_function function;
	unsigned int event;
	__u64 events;
	int err;

	for (function = 0; function < NR_TYPE1_FUNCTIONS; function++) {
		events = type1__events(function) & session->wanted;
		err = events ? type1__attach(session, function) : 0;
		if (!err)
			session->events |= events & request->events;
		for (event = EVENT_FIRST_HOST; err && event < NR_EVENTS; event++)
			if (events & EVENT_MASK(event))
				leave_out(session, request, event, err);
	}
}

static void detach_event(struct session *session, enum event_id event)
{
	bpf_link__destroy(session->links[event]);
	session->links[event] = NULL;
}

/* Note the times of exec calls, which decide whether a stack can still be given names. */
static int attach_exec(struct session *session)
{
	char name[ERRNAME_MAX];
	int err;

	session->exec_link = bpf_program__attach_raw_tracepoint(session->bpf->progs.process_exec,
								"sched_process_exec");
	if (session->exec_link)
		return 0;
	err = -errno;
	msg("cannot attach to the tracepoint sched_process_exec: %s", errname(-err, name));
	return err;
}

static void detach_owners(struct session *session)
{
	unsigned int i;

	for (i = 0; i < sizeof(session->owner_links) / sizeof(session->owner_links[0]); i++) {
		bpf_link__destroy(session->owner_links[i]);
		session->owner_links[i] = NULL;
	}
}

/* Take the name of a device from the programs that follow binds. */
static void read_device_name(void *arg, __u32 ctx, __u32 id)
{
	const struct session *session = arg;
	const struct owner_object object = { .ctx = ctx, .id = id };
	char name[OWNER_NAME_LEN];

	if (!bpf_map_lookup_elem(bpf_map__fd(session->bpf->maps.owned_names), &object, name))
		device_name__add(ctx, id, name, sizeof(name));
}

static int attach_owners(struct session *session)
{
	const struct iosnoop_bpf *bpf = session->bpf;
	const struct {
		struct bpf_program *program;
		const char *tracepoint;
		enum event_id event;
	} programs[] = {
		{ bpf->progs.owner_open, "iommufd_ctx_open", EVENT_ctx_open },
		{ bpf->progs.owner_close, "iommufd_ctx_close", EVENT_ctx_close },
		{ bpf->progs.owner_bind, "iommufd_device_bind", EVENT_device_bind },
		{ bpf->progs.owner_unbind, "iommufd_device_unbind", EVENT_device_unbind },
	};
	const struct owner_maps maps = {
		.owners = bpf_map__fd(bpf->maps.owners),
		.owned_devices = bpf_map__fd(bpf->maps.owned_devices),
		.owned_names = bpf_map__fd(bpf->maps.owned_names),
	};
	unsigned int i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		session->owner_links[i] = bpf_program__attach_raw_tracepoint(
			programs[i].program, programs[i].tracepoint);
		if (session->owner_links[i])
			continue;
		if (session->asked & DRIVER_BITS)
			return explain__attach(programs[i].event, -errno);
		/* Faults can be traced without this driver; they have no owner then. */
		detach_owners(session);
		session->has_owners = false;
		return 0;
	}
	/* Without it, devices that are not PCI have no owner. */
	if (session->host && needs_names(session))
		session->owner_links[i] = bpf_program__attach_kprobe(
			session->host->progs.owner_name, false, "iommufd_device_bind");
	owner__read(&maps, &session->filter);
	device_name__set_reader(read_device_name, session);
	return 0;
}

__u64 session__exec_ns(const struct session *session, __u32 tgid)
{
	__u64 ns = 0;

	bpf_map_lookup_elem(bpf_map__fd(session->bpf->maps.execs), &tgid, &ns);
	return ns;
}

/* Without both programs the page faults during pins are not known. */
static void attach_pins(struct session *session)
{
	const struct iosnoop_host_bpf *host = session->host;

	session->pins_links[0] =
		bpf_program__attach_kprobe(host->progs.pins_begin, false, "umem_pin");
	if (session->pins_links[0])
		session->pins_links[1] =
			bpf_program__attach_raw_tracepoint(host->progs.pins_end, "iommufd_pin");
}

/* After attaching, because the history begins then. */
static int open_faults(struct session *session, const struct run_request *request)
{
	const struct iosnoop_bpf *bpf = session->bpf;

	if (!session->has_past)
		return 0;
	return faults__open(&session->faults, bpf_map__fd(bpf->maps.pasts),
			    request->stacks ? bpf_map__fd(bpf->maps.past_stacks) : -1,
			    session->driver);
}

bool session__take_pins(const struct session *session, const struct pins_key *key,
			struct pins *pins)
{
	int fd;

	memset(pins, 0, sizeof(*pins));
	if (!session->pins_links[1])
		return false;
	fd = bpf_map__fd(session->host->maps.pins);
	/* A process that has pinned nothing has no entry. */
	if (!bpf_map_lookup_elem(fd, key, pins))
		bpf_map_delete_elem(fd, key);
	return true;
}

/* A source that shows less than our driver is named on stderr; formats have it as well. */
static void tell_source(const struct session *session)
{
	if (session->driver_kind == DRIVER_UPSTREAM)
		msg("the driver is the kernel's own iommufd; iosnoop --check lists the events that "
		    "it does not show");
	else if (session->driver_kind == DRIVER_TYPE1)
		msg("iommufd is not loaded: only VFIO type1 and hardware faults are shown");
}

int session__attach(struct session *session, const struct run_request *request)
{
	int err = 0;

	if (request->stacks)
		err = attach_exec(session);
	if (!err && session->has_owners && is_native(session))
		err = attach_owners(session);
	if (!err)
		err = attach_object(session, request, session->bpf->obj);
	if (!err && session->foreign)
		err = foreign__attach(session);
	if (!err)
		session->events |= session->foreign_events & request->events;
	if (!err && session->host)
		err = attach_object(session, request, session->host->obj);
	if (!err && session->host && request->counts_pins && is_native(session))
		attach_pins(session);
	if (!err && session->host) {
		attach_type1(session, request);
		attach_dma_fault(session, request);
	}
	if (!err && !session->events) {
		if (!request->named)
			msg("none of the events chosen by -e can be traced here; iosnoop --check "
			    "shows why");
		return -ENODEV;
	}
	if (!err && !request->is_checked)
		tell_source(session);
	return err ? err : open_faults(session, request);
}

int session__ring_fd(const struct session *session)
{
	return bpf_map__fd(session->bpf->maps.records);
}

/*
 * Count how often the kernel skipped a program because one was running on the same CPU. Leave out
 * programs that only keep causes, and those of type1, which run for other calls as well.
 */
static __u64 count_not_run(const struct session *session, const struct bpf_object *object)
{
	struct bpf_program *program;
	struct bpf_prog_info info;
	enum event_id event;
	__u64 not_run = 0;
	__u32 size;

	bpf_object__for_each_program(program, object) {
		event = program_event(program);
		if (event >= NR_EVENTS || !(session->events & EVENT_MASK(event)))
			continue;
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		if (bpf_program__fd(program) >= 0 &&
		    !bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size))
			not_run += info.recursion_misses;
	}
	return not_run;
}

void session__detach(struct session *session)
{
	unsigned int i;

	type1__finish(session);
	for (i = 0; i < NR_EVENTS; i++)
		detach_event(session, i);
	dma_fault__detach(&session->dma_fault);
	foreign__detach(session);
	/*
	 * A program may still be running. This call waits for an RCU grace period, which ends after
	 * all of them. Where it is not supported, the events of the last microsecond may be missed.
	 */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	session->not_run = count_not_run(session, session->bpf->obj);
	if (session->foreign)
		session->not_run += count_not_run(session, foreign__object(session));
	if (session->host)
		session->not_run += count_not_run(session, session->host->obj);
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
		msg("cannot read the event counters: %s", errname(-err, name));
		goto free_counters;
	}
	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < nr_cpus; i++) {
		sum->seen += counters[i].seen;
		sum->filtered += counters[i].filtered;
		sum->submitted += counters[i].submitted;
		sum->lost += counters[i].lost;
	}
	sum->seen += session->not_run;
	sum->filtered += session->unfinished;
	sum->lost += session->not_run + session->unended;

free_counters:
	free(counters);
	return err;
}

void session__close(struct session *session)
{
	unsigned int i;

	device_name__set_reader(NULL, NULL);
	for (i = 0; i < NR_EVENTS; i++)
		bpf_link__destroy(session->links[i]);
	type1__close(session);
	detach_owners(session);
	dma_fault__detach(&session->dma_fault);
	bpf_link__destroy(session->exec_link);
	bpf_link__destroy(session->pins_links[0]);
	bpf_link__destroy(session->pins_links[1]);
	iosnoop_host_bpf__destroy(session->host);
	foreign__close(session);
	iosnoop_bpf__destroy(session->bpf);
	faults__close(&session->faults);
	driver_state__close(session->driver);
}
