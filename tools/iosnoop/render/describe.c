// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events in words, see describe.h. Objects come in the order device, PASID, page table, address.
 */
#include <stdio.h>
#include <string.h>

#include "cause.h"
#include "human.h"
#include "iommufd_policy.h"
#include "iommufd_refusal.h"
#include "model/model.h"
#include "policy_name.h"
#include "render/describe.h"
#include "text.h"
#include "words.h"

/* Columns in a line of 80 for a page request and for a response, less those of " g9999". */
#define REPORT_ROOM 39
#define RESPONSE_ROOM 27
/* And for a request with its response. */
#define ANSWERED_ROOM 29

static bool is_there(__u64 id)
{
	return (__u32)id != EVENT_NONE;
}

/* Add "00:04.0", with the segment unless it is 0, or "device 7" for a device that is not PCI. */
static void add_device(struct words *words, const struct event_record *record)
{
	const __u64 *sbdf = event__arg(record, EVENT_ROLE_sbdf);
	const __u64 *device = event__arg(record, EVENT_ROLE_device);
	char address[HUMAN_SBDF_MAX];

	if (sbdf && is_there(*sbdf)) {
		human__sbdf(address, *sbdf);
		words__add(words, "%s", *sbdf >> 16 ? address : address + 5);
	} else if (device) {
		words__add(words, "device %llu", *device);
	} else {
		words__add(words, "device ?");
	}
}

static void add_id(struct words *words, const char *name, __u64 id)
{
	if (is_there(id))
		words__add(words, " %s %llu", name, id);
}

static void add_hwpt(struct words *words, __u64 old, __u64 hwpt)
{
	if (!is_there(hwpt))
		return;
	if (is_there(old))
		words__add(words, " hwpt %llu->%llu", old, hwpt);
	else
		words__add(words, " hwpt %llu", hwpt);
}

static void describe_device(struct words *words, const struct event_record *record)
{
	/* All these events begin with the fields of bind or of attach. */
	const struct args_device_bind *bind = (const void *)record->args;
	const struct args_device_attach *attach = (const void *)record->args;
	const struct args_device_replace *replace = (const void *)record->args;

	add_device(words, record);
	if (record->event == EVENT_device_bind || record->event == EVENT_device_unbind) {
		add_id(words, "group", bind->group);
		return;
	}
	add_id(words, "pasid", attach->pasid);
	add_hwpt(words, record->event == EVENT_device_replace ? replace->old_hwpt : EVENT_NONE,
		 attach->hwpt);
}

static void describe_hwpt(struct words *words, const struct event_record *record)
{
	const struct args_hwpt_alloc *args = (const void *)record->args;

	add_device(words, record);
	add_id(words, "hwpt", args->hwpt);
	if (args->pt == args->ioas)
		words__add(words, " on ioas %llu", args->ioas);
	else if (is_there(args->parent))
		words__add(words, " on hwpt %llu", args->parent);
	else
		words__add(words, " on pt %llu", args->pt);
}

static void describe_pasid(struct words *words, const struct event_record *record)
{
	/* All these events begin with the same fields. */
	const struct args_pasid_replace *pasid = (const void *)record->args;

	add_device(words, record);
	add_id(words, "pasid", pasid->pasid);
	if (is_there(pasid->virt_pasid))
		words__add(words, "(v%llu)", pasid->virt_pasid);
	if (record->event != EVENT_pasid_alloc && record->event != EVENT_pasid_free)
		add_id(words, "pt", pasid->pt);
}

static void describe_translate(struct words *words, const struct event_record *record)
{
	const struct args_pasid_translate *args = (const void *)record->args;

	words__add(words, "device %llu", args->device);
	if (is_there(args->virt_pasid))
		words__add(words, " v%llu", args->virt_pasid);
	add_id(words, "pt", args->pt);
	add_id(words, "= pasid", args->pasid);
}

static void describe_fault(struct words *words, const struct event_record *record, bool is_answered)
{
	const struct args_fault_report *report = (const void *)record->args;
	const struct args_fault_response *response = (const void *)record->args;
	const __u64 *pasid = event__arg(record, EVENT_ROLE_pasid);
	const char *protection = snoop_event__protection(record);
	const __u64 *addr = event__arg(record, EVENT_ROLE_addr);
	char name[EVENT_TEXT_MAX], clean[4 * EVENT_TEXT_MAX];

	if (record->event == EVENT_io_page_fault &&
	    !is_there(*event__arg(record, EVENT_ROLE_sbdf))) {
		event__text(name, record,
			    offsetof(struct args_io_page_fault, name0) / sizeof(__u64));
		text__clean(clean, sizeof(clean), name, sizeof(name), EVENT_TEXT_MAX, false);
		words__add(words, "%s", clean);
	} else {
		add_device(words, record);
	}
	/* In page requests, PASID 0 means the device without a PASID. */
	if (pasid && is_there(*pasid) && (*pasid || record->event == EVENT_dma_fault))
		words__add(words, " pasid %llu", *pasid);
	words__add(words, " 0x%llx", *addr);
	if (protection)
		words__add(words, " %s", protection);
	if (record->event == EVENT_fault_report && report->requests > 1)
		words__add(words, " x%llu", report->requests);
	/* The group is left out if there is no room. */
	if (record->event == EVENT_fault_report &&
	    words->length < (is_answered ? ANSWERED_ROOM : REPORT_ROOM))
		words__add(words, " g%llu", report->grpid);
	else if (record->event == EVENT_fault_response && words->length < RESPONSE_ROOM)
		words__add(words, " g%llu", response->grpid);
}

/* Add "quota ioas_map". The reason is shown as the cause. */
static void describe_verdict(struct words *words, const struct event_record *record)
{
	const struct args_policy_verdict *verdict = (const void *)record->args;
	char name[POLICY_NAME_MAX];

	words__add(words, "%s %s", policy_name__text(name, verdict->policy), event__hook(record));
	add_id(words, "object", verdict->object);
}

static const char *type_name(__u64 type)
{
	static const char *const names[] = {
		[IOMMUFD_INFO_IOAS] = "ioas",
		[IOMMUFD_INFO_HWPT] = "hwpt",
		[IOMMUFD_INFO_DEVICE] = "device",
		[IOMMUFD_INFO_ACCESS] = "access",
		[IOMMUFD_INFO_NESTED] = "nested hwpt",
		[IOMMUFD_INFO_FAULT] = "fault queue",
		[IOMMUFD_INFO_VIOMMU] = "viommu",
		[IOMMUFD_INFO_VDEVICE] = "vdevice",
		[IOMMUFD_INFO_VEVENTQ] = "veventq",
		[IOMMUFD_INFO_HW_QUEUE] = "hw queue",
		[IOMMUFD_INFO_TEST] = "test object",
		[IOMMUFD_INFO_PASID] = "pasid",
		[IOMMUFD_INFO_SVA] = "sva",
		[IOMMUFD_INFO_HWPT_SVA] = "sva hwpt",
	};

	return type < sizeof(names) / sizeof(names[0]) && names[type] ? names[type] : "object";
}

static const char *refusal_name(__u64 reason)
{
	switch (reason) {
	case IOMMUFD_REFUSED_MEMLOCK:
		return "limit of locked memory";
	case IOMMUFD_REFUSED_COHERENCY:
		return "coherent DMA";
	case IOMMUFD_REFUSED_INTERRUPTS:
		return "interrupt remapping";
	case IOMMUFD_REFUSED_RESERVED:
		return "reserved range";
	case IOMMUFD_REFUSED_SVA:
		return "sharing of page tables";
	case IOMMUFD_REFUSED_PASID:
		return "page table of the device";
	case IOMMUFD_REFUSED_POOL:
		return "limit of system-wide PASIDs";
	case IOMMUFD_REFUSED_POLICY:
		return "missing policy";
	}
	return "?";
}

void describe__event(const struct event_record *record, const struct event_record *answer,
		     char text[DESCRIBE_MAX])
{
	const struct args_object_alloc *object = (const void *)record->args;
	const struct args_hwpt_invalidate *invalidate = (const void *)record->args;
	const struct args_refused *refused = (const void *)record->args;
	const struct args_ioas_change_process *change = (const void *)record->args;
	const struct args_pin *pin = (const void *)record->args;
	const struct args_type1_dirty *dirty = (const void *)record->args;
	struct words words = { .text = text, .size = DESCRIBE_MAX };
	char pages[HUMAN_MAX], runs[HUMAN_MAX];

	text[0] = '\0';
	switch (record->event) {
	case EVENT_ctx_open:
	case EVENT_ctx_close:
		words__add(&words, "context %llu",
			   ((const struct args_ctx_open *)record->args)->ctx);
		break;
	case EVENT_object_alloc:
	case EVENT_object_destroy:
		words__add(&words, "%s %llu", type_name(object->type), object->id);
		break;
	case EVENT_pin:
	case EVENT_unpin:
		words__add(&words, "va %llx %s page%s %s run%s", pin->user_va,
			   human__count(pages, pin->pages), pin->pages == 1 ? "" : "s",
			   human__count(runs, pin->runs), pin->runs == 1 ? "" : "s");
		break;
	case EVENT_ioas_change_process:
		words__add(&words, "context %llu, took over %s page%s", change->ctx,
			   human__count(pages, change->pages), change->pages == 1 ? "" : "s");
		break;
	case EVENT_hwpt_alloc:
		describe_hwpt(&words, record);
		break;
	case EVENT_hwpt_invalidate:
		words__add(&words, "hwpt or viommu %llu: %llu of %llu request%s", invalidate->id,
			   invalidate->done, invalidate->asked, invalidate->asked == 1 ? "" : "s");
		break;
	case EVENT_pasid_translate:
		describe_translate(&words, record);
		break;
	case EVENT_pasid_alloc:
	case EVENT_pasid_free:
	case EVENT_pasid_attach:
	case EVENT_pasid_replace:
	case EVENT_pasid_detach:
		describe_pasid(&words, record);
		break;
	case EVENT_fault_report:
	case EVENT_fault_response:
	case EVENT_dma_fault:
	case EVENT_io_page_fault:
		describe_fault(&words, record, answer);
		break;
	case EVENT_policy_verdict:
		describe_verdict(&words, record);
		break;
	case EVENT_type1_dirty:
		words__add(&words, "dirty tracking %s", dirty->flags & 1 ? "on" : "off");
		break;
	case EVENT_refused:
		words__add(&words, "%s", refusal_name(refused->reason));
		break;
	default:
		describe_device(&words, record);
	}
}

const char *describe__result(const struct event_record *record, char buffer[ERRNAME_MAX])
{
	const struct args_fault_response *response = (const void *)record->args;
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);

	switch (record->event) {
	case EVENT_fault_response:
		return cause__response(response->code);
	case EVENT_fault_report:
		return "-";
	case EVENT_dma_fault:
	case EVENT_io_page_fault:
		return "FAULT";
	}
	if (event__is_audit(record))
		return "audit";
	return ret && (__s32)*ret ? errname(-(__s64)(__s32)*ret, buffer) : "ok";
}
