// SPDX-License-Identifier: GPL-2.0-only
/*
 * The running kernel as a source: loads, attaches and reads BPF programs.
 *
 * There are three BPF objects for iommuscope's driver, because they need different privileges:
 *	iommutop	counters and the event stream: CAP_BPF and CAP_PERFMON
 *	driver_state	contexts, objects, policies: CAP_SYS_ADMIN, see driver_state.h
 *	iommutop_host	DMA faults: the kernel's BTF, and no lockdown
 * The first one must load. Without the second, fdinfo.c finds some of the objects. Without the
 * third, model->missing says so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "env.h"
#include "errname.h"
#include "event.h"
#include "kernel_btf.h"
#include "msg.h"
#include "owner.h"
#include "source/live.h"

#define MODULE "iommufd"
#define EVENTS_BUFFER (1u << 19)

/* ---- reading ---- */

static int store_event(void *ctx, void *data, size_t size)
{
	const struct event_record *record = data;
	struct live *live = ctx;

	if (event__is_valid(record, size))
		model__add_event(live->model, record, NULL);
	return 0;
}

static bool find_area(void *ctx, struct top_area_find *find)
{
	struct live *live = ctx;

	if (live->nr_areas == LIVE_AREAS)
		return false;
	live->nr_areas++;
	return !driver_state__find_area(live->driver, find);
}

/* Explain faults by the history that the programs keep from now on. */
static int open_why(struct live *live, struct model *model)
{
	struct why_source *why = &model->state->why;

	why->is_live = true;
	why->has_objects = live->driver;
	why->find_area = live->driver ? find_area : NULL;
	why->ctx = live;
	return history__open(&why->history, bpf_map__fd(live->bpf->maps.pasts), clock__now());
}

static void add_stats(struct live *live, const struct bpf_object *object)
{
	struct state *state = live->model->state;
	struct bpf_program *program;
	struct bpf_prog_info info;
	__u32 size;

	bpf_object__for_each_program(program, object) {
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		if (bpf_program__fd(program) < 0 ||
		    bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size))
			continue;
		state->losses[LOSS_MISSED] += info.recursion_misses;
		if (live->stats_fd >= 0) {
			state->bpf_ns += info.run_time_ns;
			state->bpf_runs += info.run_cnt;
		}
	}
}

static __u64 map_bytes(const struct bpf_object *object)
{
	struct bpf_map *map;
	char path[64], line[128];
	__u64 sum = 0, bytes;
	FILE *file;

	bpf_object__for_each_map(map, object) {
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", bpf_map__fd(map));
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "memlock: %llu", &bytes) == 1)
				sum += bytes;
		if (file)
			fclose(file);
	}
	return sum;
}

static void read_stats(struct live *live)
{
	struct state *state = live->model->state;

	state->losses[LOSS_MISSED] = 0;
	if (live->stats_fd >= 0)
		state->bpf_ns = state->bpf_runs = 0;
	add_stats(live, live->bpf->obj);
	if (live->foreign)
		add_stats(live, live->foreign->obj);
	if (live->type1)
		add_stats(live, live->type1->obj);
	if (live->host_bpf)
		add_stats(live, live->host_bpf->obj);
	/* The memory of maps changes slowly, and reading it opens a file per map. */
	if (live->model->refreshes % 16 == 1) {
		state->maps_bytes = map_bytes(live->bpf->obj);
		if (live->driver)
			state->maps_bytes += map_bytes(driver_state__object(live->driver));
	}
}

static int live_refresh(struct source *source, struct model *model)
{
	struct live *live = (struct live *)source;
	int err;

	live->model = model;
	live->nr_areas = 0;
	driver__missing_policies(NULL, model->state->missing_policies);
	err = live->driver ? live__read_objects(live) : fdinfo__read(model->state);
	if (!err && (model->want.space || model->want.areas) && live->driver)
		err = live__read_areas(live);
	if (err)
		return err;
	/* Before the counters, which belong to contexts that an event may have announced. */
	ring_buffer__consume(live->events);
	err = live__read_counters(live);
	if (!err && live->driver)
		err = live__read_costs(live);
	if (err)
		return err;
	read_stats(live);
	return 0;
}

static void live_close(struct source *source)
{
	struct live *live = (struct live *)source;

	while (live->nr_links)
		bpf_link__destroy(live->links[--live->nr_links]);
	dma_fault__detach(&live->dma_fault);
	ring_buffer__free(live->events);
	live__close_foreign(live);
	cost__close(live->cost);
	iommutop_host_bpf__destroy(live->host_bpf);
	driver_state__close(live->driver);
	iommutop_bpf__destroy(live->bpf);
	if (live->stats_fd >= 0)
		close(live->stats_fd);
	hash__close(&live->absent);
	free(live->batch);
	free(live);
}

/* ---- loading ---- */

static int explain_load(int err)
{
	char name[ERRNAME_MAX];

	if (err == -EPERM || err == -EACCES) {
		msg("cannot load BPF programs: the kernel refused them (%s) although CAP_BPF and "
		    "CAP_PERFMON are effective; check lockdown, the security module and the user "
		    "namespace\n"
		    "  libbpf says: %s",
		    errname(-err, name), msg__libbpf_warning());
		return -EPERM;
	}
	if (err == -ENOMEM || err == -EMFILE) {
		msg("cannot load BPF programs: %s; check ulimit -n and the memory limit of this "
		    "cgroup",
		    errname(-err, name));
		return err;
	}
	msg("cannot load BPF programs: this kernel rejects them (%s)\n"
	    "  iommutop supports Linux 6.12 and later; -v shows the details\n"
	    "  libbpf says: %s",
	    errname(-err, name), msg__libbpf_warning());
	return -ENODEV;
}

static int explain_foreign(int err, enum driver_kind driver)
{
	const bool is_type1 = driver == DRIVER_TYPE1;
	char why[ENV_WHY_MAX];

	msg("cannot read the objects of %s: %s",
	    is_type1 ? "VFIO type1" : "the kernel's own iommufd",
	    env__why_refused(is_type1 ? "vfio_iommu_type1" : MODULE, err, why));
	return err == -EPERM || err == -EACCES ? -EPERM : -ENODEV;
}

/* Observe a driver of the kernel, which needs its objects. err: of loading their reader. */
static int open_foreign(struct live *live, enum driver_kind driver, int err)
{
	if (err)
		return explain_foreign(err, driver);
	return driver == DRIVER_TYPE1 ? live__open_type1(live) : live__open_foreign(live);
}

/* List the missing data. host_err: the error of loading the programs for faults. */
static void say_missing(const struct live *live, struct model *model, enum driver_kind driver,
			int err, int host_err)
{
	char *text = model->missing, why[ENV_WHY_MAX];
	const size_t size = sizeof(model->missing);

	if (err)
		snprintf(text, size, "contexts from /proc only, and no policies%s: %s",
			 host_err ? " or DMA faults" : "", env__why_refused(MODULE, err, why));
	else if (driver == DRIVER_UPSTREAM)
		snprintf(text, size, "the kernel's own iommufd: no %sruns, PASIDs and policies%s",
			 live->lacks_copies ? "copies, " : "",
			 host_err ? ", and no DMA faults" : "");
	else if (driver == DRIVER_TYPE1)
		snprintf(text, size, "VFIO type1: no runs, page requests, PASIDs and policies%s",
			 host_err ? ", and no DMA faults" : "");
	else if (host_err)
		snprintf(text, size, "no DMA faults: %s", env__why_refused(NULL, host_err, why));
	else if (env__in_pid_namespace(NULL))
		snprintf(text, size,
			 "process ids are those of the host, because this is another PID "
			 "namespace");
}

static const char *source_name(enum driver_kind driver)
{
	return driver == DRIVER_NATIVE ? "live" : driver__name(driver);
}

/*
 * A filter selects contexts, and all calls of these count, because a virtual machine maps in
 * threads with other names than the monitor's. model/ checks processes, devices and names; the
 * programs check the numbers of the context and the IOAS, which each call has.
 */
static void set_filter(struct iommutop_bpf *bpf, const struct iommufd_filter *filter)
{
	struct iommufd_filter counted = *filter;

	counted.use &= EVENT_FILTER_CTX | EVENT_FILTER_IOAS;
	memcpy((void *)&bpf->rodata->filter, &counted, sizeof(counted));
	bpf->rodata->sizes_by_ctx = filter->use;
	bpf->rodata->with_threads = filter->use;
	if (filter->use)
		return;
	bpf_map__set_max_entries(bpf->maps.ctx_sizes, 1);
	bpf_program__set_autoload(bpf->progs.ctx_open, false);
	bpf_program__set_autoload(bpf->progs.device_bind, false);
}

static void set_table(struct iommutop_bpf *bpf)
{
	for (size_t i = 0; i < TOP_TABLE; i++)
		bpf->rodata->top_table[i] = top_bucket(i << TOP_TABLE_SHIFT);
}

static int load_counters(struct live *live, const struct source_options *options)
{
	struct bpf_program *program;
	int err;

	live->bpf = iommutop_bpf__open();
	if (!live->bpf)
		return explain_load(-errno);
	set_filter(live->bpf, &options->filter);
	set_table(live->bpf);
	/* With another driver this object has the maps only. */
	if (options->driver != DRIVER_NATIVE)
		bpf_object__for_each_program(program, live->bpf->obj)
			bpf_program__set_autoload(program, false);
	bpf_map__set_max_entries(live->bpf->maps.records, EVENTS_BUFFER);
	err = iommutop_bpf__load(live->bpf);
	return err ? explain_load(err) : 0;
}

static int allocate(struct live *live)
{
	_Static_assert(sizeof(struct top_ioas) >= sizeof(struct top_size) &&
			       sizeof(struct top_ioas) >= sizeof(struct top_fault),
		       "the batch has room for the largest value");
	live->nr_cpus = libbpf_num_possible_cpus();
	if (live->nr_cpus < 0)
		return live->nr_cpus;
	live->batch = malloc(LIVE_BATCH * sizeof(struct top_ioas) * live->nr_cpus);
	live->events =
		ring_buffer__new(bpf_map__fd(live->bpf->maps.records), store_event, live, NULL);
	if (live->batch && live->events)
		return 0;
	return model__no_memory();
}

static int attach_all(struct live *live)
{
	struct bpf_program *program;
	char tracepoint[64], name[ERRNAME_MAX];
	struct bpf_link *link;
	int err;

	bpf_object__for_each_program(program, live->bpf->obj) {
		if (!bpf_program__autoload(program))
			continue;
		/* The section is "raw_tp/" and the name of the tracepoint. */
		snprintf(tracepoint, sizeof(tracepoint), "%s",
			 strchr(bpf_program__section_name(program), '/') + 1);
		link = bpf_program__attach_raw_tracepoint(program, tracepoint);
		if (link) {
			live->links[live->nr_links++] = link;
			continue;
		}
		err = -errno;
		if (err == -ENOENT || err == -EINVAL) {
			msg("module " MODULE " does not match this iommutop: tracepoint %s is "
			    "missing or of another version\n"
			    "  close all users of the module, then: rmmod iommufd; "
			    "insmod build/iommufd.ko",
			    tracepoint);
			return -ENODEV;
		}
		msg("cannot attach to the tracepoint %s: %s\n  libbpf says: %s", tracepoint,
		    errname(-err, name), msg__libbpf_warning());
		return err == -EACCES ? -EPERM : err;
	}
	return 0;
}

/* Load the programs for DMA faults, and attach those whose IOMMU driver exists. */
static int load_host(struct live *live, enum driver_kind driver)
{
	struct dma_fault_programs programs;
	struct bpf_link *link;
	int err;

	live->host_bpf = iommutop_host_bpf__open();
	if (!live->host_bpf)
		return -errno;
	live->host_bpf->rodata->with_threads = live->bpf->rodata->with_threads;
	err = bpf_map__reuse_fd(live->host_bpf->maps.records, bpf_map__fd(live->bpf->maps.records));
	if (!err)
		err = bpf_map__reuse_fd(live->host_bpf->maps.counters,
					bpf_map__fd(live->bpf->maps.counters));
	if (!err)
		err = bpf_map__reuse_fd(live->host_bpf->maps.owners,
					bpf_map__fd(live->bpf->maps.owners));
	if (!err)
		err = bpf_map__reuse_fd(live->host_bpf->maps.owned_devices,
					bpf_map__fd(live->bpf->maps.owned_devices));
	if (!err)
		err = bpf_map__reuse_fd(live->host_bpf->maps.binding_names,
					bpf_map__fd(live->bpf->maps.binding_names));
	programs = (struct dma_fault_programs){ live->host_bpf->progs.dma_fault,
						live->host_bpf->progs.smmu_begin,
						live->host_bpf->progs.smmu_end };
	if (!err)
		err = dma_fault__choose(&programs, true);
	if (!err)
		err = iommutop_host_bpf__load(live->host_bpf);
	if (err) {
		iommutop_host_bpf__destroy(live->host_bpf);
		live->host_bpf = NULL;
		return err;
	}
	link = driver == DRIVER_NATIVE ?
		       bpf_program__attach_kprobe(live->host_bpf->progs.owner_name, false,
						  "iommufd_device_bind") :
		       NULL;
	if (link)
		live->links[live->nr_links++] = link;
	dma_fault__attach(&programs, &live->dma_fault);
	link = bpf_program__attach_raw_tracepoint(live->host_bpf->progs.io_page_fault,
						  "io_page_fault");
	if (link)
		live->links[live->nr_links++] = link;
	return 0;
}

/* Owners of the devices that were bound before the programs were attached. */
static void read_owners(const struct live *live, const struct source_options *options)
{
	const struct owner_maps maps = {
		.owners = bpf_map__fd(live->bpf->maps.owners),
		.owned_devices = bpf_map__fd(live->bpf->maps.owned_devices),
		.owned_names = bpf_map__fd(live->bpf->maps.owned_names),
	};

	owner__read(&maps, &options->filter);
}

int live__open(struct source **source, struct model *model, const struct source_options *options)
{
	struct live *live = calloc(1, sizeof(*live));
	int err, host_err;

	if (!live)
		return model__no_memory();
	live->source.refresh = live_refresh;
	live->source.close = live_close;
	hash__init(&live->absent, sizeof(struct absent_ctx));
	live->stats_fd = -1;
	err = load_counters(live, options);
	if (!err)
		err = allocate(live);
	if (!err)
		err = attach_all(live);
	if (err) {
		live_close(&live->source);
		return err;
	}
	if (options->self_stats)
		live->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	live->driver = driver_state__open(options->driver);
	err = live->driver ? 0 : -errno;
	if (options->driver != DRIVER_NATIVE) {
		err = open_foreign(live, options->driver, err);
		if (err) {
			live_close(&live->source);
			return err;
		}
	}
	host_err = load_host(live, options->driver);
	if (open_why(live, model)) {
		live_close(&live->source);
		return -ENOMEM;
	}
	if (!host_err && options->driver == DRIVER_NATIVE)
		read_owners(live, options);
	say_missing(live, model, options->driver, err, host_err);
	kernel_btf__release();
	model->source = source_name(options->driver);
	*source = &live->source;
	return 0;
}
