// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make requests of recorded events, see traffic.h. pinned.c keeps the totals.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/iommufd.h>
#include <linux/iommufd_ext.h>

#include "cgroup.h"
#include "device_name.h"
#include "human.h"
#include "iommufd_state.h"
#include "rules/cases.h"
#include "rules/pinned.h"
#include "rules/traffic.h"

#define ARRAY_MAX 16384
#define BOUND_MAX 64 /* devices of a context that rules look at */
#define BIT(field) (1ull << RULES_##field)

/* The facts about a PCI device by its address. */
struct ids {
	__u32 sbdf, vendor, product, group;
};

/* A device that is bound to a context. */
struct bound {
	__u32 ctx, id, sbdf;
};

/* An object that something can be attached to. */
struct pt {
	__u32 ctx, id, type; /* enum iommufd_info_type */
	__u32 parent; /* EVENT_NONE: not known */
};

struct traffic {
	struct pinned *pinned;
	struct pt *pts;
	unsigned int nr_pts;
	struct ids *ids;
	unsigned int nr_ids;
	struct bound *bound, *next; /* next: of the snapshot that is being read */
	unsigned int nr_bound, nr_next;
	bool has_bound;
	bool is_cut; /* the snapshot that is being read lacks objects */
	struct rules_device devices[BOUND_MAX];
	char cgroup[CGROUP_PATH_MAX];
};

struct traffic *traffic__new(__u64 events)
{
	struct traffic *traffic = calloc(1, sizeof(*traffic));

	if (!traffic)
		return NULL;
	traffic->pinned = pinned__new(events);
	traffic->pts = calloc(ARRAY_MAX, sizeof(*traffic->pts));
	traffic->ids = calloc(ARRAY_MAX, sizeof(*traffic->ids));
	traffic->bound = calloc(ARRAY_MAX, sizeof(*traffic->bound));
	traffic->next = calloc(ARRAY_MAX, sizeof(*traffic->next));
	if (traffic->pinned && traffic->pts && traffic->ids && traffic->bound && traffic->next)
		return traffic;
	traffic__free(traffic);
	return NULL;
}

void traffic__free(struct traffic *traffic)
{
	if (!traffic)
		return;
	pinned__free(traffic->pinned);
	free(traffic->pts);
	free(traffic->ids);
	free(traffic->bound);
	free(traffic->next);
	free(traffic);
}

void traffic__begin(struct traffic *traffic)
{
	traffic->nr_bound = traffic->nr_next = 0;
	traffic->nr_pts = 0;
	traffic->has_bound = false;
	pinned__forget(traffic->pinned);
}

__u32 traffic__hooks(__u64 events)
{
	static const struct {
		__u64 events;
		__u32 hooks;
	} table[] = {
		{ EVENT_MASK(EVENT_device_bind), RULES_HOOK(DEVICE_BIND) },
		{ EVENT_MASK(EVENT_device_attach) | EVENT_MASK(EVENT_device_replace),
		  RULES_HOOK(DEVICE_ATTACH) | RULES_HOOK(PASID_ATTACH) },
		{ EVENT_MASK(EVENT_ioas_map) | EVENT_MASK(EVENT_ioas_map_file) |
			  EVENT_MASK(EVENT_ioas_copy),
		  RULES_HOOK(IOAS_MAP) },
		{ EVENT_MASK(EVENT_ioas_unmap), RULES_HOOK(IOAS_UNMAP) },
		{ EVENT_MASK(EVENT_hwpt_alloc), RULES_HOOK(HWPT_ALLOC) },
		{ EVENT_MASK(EVENT_pasid_alloc), RULES_HOOK(PASID_ALLOC) },
		{ EVENT_MASK(EVENT_pasid_attach) | EVENT_MASK(EVENT_pasid_replace),
		  RULES_HOOK(PASID_ATTACH) },
		{ EVENT_MASK(EVENT_ioas_change_process), RULES_HOOK(IOAS_CHANGE_PROCESS) },
		{ EVENT_MASK(EVENT_fault_report), RULES_HOOK(FAULT) },
	};
	__u32 hooks = 0;
	unsigned int i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (events & table[i].events)
			hooks |= table[i].hooks;
	return hooks;
}

bool traffic__has_totals(const struct traffic *traffic)
{
	return pinned__is_known(traffic->pinned);
}

/* ---- devices ---- */

static struct ids *find_ids(struct traffic *traffic, __u32 sbdf)
{
	unsigned int i;

	for (i = 0; i < traffic->nr_ids; i++)
		if (traffic->ids[i].sbdf == sbdf)
			return &traffic->ids[i];
	return NULL;
}

static void learn_object(struct traffic *traffic, const struct iommufd_object_info *info)
{
	if (info->type != IOMMUFD_INFO_DEVICE || info->sbdf == IOMMUFD_NONE ||
	    find_ids(traffic, info->sbdf) || traffic->nr_ids == ARRAY_MAX)
		return;
	traffic->ids[traffic->nr_ids++] =
		(struct ids){ info->sbdf, info->vendor, info->product, info->group };
}

void traffic__learn(struct traffic *traffic, const struct recording_item *item)
{
	struct iommufd_object_info info = {};

	if (item->type == RECORDING_CGROUP)
		cgroup__add(item->cgroup->id, item->cgroup->path, item->cgroup_size);
	if (item->type != RECORDING_STATE || item->state->kind != RECORDING_STATE_OBJECT ||
	    item->state_size < offsetof(struct iommufd_object_info, pt))
		return;
	memcpy(&info, item->state->data,
	       item->state_size < sizeof(info) ? item->state_size : sizeof(info));
	learn_object(traffic, &info);
}

static void bind(struct traffic *traffic, __u32 ctx, __u32 id, __u32 sbdf)
{
	if (traffic->nr_bound < ARRAY_MAX)
		traffic->bound[traffic->nr_bound++] = (struct bound){ ctx, id, sbdf };
	else
		traffic->has_bound = false;
}

/* Unbind a device; EVENT_NONE: all of the context. */
static void unbind(struct traffic *traffic, __u32 ctx, __u32 id)
{
	unsigned int from, to = 0;

	for (from = 0; from < traffic->nr_bound; from++) {
		const struct bound *bound = &traffic->bound[from];

		if (bound->ctx != ctx || (id != EVENT_NONE && bound->id != id))
			traffic->bound[to++] = *bound;
	}
	traffic->nr_bound = to;
}

/* List the devices of the context; false if not all of them, or not their ids, are known. */
static bool list_bound(struct traffic *traffic, struct partial *partial)
{
	const struct ids *ids;
	unsigned int i, nr = 0;

	for (i = 0; i < traffic->nr_bound; i++) {
		const struct bound *bound = &traffic->bound[i];

		if (bound->ctx != partial->request.ctx)
			continue;
		ids = find_ids(traffic, bound->sbdf);
		if ((!ids && bound->sbdf != IOMMUFD_NONE) || nr == BOUND_MAX)
			return false;
		traffic->devices[nr++] = (struct rules_device){
			.vendor = ids ? ids->vendor : IOMMUFD_NONE,
			.product = ids ? ids->product : IOMMUFD_NONE,
			.sbdf = bound->sbdf,
		};
	}
	partial->world.devices = traffic->devices;
	partial->world.nr_devices = nr;
	return traffic->has_bound;
}

/* ---- objects that a PASID is attached to ---- */

static struct pt *find_pt(struct traffic *traffic, __u32 ctx, __u32 id)
{
	unsigned int i;

	for (i = 0; i < traffic->nr_pts; i++)
		if (traffic->pts[i].ctx == ctx && traffic->pts[i].id == id)
			return &traffic->pts[i];
	return NULL;
}

static void add_pt(struct traffic *traffic, __u32 ctx, __u32 id, __u32 type, __u32 parent)
{
	struct pt *pt;

	if (type != IOMMUFD_INFO_IOAS && type != IOMMUFD_INFO_HWPT && type != IOMMUFD_INFO_NESTED &&
	    type != IOMMUFD_INFO_SVA)
		return;
	pt = find_pt(traffic, ctx, id);
	if (!pt && traffic->nr_pts < ARRAY_MAX)
		pt = &traffic->pts[traffic->nr_pts++];
	if (pt)
		*pt = (struct pt){ ctx, id, type, parent };
}

/* Remove an object; EVENT_NONE: all of the context. */
static void remove_pt(struct traffic *traffic, __u32 ctx, __u32 id)
{
	unsigned int from, to = 0;

	for (from = 0; from < traffic->nr_pts; from++) {
		const struct pt *pt = &traffic->pts[from];

		if (pt->ctx != ctx || (id != EVENT_NONE && pt->id != id))
			traffic->pts[to++] = *pt;
	}
	traffic->nr_pts = to;
}

static void take_snapshot(struct traffic *traffic)
{
	struct bound *old = traffic->bound;

	traffic->bound = traffic->next;
	traffic->next = old;
	traffic->nr_bound = traffic->nr_next;
	traffic->has_bound = !traffic->is_cut && traffic->nr_next < ARRAY_MAX;
}

static void note_object(struct traffic *traffic, const struct recording_item *item)
{
	struct iommufd_object_info info = {};

	if (item->state_size < offsetof(struct iommufd_object_info, pt))
		return;
	memcpy(&info, item->state->data,
	       item->state_size < sizeof(info) ? item->state_size : sizeof(info));
	learn_object(traffic, &info);
	add_pt(traffic, info.ctx, info.id, info.type, info.parent);
	if (info.type == IOMMUFD_INFO_DEVICE && traffic->nr_next < ARRAY_MAX)
		traffic->next[traffic->nr_next++] = (struct bound){ info.ctx, info.id, info.sbdf };
}

void traffic__note(struct traffic *traffic, const struct recording_item *item)
{
	struct recording_state_end end = {};

	pinned__note(traffic->pinned, item);
	if (item->type == RECORDING_CGROUP)
		cgroup__add(item->cgroup->id, item->cgroup->path, item->cgroup_size);
	if (item->type == RECORDING_DEVICE)
		device_name__add(item->device->ctx, item->device->id, item->device->name,
				 item->device_size);
	if (item->type == RECORDING_LOST || item->type == RECORDING_SEGMENT) {
		traffic->has_bound = false;
		traffic->nr_pts = 0;
	}
	if (item->type != RECORDING_STATE)
		return;
	switch (item->state->kind) {
	case RECORDING_STATE_BEGIN:
		traffic->nr_next = 0;
		traffic->is_cut = false;
		break;
	case RECORDING_STATE_OBJECT:
		note_object(traffic, item);
		break;
	case RECORDING_STATE_CLOSED:
		traffic->is_cut = true;
		break;
	case RECORDING_STATE_END:
		if (item->state_size >= sizeof(end))
			memcpy(&end, item->state->data, sizeof(end));
		traffic->is_cut |= end.is_cut;
		take_snapshot(traffic);
	}
}

/* ---- requests ---- */

/* The flags of a request that follow from its hook, and those that the event tells. */
static void set_flags(struct partial *partial, __u32 flags, __u32 known)
{
	partial->request.flags = flags;
	partial->known_flags = known | RULES_FLAG_COPY;
}

static void set_device(struct traffic *traffic, struct partial *partial, __u32 id, __u32 sbdf)
{
	struct iommufd_policy_request *request = &partial->request;
	const struct ids *ids = find_ids(traffic, sbdf);
	const char *name = device_name__find(request->ctx, id);
	char text[HUMAN_SBDF_MAX];

	request->device = id;
	request->sbdf = sbdf;
	partial->known |= BIT(SBDF);
	if (sbdf != IOMMUFD_NONE)
		name = human__sbdf(text, sbdf);
	if (name) {
		snprintf(request->device_name, sizeof(request->device_name), "%s", name);
		partial->known |= BIT(NAME) | BIT(NAME1) | BIT(NAME2) | BIT(NAME3);
	}
	/* A device that is not PCI has no vendor. */
	if (ids || sbdf == IOMMUFD_NONE)
		partial->known |= BIT(VENDOR) | BIT(PRODUCT);
	if (!ids)
		return;
	request->vendor = ids->vendor;
	request->product = ids->product;
	request->group = ids->group;
	partial->known |= BIT(GROUP);
}

static void set_range(struct partial *partial, __u64 iova, __u64 length)
{
	partial->request.iova = iova;
	partial->request.length = length;
	partial->known |= BIT(IOVA) | BIT(LAST) | BIT(LENGTH);
}

/* pages: pinned by the call, which succeeded; -1: it did not */
static void set_totals(struct traffic *traffic, struct partial *partial, __s64 pages)
{
	struct iommufd_policy_request *request = &partial->request;
	__u64 need = pages < 0 ? 0 : pages * event__page_size();

	request->need = need;
	if (pages >= 0)
		partial->known |= BIT(NEED);
	partial->known |= pinned__totals(traffic->pinned, partial, need, pages >= 0);
}

static void set_map(struct traffic *traffic, struct partial *partial,
		    const struct args_ioas_map *args, __u32 kind)
{
	struct iommufd_policy_request *request = &partial->request;
	bool is_done = !(__s32)args->ret;

	request->hook = IOMMUFD_HOOK_IOAS_MAP;
	request->ioas = args->ioas;
	request->start = args->user_va;
	request->kind = kind;
	if (args->flags & IOMMU_IOAS_MAP_READABLE)
		request->prot |= IOMMUFD_PROT_READ;
	if (args->flags & IOMMU_IOAS_MAP_WRITEABLE)
		request->prot |= IOMMUFD_PROT_WRITE;
	partial->known |= BIT(IOAS) | BIT(START) | BIT(PROT) | BIT(KIND);
	set_range(partial, args->iova, args->length);
	set_flags(partial, args->flags & IOMMU_IOAS_MAP_FIXED_IOVA ? IOMMUFD_REQUEST_FIXED : 0,
		  ~IOMMUFD_REQUEST_OWNER);
	set_totals(traffic, partial, is_done ? (__s64)args->pages : -1);
}

static void set_copy(struct traffic *traffic, struct partial *partial,
		     const struct args_ioas_copy *args)
{
	struct args_ioas_map map = {
		.ioas = args->ioas,
		.iova = args->iova,
		.length = args->length,
		.user_va = args->src_iova,
		.flags = args->flags,
		.pages = args->pages,
		.ret = args->ret,
	};

	set_map(traffic, partial, &map, IOMMUFD_MEMORY_COPY);
	partial->known &= ~BIT(KIND); /* that of the source */
}

/* hook_flags: those that all requests of the hook have */
static void set_attach(struct traffic *traffic, struct partial *partial,
		       const struct args_device_attach *args, bool is_replace)
{
	struct iommufd_policy_request *request = &partial->request;

	request->hook = args->pasid == EVENT_NONE ? IOMMUFD_HOOK_DEVICE_ATTACH :
						    IOMMUFD_HOOK_PASID_ATTACH;
	request->ioas = args->ioas;
	request->pasid = args->pasid;
	partial->known |= BIT(PASID);
	if (args->ioas != EVENT_NONE)
		partial->known |= BIT(IOAS);
	set_device(traffic, partial, args->device, args->sbdf);
	set_flags(partial, IOMMUFD_REQUEST_DRIVER | (is_replace ? IOMMUFD_REQUEST_REPLACE : 0),
		  IOMMUFD_REQUEST_DRIVER | IOMMUFD_REQUEST_REPLACE);
	/* The page table that it was attached to may be new. */
	set_totals(traffic, partial, -1);
}

/* Set the members that follow from the object that a PASID is attached to. */
static void set_pt(struct partial *partial, const struct pt *pt)
{
	struct iommufd_policy_request *request = &partial->request;

	partial->known_flags |= IOMMUFD_REQUEST_SHARED;
	switch (pt->type) {
	case IOMMUFD_INFO_SVA:
		request->flags |= IOMMUFD_REQUEST_SHARED;
		partial->known |= BIT(IOAS);
		break;
	case IOMMUFD_INFO_IOAS:
		request->ioas = pt->id;
		partial->known |= BIT(IOAS) | BIT(HWPT);
		break;
	default:
		request->hwpt = pt->id;
		partial->known |= BIT(HWPT);
		if (pt->type != IOMMUFD_INFO_HWPT || pt->parent == EVENT_NONE)
			break;
		request->ioas = pt->parent;
		partial->known |= BIT(IOAS);
	}
}

static void set_pasid(struct traffic *traffic, struct partial *partial,
		      const struct args_pasid_attach *args, bool is_replace)
{
	const struct pt *pt = find_pt(traffic, args->ctx, args->pt);

	partial->request.hook = IOMMUFD_HOOK_PASID_ATTACH;
	partial->request.pasid = args->pasid;
	partial->request.virt_pasid = args->virt_pasid;
	partial->request.pt = args->pt;
	partial->known |= BIT(PASID) | BIT(VIRT);
	set_device(traffic, partial, args->device, args->sbdf);
	set_flags(partial, is_replace ? IOMMUFD_REQUEST_REPLACE : 0,
		  IOMMUFD_REQUEST_DRIVER | IOMMUFD_REQUEST_REPLACE);
	if (pt)
		set_pt(partial, pt);
	/* The memory of a process is not pinned. */
	set_totals(traffic, partial, pt && pt->type == IOMMUFD_INFO_SVA ? 0 : -1);
}

static void set_hwpt_alloc(struct traffic *traffic, struct partial *partial,
			   const struct args_hwpt_alloc *args)
{
	struct iommufd_policy_request *request = &partial->request;

	request->hook = IOMMUFD_HOOK_HWPT_ALLOC;
	request->pt = args->pt;
	request->ioas = args->ioas;
	request->hwpt = args->parent;
	request->hwpt_flags = args->flags;
	request->data_type = args->data_type;
	partial->known |= BIT(HWPT_FLAGS) | BIT(DATA_TYPE);
	if (args->ioas != EVENT_NONE)
		partial->known |= BIT(IOAS);
	/* An address space has no page table below it; the kernel's own driver tells no other. */
	if (args->parent != EVENT_NONE || args->pt == args->ioas)
		partial->known |= BIT(HWPT);
	set_device(traffic, partial, args->device, args->sbdf);
	set_flags(partial, 0, ~IOMMUFD_REQUEST_OWNER);
	/* A nested page table pins nothing; another one may be the first of the address space. */
	set_totals(traffic, partial, args->data_type ? 0 : -1);
}

static void set_pasid_alloc(struct traffic *traffic, struct partial *partial,
			    const struct args_pasid_alloc *args)
{
	bool is_fixed = args->flags & IOMMU_EXT_PASID_FIXED;

	partial->request.hook = IOMMUFD_HOOK_PASID_ALLOC;
	/* The event has the number that was chosen, the request the one that was asked for. */
	partial->request.pasid = is_fixed ? args->pasid : IOMMUFD_NONE;
	partial->request.virt_pasid = args->virt_pasid;
	partial->known |= BIT(PASID) | BIT(VIRT);
	set_device(traffic, partial, args->device, args->sbdf);
	set_flags(partial,
		  (is_fixed ? IOMMUFD_REQUEST_FIXED : 0) |
			  (args->flags & IOMMU_EXT_PASID_GLOBAL ? IOMMUFD_REQUEST_GLOBAL : 0),
		  ~0u);
}

/* The totals are those of the process that takes over, which the pins before do not tell. */
static void set_change(struct partial *partial, const struct args_ioas_change_process *args)
{
	partial->request.hook = IOMMUFD_HOOK_IOAS_CHANGE_PROCESS;
	set_flags(partial, 0, ~IOMMUFD_REQUEST_OWNER);
	if ((__s32)args->ret)
		return;
	partial->request.need = args->pages * event__page_size();
	partial->known |= BIT(NEED);
}

static void set_fault(struct traffic *traffic, struct partial *partial,
		      const struct args_fault_report *args)
{
	struct iommufd_policy_request *request = &partial->request;
	__u64 page = event__page_size();

	request->hook = IOMMUFD_HOOK_FAULT;
	request->hwpt = args->hwpt;
	request->pasid = args->pasid ? args->pasid : IOMMUFD_NONE;
	request->requests = args->requests;
	request->prot = (args->perm & 1 ? IOMMUFD_PROT_READ : 0) |
			(args->perm & 2 ? IOMMUFD_PROT_WRITE : 0);
	partial->known |= BIT(HWPT) | BIT(PASID) | BIT(REQUESTS);
	/* Of several requests, the event has the last one. */
	if (args->requests == 1) {
		partial->known |= BIT(PROT);
		set_range(partial, args->addr & ~(page - 1), page);
	}
	set_device(traffic, partial, args->device, args->sbdf);
	set_flags(partial, 0, 0);
}

static bool set_request(struct traffic *traffic, struct partial *partial,
			const struct event_record *record)
{
	const void *args = record->args;
	const struct args_device_bind *bind = args;
	const struct args_ioas_unmap *unmap = args;

	switch (record->event) {
	case EVENT_device_bind:
		partial->request.hook = IOMMUFD_HOOK_DEVICE_BIND;
		set_device(traffic, partial, bind->device, bind->sbdf);
		partial->request.group = bind->group;
		partial->known |= BIT(GROUP);
		set_flags(partial, IOMMUFD_REQUEST_DRIVER, IOMMUFD_REQUEST_DRIVER);
		break;
	case EVENT_device_attach:
		set_attach(traffic, partial, args, false);
		break;
	case EVENT_device_replace:
		set_attach(traffic, partial, args, true);
		break;
	case EVENT_ioas_map:
		set_map(traffic, partial, args, IOMMUFD_MEMORY_USER);
		break;
	case EVENT_ioas_map_file:
		set_map(traffic, partial, args, IOMMUFD_MEMORY_FILE);
		break;
	case EVENT_ioas_copy:
		set_copy(traffic, partial, args);
		break;
	case EVENT_ioas_unmap:
		partial->request.hook = IOMMUFD_HOOK_IOAS_UNMAP;
		partial->request.ioas = unmap->ioas;
		partial->known |= BIT(IOAS);
		set_range(partial, unmap->iova, unmap->length);
		set_flags(partial, 0, ~0u);
		break;
	case EVENT_hwpt_alloc:
		set_hwpt_alloc(traffic, partial, args);
		break;
	case EVENT_pasid_alloc:
		set_pasid_alloc(traffic, partial, args);
		break;
	case EVENT_pasid_attach:
		set_pasid(traffic, partial, args, false);
		break;
	case EVENT_pasid_replace:
		set_pasid(traffic, partial, args, true);
		break;
	case EVENT_ioas_change_process:
		set_change(partial, args);
		break;
	case EVENT_fault_report:
		set_fault(traffic, partial, args);
		break;
	default:
		return false;
	}
	return true;
}

static void set_caller(struct traffic *traffic, struct partial *partial,
		       const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	const struct event_thread *thread = event__thread(record);
	struct iommufd_policy_request *request = &partial->request;

	request->ctx = caller->ctx;
	request->tgid = caller->tgid;
	memcpy(request->comm, record->comm, sizeof(request->comm));
	request->comm[sizeof(request->comm) - 1] = '\0';
	partial->known |= BIT(CTX) | BIT(PID);
	if (request->comm[0])
		partial->known |= BIT(COMM) | BIT(COMM1);
	if (thread && thread->uid != EVENT_NONE) {
		request->uid = thread->uid;
		partial->known |= BIT(UID);
	}
	partial->world.cgroup = NULL;
	if (thread && thread->cgroup) {
		request->cgroup = thread->cgroup;
		if (!cgroup__path(thread->cgroup, traffic->cgroup, sizeof(traffic->cgroup)))
			partial->world.cgroup = traffic->cgroup;
	}
	partial->world.now_ns = record->time_ns;
}

/* A new page table. Its event follows that of the new object, which does not have the parent. */
static void note_hwpt(struct traffic *traffic, const struct args_hwpt_alloc *args)
{
	if ((__s32)args->ret)
		return;
	if (args->data_type)
		add_pt(traffic, args->ctx, args->hwpt, IOMMUFD_INFO_NESTED, args->parent);
	else
		add_pt(traffic, args->ctx, args->hwpt, IOMMUFD_INFO_HWPT, args->ioas);
}

/* Apply the changes that an event makes for later ones. */
static void apply(struct traffic *traffic, const struct event_record *record)
{
	const struct args_object_alloc *object = (const void *)record->args;
	const struct args_device_bind *args = (const void *)record->args;

	if (record->event == EVENT_object_alloc)
		add_pt(traffic, object->ctx, object->id, object->type, EVENT_NONE);
	if (record->event == EVENT_hwpt_alloc)
		note_hwpt(traffic, (const void *)record->args);
	if (record->event == EVENT_object_destroy)
		remove_pt(traffic, object->ctx, object->id);
	if (record->event == EVENT_ctx_close)
		remove_pt(traffic, object->ctx, EVENT_NONE);
	if (record->event == EVENT_device_bind && !(__s32)args->ret)
		bind(traffic, args->ctx, args->device, args->sbdf);
	if (record->event == EVENT_device_unbind)
		unbind(traffic, args->ctx, args->device);
	if (record->event == EVENT_ctx_close)
		unbind(traffic, args->ctx, EVENT_NONE);
	pinned__apply(traffic->pinned, record);
}

enum traffic_kind traffic__request(struct traffic *traffic, const struct event_record *record,
				   struct partial *partial)
{
	const struct event_cause *cause = event__cause(record);
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);
	enum traffic_kind kind = TRAFFIC_OTHER;
	struct rules_case *empty;

	/* A case begins with nothing, as a request does. */
	empty = malloc(sizeof(*empty));
	if (!empty)
		return TRAFFIC_OTHER;
	case__begin(empty, 0);
	memset(partial, 0, sizeof(*partial));
	partial->request = empty->request;
	free(empty);
	set_caller(traffic, partial, record);
	if (set_request(traffic, partial, record)) {
		partial->has_bound = list_bound(traffic, partial);
		/* A device that is about to be bound counts, too. */
		if (partial->request.hook == IOMMUFD_HOOK_DEVICE_BIND)
			partial->has_bound &= partial->known >> RULES_VENDOR & 1;
		kind = TRAFFIC_REQUEST;
		if (ret && (__s32)*ret && (!cause || cause->kind != EVENT_CAUSE_POLICY))
			kind = TRAFFIC_FAILED;
	}
	apply(traffic, record);
	return kind;
}
