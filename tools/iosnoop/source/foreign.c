// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of a session that is about the kernel's own (upstream) iommufd: its programs, which make
 * the same records as those on our tracepoints and share their maps.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "driver_state.h"
#include "env.h"
#include "errname.h"
#include "iommufd_filter.h" /* for the skeletons */
#include "iosnoop.skel.h"
#include "iosnoop_upstream.skel.h"
#include "msg.h"
#include "source/source.h"
#include "upstream.h"

#define DRIVER_BITS (EVENT_MASK(EVENT_FIRST_HOST) - 1)
/* These keep the numbers of contexts, and the owners of contexts and devices. */
#define OWNER_BITS \
	(EVENT_MASK(EVENT_ctx_open) | EVENT_MASK(EVENT_ctx_close) | \
	 EVENT_MASK(EVENT_device_bind) | EVENT_MASK(EVENT_device_unbind))
/* An ioctl that is newer than some kernels: without it nothing is missing. */
#define NEW_BITS EVENT_MASK(EVENT_ioas_map_file)

static int reuse_maps(struct iosnoop_upstream_bpf *foreign, const struct iosnoop_bpf *bpf)
{
	const struct {
		struct bpf_map *map;
		const struct bpf_map *of;
	} shared[] = {
		{ foreign->maps.records, bpf->maps.records },
		{ foreign->maps.counters, bpf->maps.counters },
		{ foreign->maps.owners, bpf->maps.owners },
		{ foreign->maps.owned_devices, bpf->maps.owned_devices },
		{ foreign->maps.owned_names, bpf->maps.owned_names },
		{ foreign->maps.binding_names, bpf->maps.binding_names },
		{ foreign->maps.pasts, bpf->maps.pasts },
		{ foreign->maps.past_stacks, bpf->maps.past_stacks },
	};
	unsigned int i;
	int err = 0;

	for (i = 0; i < sizeof(shared) / sizeof(shared[0]) && !err; i++)
		err = bpf_map__reuse_fd(shared[i].map, bpf_map__fd(shared[i].of));
	return err;
}

static bool has_both(const struct bpf_program *begin, const struct bpf_program *end)
{
	return bpf_program__autoload(begin) && bpf_program__autoload(end);
}

static void set_options(struct session *session, const struct run_request *request)
{
	struct iosnoop_upstream_bpf *foreign = session->foreign;
	const struct iosnoop_bpf *bpf = session->bpf;

	memcpy((void *)&foreign->rodata->filter, &session->filter, sizeof(session->filter));
	foreign->rodata->chosen_events = request->events;
	foreign->rodata->page_shift = bpf->rodata->page_shift;
	foreign->rodata->with_stacks = bpf->rodata->with_stacks;
	foreign->rodata->with_threads = bpf->rodata->with_threads;
	foreign->rodata->with_past = bpf->rodata->with_past;
	foreign->rodata->wakeup_shift = bpf->rodata->wakeup_shift;
	foreign->rodata->has_fills =
		has_both(foreign->progs.up_fill_begin, foreign->progs.up_fill_end);
	foreign->rodata->has_pins =
		has_both(foreign->progs.up_pin_begin, foreign->progs.up_pin_end);
	foreign->rodata->has_unfills =
		has_both(foreign->progs.up_unfill_begin, foreign->progs.up_unfill_end);
}

const char *foreign__explain(const struct session *session, enum event_id event,
			     char text[EXPLAIN_MAX])
{
	const char *function = upstream__function(session->foreign->obj, event);

	if (!function)
		return "the kernel's own iommufd has no such event; it needs the module of "
		       "iommuscope";
	snprintf(text, EXPLAIN_MAX, "this kernel's iommufd has no function %s", function);
	return text;
}

/* Tell which of the chosen events there are none of, and why. */
static void explain_missing(const struct session *session, const struct run_request *request,
			    __u64 missing)
{
	char why[EXPLAIN_MAX];
	unsigned int event;

	for (event = 0; event < EVENT_FIRST_HOST; event++) {
		if (!(missing & EVENT_MASK(event)))
			continue;
		/* A sentence about events that upstream cannot have only if the user named them. */
		if (!(request->named & EVENT_MASK(event)) &&
		    (EVENT_MASK(event) & NEW_BITS ||
		     !upstream__function(session->foreign->obj, event)))
			continue;
		msg("cannot trace %s: %s", event__short_name(event),
		    foreign__explain(session, event, why));
	}
}

static int explain_open(int err)
{
	char why[ENV_WHY_MAX];

	msg("cannot trace the kernel's own iommufd: %s", env__why_refused("iommufd", err, why));
	return err == -EPERM || err == -EACCES ? -EPERM : -ENODEV;
}

int foreign__load(struct session *session, const struct run_request *request)
{
	__u64 missing;
	__u64 lacking;
	int err;

	if (!env__missing_caps(NULL, ENV_CAP_SYS_ADMIN, &lacking) && lacking)
		return explain_open(-EPERM);
	session->upstream = upstream__open();
	if (!session->upstream)
		return explain_open(-errno);
	/* It also numbers the contexts that are there, which all programs then use. */
	session->driver = driver_state__open(DRIVER_UPSTREAM);
	if (!session->driver)
		return explain_open(-errno);
	session->foreign = iosnoop_upstream_bpf__open();
	if (!session->foreign)
		return explain_open(-errno);
	session->foreign_events =
		upstream__choose_programs(session->upstream, session->foreign->obj,
					  (session->wanted & DRIVER_BITS) | OWNER_BITS);
	set_options(session, request);
	missing = request->events & DRIVER_BITS & ~session->foreign_events;
	if (!request->is_checked)
		explain_missing(session, request, missing);
	err = reuse_maps(session->foreign, session->bpf);
	if (!err)
		err = driver_state__share(session->driver, session->foreign->obj);
	if (!err)
		err = iosnoop_upstream_bpf__load(session->foreign);
	return err ? explain__load(err, request) : 0;
}

int foreign__attach(struct session *session)
{
	char name[ERRNAME_MAX];
	int err;

	err = upstream__attach(session->foreign->obj, session->foreign_links,
			       sizeof(session->foreign_links) / sizeof(session->foreign_links[0]),
			       &session->nr_foreign_links);
	if (!err)
		return 0;
	msg("cannot attach to the functions of the kernel's own iommufd: %s\n  libbpf reports: %s",
	    errname(-err, name), msg__libbpf_warning());
	return err == -EPERM || err == -EACCES ? -EPERM : -ENODEV;
}

const struct bpf_object *foreign__object(const struct session *session)
{
	return session->foreign->obj;
}

void foreign__detach(struct session *session)
{
	while (session->nr_foreign_links)
		bpf_link__destroy(session->foreign_links[--session->nr_foreign_links]);
}

void foreign__close(struct session *session)
{
	foreign__detach(session);
	iosnoop_upstream_bpf__destroy(session->foreign);
	upstream__close(session->upstream);
}
