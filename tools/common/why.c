// SPDX-License-Identifier: GPL-2.0-only
/*
 * Explanations of faults, see why.h.
 *
 * The steps are: find the device, find the page table that it was attached to at the time of the
 * fault, find the address space behind it, then compare the address with its areas and with the
 * unmaps in its history.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/iommufd.h>

#include "device.h"
#include "env.h"
#include "event.h"
#include "human.h"
#include "machine.h"
#include "process.h"
#include "text.h"
#include "why.h"
#include "words.h"

struct fault {
	__u64 time_ns;
	__u64 addr;
	__u32 ctx;
	__u32 device;
	__u32 sbdf;
	__u32 pasid; /* EVENT_NONE without */
	__u32 perm;
	char name[DEVICE_NAME_MAX];
};

/* A step of an explanation. */
struct work {
	const struct why_source *source;
	const struct event_record *record;
	struct why *why;
	struct event_stack *stack;
	struct fault fault;
	const struct iommufd_object_info *device; /* NULL if not known */
	struct past before; /* last change of the attachment; time_ns 0: none is known */
};

/* VT-d fault reasons of interrupts, and of DMA to the addresses of interrupts. */
static bool is_of_interrupt(unsigned int reason)
{
	return (reason >= 0x20 && reason <= 0x26) || reason == 0x87;
}

bool why__is_fault(const struct event_record *record)
{
	const struct args_fault_response *response = (const void *)record->args;
	const struct args_dma_fault *fault = (const void *)record->args;

	switch (record->event) {
	case EVENT_dma_fault:
		return !is_of_interrupt(fault->reason);
	case EVENT_io_page_fault:
		return true;
	case EVENT_fault_response:
		return response->code;
	}
	return false;
}

static void get_fault(struct fault *fault, const struct event_record *record)
{
	const struct args_caller *caller = (const void *)record->args;
	const __u64 *device = event__arg(record, EVENT_ROLE_device);
	const __u64 *pasid = event__arg(record, EVENT_ROLE_pasid);
	const __u64 *perm = event__arg(record, EVENT_ROLE_perm);
	char name[EVENT_TEXT_MAX];

	*fault = (struct fault){
		.time_ns = record->time_ns,
		.addr = *event__arg(record, EVENT_ROLE_addr),
		.ctx = caller->ctx,
		.device = device ? *device : EVENT_NONE,
		.sbdf = *event__arg(record, EVENT_ROLE_sbdf),
		.pasid = pasid ? *pasid : EVENT_NONE,
		.perm = perm ? *perm : 0,
	};
	/* In page requests, PASID 0 means the device without a PASID. */
	if (record->event == EVENT_fault_response && !fault->pasid)
		fault->pasid = EVENT_NONE;
	if (record->event == EVENT_io_page_fault) {
		event__text(name, record,
			    offsetof(struct args_io_page_fault, name0) / sizeof(__u64));
		snprintf(fault->name, sizeof(fault->name), "%.*s", DEVICE_NAME_MAX - 1, name);
	}
}

/* ---- objects ---- */

static int compare_object(const void *key, const void *item)
{
	const struct iommufd_object_info *object = item;
	const __u32 *wanted = key;

	if (wanted[0] != object->ctx)
		return wanted[0] > object->ctx ? 1 : -1;
	return (wanted[1] > object->id) - (wanted[1] < object->id);
}

static const struct iommufd_object_info *find_object(const struct why_source *source, __u32 ctx,
						     __u32 id)
{
	const __u32 key[] = { ctx, id };

	if (!source->nr_objects)
		return NULL;
	return bsearch(key, source->objects, source->nr_objects, sizeof(*source->objects),
		       compare_object);
}

static const struct iommufd_object_info *find_device(const struct why_source *source,
						     const struct fault *fault)
{
	const struct iommufd_object_info *object;
	unsigned int i;

	if (fault->ctx != EVENT_NONE && fault->device != EVENT_NONE) {
		object = find_object(source, fault->ctx, fault->device);
		return object && object->type == IOMMUFD_INFO_DEVICE ? object : NULL;
	}
	for (i = 0; i < source->nr_objects; i++) {
		object = &source->objects[i];
		if (object->type == IOMMUFD_INFO_DEVICE &&
		    device__is_same(object->sbdf, object->name, fault->sbdf, fault->name))
			return object;
	}
	return NULL;
}

/* Find the object that the device or PASID is attached to now; EVENT_NONE if there is none. */
static __u32 attached_now(const struct work *work)
{
	const struct why_source *source = work->source;
	const struct iommufd_object_info *object;
	unsigned int i;

	if (work->fault.pasid == EVENT_NONE)
		return work->device->pt;
	for (i = 0; i < source->nr_objects; i++) {
		object = &source->objects[i];
		if (object->type == IOMMUFD_INFO_PASID && object->ctx == work->device->ctx &&
		    object->parent == work->device->id && object->pasid == work->fault.pasid)
			return object->attached;
	}
	return EVENT_NONE;
}

/*
 * Find the address space behind a page table. The kind of the explanation is set if the address is
 * not one of an address space.
 */
static __u32 ioas_behind(const struct work *work, __u32 pt)
{
	const struct iommufd_object_info *object = find_object(work->source, work->why->ctx, pt);

	if (object && object->type == IOMMUFD_INFO_HWPT)
		object = find_object(work->source, work->why->ctx, object->parent);
	if (!object)
		return EVENT_NONE;
	switch (object->type) {
	case IOMMUFD_INFO_IOAS:
		return object->id;
	case IOMMUFD_INFO_NESTED:
		work->why->kind = WHY_NESTED;
		break;
	case IOMMUFD_INFO_SVA:
	case IOMMUFD_INFO_HWPT_SVA:
		work->why->kind = WHY_PROCESS;
		break;
	}
	return EVENT_NONE;
}

/* ---- the call that removed the address ---- */

static void put_call(struct work *work, const struct past *past)
{
	struct why *why = work->why;

	why->tgid = past->tgid;
	why->ago_ns = 0;
	if (past->time_ns < work->fault.time_ns)
		why->ago_ns = work->fault.time_ns - past->time_ns;
	else
		why->flags |= WHY_DURING;
	if (work->source->stack && work->source->stack(work->source->ctx, past, work->stack))
		why->flags |= WHY_HAS_STACK;
	if (past->comm[0])
		memcpy(why->comm, past->comm, sizeof(why->comm));
	else if (past->tgid == ((const struct args_caller *)work->record->args)->tgid &&
		 work->record->comm[0])
		memcpy(why->comm, work->record->comm, sizeof(why->comm));
	else if (work->source->is_live && !env__in_pid_namespace(NULL))
		process__comm(why->comm, past->tgid);
}

static bool is_detach(const struct past *past)
{
	return past->event == EVENT_device_detach || past->event == EVENT_device_unbind ||
	       past->event == EVENT_pasid_detach;
}

static bool is_replace(const struct past *past)
{
	return past->event == EVENT_device_replace || past->event == EVENT_pasid_replace;
}

/* The address space that an entry of the history is about. */
static __u32 ioas_of(const struct work *work, const struct past *past)
{
	__u32 ioas = ioas_behind(work, past->pt);

	if (ioas != EVENT_NONE || work->why->kind)
		return ioas;
	/* A PASID may be attached to the address space itself. */
	return past->ioas != EVENT_NONE ? past->ioas : past->pt;
}

/*
 * Find the address space that the device or PASID was attached to at the time of the fault. Returns
 * EVENT_NONE, with the kind of the explanation, if it was not attached to one.
 */
static __u32 find_ioas(struct work *work)
{
	const struct past_device key = {
		.ctx = work->device ? work->device->ctx : work->fault.ctx,
		.device = work->device ? work->device->id : work->fault.device,
		.sbdf = work->fault.sbdf,
		.pasid = work->fault.pasid,
	};
	struct past *before = &work->before, after;
	struct why *why = work->why;
	__u32 pt;

	history__find_device(&work->source->history, &key, work->fault.time_ns, before, &after);
	if (why->ctx == EVENT_NONE && (before->time_ns || after.time_ns))
		why->ctx = before->time_ns ? before->ctx : after.ctx;
	/* The object that a later call detached was attached before it. */
	if (after.time_ns && is_detach(&after) && after.event != EVENT_device_unbind)
		return ioas_of(work, &after);
	if (before->time_ns && is_detach(before)) {
		why->kind = WHY_DETACHED;
		why->flags |= before->event == EVENT_device_unbind ? WHY_UNBOUND : 0;
		why->ioas = before->ioas;
		put_call(work, before);
		return EVENT_NONE;
	}
	if (before->time_ns)
		return ioas_of(work, before);
	if (!work->device) {
		if (work->source->has_objects && !after.time_ns)
			why->kind = WHY_NOT_BOUND;
		return EVENT_NONE;
	}
	pt = attached_now(work);
	if (pt != EVENT_NONE)
		return ioas_behind(work, pt);
	if (!after.time_ns)
		why->kind = WHY_NOT_ATTACHED;
	return EVENT_NONE;
}

/* ---- the address ---- */

static void put_unmap(struct work *work, const struct past *unmap)
{
	put_call(work, unmap);
	work->why->iova = unmap->iova;
	work->why->length = unmap->length;
}

/* Whether the access that the device tried is not allowed. Execution needs reading. */
static bool lacks_access(const struct fault *fault, __u32 prot)
{
	if (fault->perm & IOMMU_PGFAULT_PERM_WRITE && !(prot & IOMMUFD_PROT_WRITE))
		return true;
	return fault->perm & (IOMMU_PGFAULT_PERM_READ | IOMMU_PGFAULT_PERM_EXEC) &&
	       !(prot & IOMMUFD_PROT_READ);
}

static bool find_area(const struct work *work, __u32 ioas, struct top_area_find *find)
{
	*find = (struct top_area_find){
		.ctx = work->why->ctx,
		.ioas = ioas,
		.addr = work->fault.addr,
	};
	return work->source->find_area && work->source->find_area(work->source->ctx, find);
}

/*
 * Whether the address is mapped in the address space that the device had before. Its page table may
 * be destroyed; the history may know the address space.
 */
static bool was_replaced(struct work *work)
{
	const struct past *before = &work->before;
	const struct past_device key = { before->ctx, before->device, before->sbdf, before->pasid };
	struct past first, next;
	struct top_area_find find;
	__u32 old;

	if (!before->time_ns || !is_replace(before))
		return false;
	old = ioas_behind(work, before->old_pt);
	work->why->kind = WHY_UNKNOWN;
	if (old == EVENT_NONE) {
		history__find_device(&work->source->history, &key, before->time_ns - before->ns - 1,
				     &first, &next);
		old = first.time_ns ? first.ioas : EVENT_NONE;
	}
	if (old == EVENT_NONE || old == work->why->ioas || !find_area(work, old, &find) ||
	    !find.is_inside)
		return false;
	work->why->old_ioas = old;
	return true;
}

static void put_nearest(struct why *why, const struct top_area_find *find)
{
	why->flags |= WHY_HAS_AREAS;
	if (find->has_below) {
		why->flags |= WHY_HAS_BELOW;
		why->below = find->below.iova + find->below.length;
	}
	if (find->has_above) {
		why->flags |= WHY_HAS_ABOVE;
		why->above = find->above.iova;
	}
}

/*
 * The driver's times of maps are not exact, and old drivers have none. So an area that is there now
 * may be newer than the fault. If an unmap before the fault is known as well, say both.
 */
static void explain_address(struct work *work)
{
	const struct history *history = &work->source->history;
	const __u64 time_ns = work->fault.time_ns;
	struct past_unmaps unmaps;
	struct why *why = work->why;
	struct top_area_find find;
	bool is_inside = false, is_newer = false;

	if (find_area(work, why->ioas, &find)) {
		put_nearest(why, &find);
		is_newer = find.is_inside && find.since_ns > time_ns + TOP_SINCE_NS;
		is_inside = find.is_inside && !is_newer;
	}
	history__find_unmaps(history, why->ctx, why->ioas, work->fault.addr, time_ns, &unmaps);
	/* An area that is older than the fault is newer than an unmap before the fault. */
	if (is_inside && find.since_ns && find.since_ns + TOP_SINCE_NS < time_ns)
		unmaps.before.time_ns = 0;
	/* A recording tells which came first. */
	if (unmaps.map.time_ns && unmaps.map.time_ns > unmaps.before.time_ns) {
		unmaps.before.time_ns = 0;
		is_inside = true;
		find.inside = (struct top_area){ unmaps.map.iova, unmaps.map.length };
		find.prot = unmaps.map.prot;
	}
	if (is_inside && lacks_access(&work->fault, find.prot)) {
		why->kind = WHY_ACCESS;
		why->prot = find.prot;
		if (unmaps.before.time_ns)
			put_unmap(work, &unmaps.before);
		why->iova = find.inside.iova;
		why->length = find.inside.length;
	} else if (unmaps.before.time_ns) {
		why->kind = WHY_UNMAPPED;
		why->flags |= is_inside || is_newer || unmaps.after.time_ns ? WHY_AGAIN : 0;
		put_unmap(work, &unmaps.before);
	} else if (unmaps.after.time_ns) {
		why->kind = WHY_MAPPED;
		put_unmap(work, &unmaps.after);
	} else if (is_inside) {
		why->kind = WHY_MAPPED;
		why->iova = find.inside.iova;
		why->length = find.inside.length;
	} else if (was_replaced(work)) {
		why->kind = WHY_REPLACED;
		put_call(work, &work->before);
	} else if (!work->source->is_partial) {
		why->kind = WHY_NOT_MAPPED;
		if (time_ns > unmaps.since_ns)
			why->known_ns = time_ns - unmaps.since_ns;
		if (unmaps.is_whole && history__saw_open(history, why->ctx))
			why->flags |= WHY_NEVER;
		why->flags |= is_newer ? WHY_AGAIN : 0;
	}
}

bool why__explain(const struct why_source *source, const struct event_record *record,
		  struct why_full *full)
{
	struct work work = {
		.source = source, .record = record, .why = &full->why, .stack = &full->stack
	};
	struct why *why = &full->why;

	*why = (struct why){
		.ctx = EVENT_NONE,
		.ioas = EVENT_NONE,
		.old_ioas = EVENT_NONE,
		.pasid = EVENT_NONE,
		.tgid = EVENT_NONE,
	};
	if (!source->history.rings || !why__is_fault(record))
		return false;
	get_fault(&work.fault, record);
	work.device = find_device(source, &work.fault);
	why->pasid = work.fault.pasid;
	why->ctx = work.device ? work.device->ctx : work.fault.ctx;
	why->ioas = find_ioas(&work);
	if (why->ioas != EVENT_NONE && !why->kind)
		explain_address(&work);
	else if (why->kind == WHY_DETACHED)
		why->ioas = work.before.ioas;
	return why->kind != WHY_UNKNOWN;
}

/* ---- text ---- */

const char *why__kind(const struct why *why)
{
	/* clang-format off */
	static const char *const names[] = {
		[WHY_UNMAPPED] = "unmapped",
		[WHY_NOT_MAPPED] = "not mapped",
		[WHY_ACCESS] = "access",
		[WHY_DETACHED] = "detached",
		[WHY_REPLACED] = "replaced",
		[WHY_NOT_ATTACHED] = "not attached",
		[WHY_NOT_BOUND] = "not bound",
		[WHY_MAPPED] = "mapped",
		[WHY_NESTED] = "nested",
		[WHY_PROCESS] = "process",
	};
	/* clang-format on */

	return why->kind < sizeof(names) / sizeof(names[0]) ? names[why->kind] : NULL;
}

static void add_process(struct words *words, __u32 tgid, const char *name, size_t size)
{
	char clean[4 * MACHINE_MAX];

	words__add(words, "PID %u", tgid);
	if (!name || !name[0])
		return;
	text__clean(clean, sizeof(clean), name, size, MACHINE_MAX, false);
	words__add(words, " %s", clean);
}

static void add_by(struct words *words, const struct why *why)
{
	words__add(words, " by ");
	add_process(words, why->tgid, why->comm, sizeof(why->comm));
}

static void add_range(struct words *words, const struct why *why)
{
	if (why->length == ~0ULL)
		words__add(words, " (all)");
	else
		words__add(words, " (%llx-%llx)", why->iova, why->iova + why->length - 1);
}

static void add_ago(struct words *words, const struct why *why, const char *done, const char *doing)
{
	char time[HUMAN_MAX];

	if (why->flags & WHY_DURING)
		words__add(words, "%s just then", doing);
	else
		words__add(words, "%s %s ago", done, human__time(time, why->ago_ns));
	add_by(words, why);
}

static const char *prot_name(__u32 prot)
{
	if (prot & IOMMUFD_PROT_READ)
		return "read-only";
	return prot & IOMMUFD_PROT_WRITE ? "write-only" : "without access";
}

static void add_nearest(struct words *words, const struct why *why, __u64 addr)
{
	__u64 down = addr - why->below, up = why->above - addr;

	if (!(why->flags & WHY_HAS_AREAS))
		return;
	if (!(why->flags & (WHY_HAS_BELOW | WHY_HAS_ABOVE)))
		words__add(words, "; nothing is mapped");
	else if (why->flags & WHY_HAS_BELOW && (!(why->flags & WHY_HAS_ABOVE) || down <= up))
		words__add(words,
			   down ? "; nearest area ends 0x%llx below" :
				  "; nearest area ends directly below",
			   down);
	else
		words__add(words, "; nearest area begins 0x%llx above", up);
}

/* Add "in ioas 1 of PID 812 qemu: ". */
static void add_place(struct words *words, const struct why *why, const struct why_owner *owner)
{
	if (why->ioas != EVENT_NONE)
		words__add(words, "ioas %u of ", why->ioas);
	if (owner->tgid != EVENT_NONE)
		add_process(words, owner->tgid, owner->name, owner->name_size);
	else if (why->ctx != EVENT_NONE)
		words__add(words, "context %u", why->ctx);
	else
		return;
	words__add(words, ": ");
}

static void add_device(struct words *words, const struct why *why)
{
	if (why->pasid != EVENT_NONE && !(why->flags & WHY_UNBOUND))
		words__add(words, "PASID %u ", why->pasid);
	else
		words__add(words, "device ");
}

const char *why__text(char text[WHY_MAX], const struct why *why, const struct event_record *record,
		      const struct why_owner *owner)
{
	const __u64 *addr = event__arg(record, EVENT_ROLE_addr);
	const __u64 *perm = event__arg(record, EVENT_ROLE_perm);
	struct words words = { .text = text, .size = WHY_MAX };
	char time[HUMAN_MAX];

	text[0] = '\0';
	if (!why__kind(why) || !addr)
		return text;
	add_place(&words, why, owner);
	switch (why->kind) {
	case WHY_UNMAPPED:
		add_ago(&words, why, "unmapped", "being unmapped");
		add_range(&words, why);
		if (why->flags & WHY_AGAIN)
			words__add(&words, ", mapped again since");
		break;
	case WHY_NOT_MAPPED:
		if (why->flags & WHY_NEVER)
			words__add(&words, "never mapped");
		else
			words__add(&words, "not mapped for at least %s",
				   human__time(time, why->known_ns));
		if (why->flags & WHY_AGAIN)
			words__add(&words, ", mapped since");
		else
			add_nearest(&words, why, *addr);
		break;
	case WHY_ACCESS:
		words__add(&words, "mapped %s", prot_name(why->prot));
		add_range(&words, why);
		words__add(&words, ", the device %s",
			   perm && *perm & IOMMU_PGFAULT_PERM_WRITE ? "wrote" : "read");
		if (why->tgid != EVENT_NONE) {
			words__add(&words, "; ");
			add_ago(&words, why, "unmapped", "being unmapped");
		}
		break;
	case WHY_DETACHED:
		add_device(&words, why);
		if (why->flags & WHY_UNBOUND)
			add_ago(&words, why, "unbound", "being unbound");
		else
			add_ago(&words, why, "detached", "being detached");
		break;
	case WHY_REPLACED:
		add_device(&words, why);
		words__add(&words, "moved here from ioas %u", why->old_ioas);
		add_ago(&words, why, "", "");
		words__add(&words, ", only mapped there");
		break;
	case WHY_NOT_ATTACHED:
		add_device(&words, why);
		words__add(&words, "not attached");
		break;
	case WHY_NOT_BOUND:
		words__add(&words, "device not bound to iommufd");
		break;
	case WHY_MAPPED:
		if (why->tgid != EVENT_NONE) {
			words__add(&words, "unmapped only after the fault");
			add_by(&words, why);
		} else {
			words__add(&words, "mapped when it was looked up, after the fault");
		}
		add_range(&words, why);
		break;
	case WHY_NESTED:
		words__add(&words, "an address in the page table of the guest");
		break;
	case WHY_PROCESS:
		words__add(&words, "an address of the process, whose page table the PASID shares");
		break;
	}
	return text;
}

void why__put_json(const struct why *why, struct json *json)
{
	json__string(json, "kind", why__kind(why));
	event__put_id(json, "ctx", why->ctx);
	event__put_id(json, "ioas", why->ioas);
	event__put_id(json, "old_ioas", why->old_ioas);
	event__put_id(json, "tgid", why->tgid);
	json__string_or_null(json, "comm", why->comm, sizeof(why->comm));
	json__u64_or_null(json, "ago_ns", why->tgid != EVENT_NONE && why->kind != WHY_MAPPED,
			  why->ago_ns);
	json__hex_or_null(json, "iova", why->length, why->iova);
	json__u64_or_null(json, "length_bytes", why->length, why->length);
	json__u64_or_null(json, "known_ns", why->kind == WHY_NOT_MAPPED, why->known_ns);
	json__bool(json, "never", why->flags & WHY_NEVER);
	json__bool(json, "again", why->flags & WHY_AGAIN);
	json__hex_or_null(json, "below_end", why->flags & WHY_HAS_BELOW, why->below);
	json__hex_or_null(json, "above", why->flags & WHY_HAS_ABOVE, why->above);
}
