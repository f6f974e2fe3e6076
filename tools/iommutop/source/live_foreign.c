// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs for the kernel's own (upstream) iommufd: they count in the same maps as those on our
 * tracepoints. See live.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "env.h"
#include "errname.h"
#include "event.h"
#include "msg.h"
#include "source/live.h"
#include "upstream.h"

/* The events that iommutop counts or keeps. */
#define EVENTS \
	(EVENT_MASK(EVENT_ctx_open) | EVENT_MASK(EVENT_ctx_close) | \
	 EVENT_MASK(EVENT_device_bind) | EVENT_MASK(EVENT_device_unbind) | \
	 EVENT_MASK(EVENT_device_attach) | EVENT_MASK(EVENT_device_replace) | \
	 EVENT_MASK(EVENT_device_detach) | EVENT_MASK(EVENT_ioas_map) | \
	 EVENT_MASK(EVENT_ioas_map_file) | EVENT_MASK(EVENT_ioas_unmap) | \
	 EVENT_MASK(EVENT_ioas_copy) | EVENT_MASK(EVENT_fault_report) | \
	 EVENT_MASK(EVENT_fault_response))

/* Without one of these the counts would be wrong. */
#define NEEDED \
	(EVENT_MASK(EVENT_ctx_open) | EVENT_MASK(EVENT_ctx_close) | EVENT_MASK(EVENT_ioas_map) | \
	 EVENT_MASK(EVENT_ioas_unmap))

static bool has_both(const struct bpf_program *begin, const struct bpf_program *end)
{
	return bpf_program__autoload(begin) && bpf_program__autoload(end);
}

static void set_options(struct live *live)
{
	struct iommutop_upstream_bpf *foreign = live->foreign;
	const struct iommutop_bpf *bpf = live->bpf;

	memcpy((void *)&foreign->rodata->filter, (const void *)&bpf->rodata->filter,
	       sizeof(bpf->rodata->filter));
	memcpy((void *)foreign->rodata->top_table, (const void *)bpf->rodata->top_table,
	       sizeof(bpf->rodata->top_table));
	foreign->rodata->sizes_by_ctx = bpf->rodata->sizes_by_ctx;
	foreign->rodata->with_threads = bpf->rodata->with_threads;
	foreign->rodata->has_fills =
		has_both(foreign->progs.up_fill_begin, foreign->progs.up_fill_end);
	foreign->rodata->has_pins =
		has_both(foreign->progs.up_pin_begin, foreign->progs.up_pin_end);
	foreign->rodata->has_unfills =
		has_both(foreign->progs.up_unfill_begin, foreign->progs.up_unfill_end);
}

int live__reuse_maps(const struct live *live, const struct bpf_object *object)
{
	const struct bpf_map *theirs;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, object) {
		if (err || bpf_map__is_internal(map))
			continue;
		theirs = bpf_object__find_map_by_name(live->bpf->obj, bpf_map__name(map));
		if (theirs)
			err = bpf_map__reuse_fd(map, bpf_map__fd(theirs));
	}
	return err;
}

static int choose_programs(struct live *live)
{
	struct upstream *upstream = upstream__open();
	char why[ENV_WHY_MAX];
	unsigned int event;
	__u64 there;

	if (!upstream) {
		msg("cannot observe the kernel's own iommufd: %s",
		    env__why_refused("iommufd", -errno, why));
		return -ENODEV;
	}
	there = upstream__choose_programs(upstream, live->foreign->obj, EVENTS);
	upstream__close(upstream);
	live->lacks_copies = !(there & EVENT_MASK(EVENT_ioas_copy));
	for (event = 0; event < NR_EVENTS; event++) {
		if (!(NEEDED & ~there & EVENT_MASK(event)))
			continue;
		msg("cannot observe the kernel's own iommufd: it has no function %s",
		    upstream__function(live->foreign->obj, event));
		return -ENODEV;
	}
	return 0;
}

int live__open_foreign(struct live *live)
{
	char name[ERRNAME_MAX];
	int err;

	live->foreign = iommutop_upstream_bpf__open();
	if (!live->foreign)
		return -errno;
	err = choose_programs(live);
	if (err)
		return err;
	set_options(live);
	err = live__reuse_maps(live, live->foreign->obj);
	if (!err)
		err = driver_state__share(live->driver, live->foreign->obj);
	if (!err)
		err = iommutop_upstream_bpf__load(live->foreign);
	if (!err)
		err = upstream__attach(live->foreign->obj, live->foreign_links,
				       sizeof(live->foreign_links) / sizeof(live->foreign_links[0]),
				       &live->nr_foreign_links);
	if (!err)
		return 0;
	msg("cannot observe the kernel's own iommufd: %s\n  libbpf says: %s", errname(-err, name),
	    msg__libbpf_warning());
	return err == -EPERM || err == -EACCES ? -EPERM : -ENODEV;
}

void live__close_foreign(struct live *live)
{
	while (live->nr_foreign_links)
		bpf_link__destroy(live->foreign_links[--live->nr_foreign_links]);
	iommutop_upstream_bpf__destroy(live->foreign);
	iommutop_type1_bpf__destroy(live->type1);
}
