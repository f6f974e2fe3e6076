// SPDX-License-Identifier: GPL-2.0-only
/*
 * Causes in words, see cause.h.
 *
 * What an error usually means is said only where the driver has few ways to it; an errno with a
 * dozen reasons is better left to speak for itself.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cause.h"
#include "event.h"
#include "human.h"
#include "iommufd_refusal.h"
#include "text.h"

#define MAP_BITS (EVENT_MASK(EVENT_ioas_map) | EVENT_MASK(EVENT_ioas_map_file))
#define ATTACH_BITS (EVENT_MASK(EVENT_device_attach) | EVENT_MASK(EVENT_device_replace))
#define TYPE1_BITS (EVENT_MASK(EVENT_type1_map) | EVENT_MASK(EVENT_type1_unmap))
#define ACCESS_BITS (EVENT_MASK(EVENT_access_pin) | EVENT_MASK(EVENT_access_rw))
#define PASID_BITS (EVENT_MASK(EVENT_pasid_attach) | EVENT_MASK(EVENT_pasid_replace))

static const struct {
	__u64 events;
	int error;
	const char *text;
} usual[] = {
	{ MAP_BITS | EVENT_MASK(EVENT_ioas_copy), EEXIST, "something is mapped there" },
	{ EVENT_MASK(EVENT_type1_map), EEXIST, "something is mapped there" },
	{ EVENT_MASK(EVENT_ioas_map) | EVENT_MASK(EVENT_type1_map), EFAULT,
	  "no memory at that user address, or none that may be written" },
	{ EVENT_MASK(EVENT_pin), EFAULT,
	  "no memory at that user address, or none that may be written" },
	{ MAP_BITS | EVENT_MASK(EVENT_ioas_copy), ENOSPC, "no free range of that length" },
	{ EVENT_MASK(EVENT_ioas_map_file), EBADF, "no such file descriptor" },
	{ EVENT_MASK(EVENT_ioas_unmap), ENOENT, "not whole mappings, or nothing is mapped there" },
	{ EVENT_MASK(EVENT_ioas_unmap), EBUSY, "an emulated device uses it, and keeps it" },
	{ EVENT_MASK(EVENT_ioas_copy), EPERM, "the source is not mapped for writing" },
	{ EVENT_MASK(EVENT_ioas_copy), ENOENT,
	  "nothing, or not all of it, is mapped at the source" },
	{ ATTACH_BITS, EBUSY, "the device, or its group, is attached to another one" },
	{ ATTACH_BITS, EADDRINUSE, "what is mapped does not fit the device's ranges or pages" },
	{ ATTACH_BITS | MAP_BITS, ENOENT, "no such IOAS or page table in this context" },
	{ EVENT_MASK(EVENT_device_bind), EBUSY, "another file, or driver, has the group" },
	{ ACCESS_BITS, ENOENT, "not all of the range is mapped" },
	{ ACCESS_BITS, EPERM, "mapped, but not for writing" },
	{ PASID_BITS, EBUSY, "the PASID is attached already" },
	{ EVENT_MASK(EVENT_pasid_alloc), ENOSPC, "no number is free" },
	{ EVENT_MASK(EVENT_pasid_alloc), EOPNOTSUPP, "the device has no PASIDs, or they are off" },
	{ MAP_BITS | TYPE1_BITS | ATTACH_BITS | EVENT_MASK(EVENT_pin) | EVENT_MASK(EVENT_ioas_copy),
	  EINTR, "a signal ended it" },
};

static const char *usual_cause(enum event_id event, int error)
{
	unsigned int i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].error == error && usual[i].events & EVENT_MASK(event))
			return usual[i].text;
	return NULL;
}

static const char *refusal(char text[CAUSE_MAX], __u32 reason, __u64 limit, __u64 need,
			   __u64 present)
{
	char sizes[3][HUMAN_SIZE_MAX];

	switch (reason) {
	case IOMMUFD_REFUSED_MEMLOCK:
		snprintf(text, CAUSE_MAX, "would pin %s, limit %s, %s in use",
			 human__size(sizes[0], need), human__size(sizes[1], limit),
			 human__size(sizes[2], present));
		return text;
	case IOMMUFD_REFUSED_COHERENCY:
		return "no IOMMU keeps its DMA coherent with the caches; is the IOMMU on?";
	case IOMMUFD_REFUSED_INTERRUPTS:
		return "its DMA could raise interrupts of others: no interrupt remapping";
	case IOMMUFD_REFUSED_RESERVED:
		snprintf(text, CAUSE_MAX, "0x%llx-0x%llx is a device's, or beyond its IOMMU", limit,
			 present);
		return text;
	case IOMMUFD_REFUSED_SVA:
		return "its IOMMU cannot share a process's page table safely";
	case IOMMUFD_REFUSED_PASID:
		return "the device itself is attached to a page table not made for PASIDs";
	}
	snprintf(text, CAUSE_MAX, "refused for reason %u", reason);
	return text;
}

static const char *put_cause(char text[CAUSE_MAX], const struct event_cause *cause, bool utf8)
{
	char reason[EVENT_REASON_MAX] = {}, clean[4 * EVENT_REASON_MAX];

	if (cause->kind == EVENT_CAUSE_REFUSED)
		return refusal(text, cause->code, cause->words[0], cause->words[1],
			       cause->words[2]);
	_Static_assert(sizeof(cause->words) == sizeof(reason) - 1, "five words");
	memcpy(reason, cause->words, sizeof(cause->words));
	text__clean(clean, sizeof(clean), reason, sizeof(reason), EVENT_REASON_MAX, utf8);
	snprintf(text, CAUSE_MAX, "policy #%u%s%.120s", cause->code, clean[0] ? ": " : "", clean);
	return text;
}

static const char *verdict(char text[CAUSE_MAX], const struct event_record *record, bool utf8)
{
	char reason[EVENT_REASON_MAX];

	event__reason(reason, record);
	text__clean(text, CAUSE_MAX, reason, sizeof(reason), EVENT_REASON_MAX, utf8);
	return text[0] ? text : NULL;
}

const char *cause__text(char text[CAUSE_MAX], const struct event_record *record, bool utf8)
{
	const struct args_dma_fault *fault = (const void *)record->args;
	const struct args_refused *refused = (const void *)record->args;
	const struct event_cause *cause = event__cause(record);
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);

	if (record->event == EVENT_dma_fault)
		return cause__vtd_reason(text, fault->reason);
	if (!ret || !(__s32)*ret)
		return NULL;
	if (record->event == EVENT_refused)
		return refusal(text, refused->reason, refused->limit, refused->need,
			       refused->present);
	if (record->event == EVENT_policy_verdict)
		return verdict(text, record, utf8);
	if (cause && (cause->kind == EVENT_CAUSE_REFUSED || cause->kind == EVENT_CAUSE_POLICY))
		return put_cause(text, cause, utf8);
	return usual_cause(record->event, -(__s64)(__s32)*ret);
}

const char *cause__response(__u64 code)
{
	return code == 0 ? "ok" : code == 1 ? "INVALID" : "FAILURE";
}

/* Intel VT-d specification, appendix "Fault Reason Encodings". */
static const struct {
	__u8 first;
	__u8 last;
	const char *text;
} vtd[] = {
	{ 0x01, 0x01, "the root entry of its bus is not present" },
	{ 0x02, 0x02, "no page table: its context entry is not present" },
	{ 0x03, 0x03, "its context entry is not valid" },
	{ 0x04, 0x04, "the address is beyond what the page table can hold" },
	{ 0x05, 0x05, "nothing mapped there for writing" },
	{ 0x06, 0x06, "nothing mapped there for reading" },
	{ 0x07, 0x07, "the page table's next level cannot be read" },
	{ 0x08, 0x09, "the root or context table cannot be read" },
	{ 0x0a, 0x0c, "a reserved bit is set in the tables" },
	{ 0x0d, 0x0d, "its context entry blocks such requests" },
	{ 0x20, 0x21, "a malformed request for an interrupt" },
	{ 0x22, 0x22, "no such interrupt is set up" },
	{ 0x23, 0x24, "the table of interrupts is broken" },
	{ 0x25, 0x25, "an interrupt that is not remapped" },
	{ 0x26, 0x26, "an interrupt that belongs to another device" },
	{ 0x30, 0x38, "the root table does not serve such requests" },
	{ 0x39, 0x39, "the root entry of its bus is not present" },
	{ 0x3a, 0x3a, "a reserved bit is set in the root table" },
	{ 0x40, 0x43, "no valid context entry" },
	{ 0x44, 0x44, "address translation by the device is off in its context entry" },
	{ 0x45, 0x46, "PASIDs are off, or this one is too large, in its context entry" },
	{ 0x47, 0x47, "page requests are off in its context entry" },
	{ 0x50, 0x52, "no page table for the PASID: no directory entry" },
	{ 0x58, 0x5b, "no page table for the PASID: no valid table entry" },
	{ 0x5c, 0x5d, "the PASID's entry forbids execution or privileged requests" },
	{ 0x70, 0x70, "the first-stage page table cannot be read" },
	{ 0x71, 0x71, "nothing mapped there in the first stage" },
	{ 0x72, 0x72, "a reserved bit is set in the first-stage page table" },
	{ 0x73, 0x77, "the second stage has no page, or no right, for the first-stage table" },
	{ 0x78, 0x78, "the second-stage page table cannot be read" },
	{ 0x79, 0x79, "nothing mapped there in the second stage with that right" },
	{ 0x7a, 0x7b, "the second-stage page table is broken" },
	{ 0x80, 0x80, "the address is not canonical" },
	{ 0x81, 0x81, "the page is not for user requests" },
	{ 0x82, 0x82, "the page is not for execution" },
	{ 0x83, 0x84, "the address is beyond what the page table can hold" },
	{ 0x85, 0x85, "nothing mapped there for writing" },
	{ 0x86, 0x86, "nothing mapped there for reading" },
	{ 0x87, 0x87, "an address of interrupts was used for DMA" },
};

const char *cause__vtd_reason(char text[CAUSE_MAX], unsigned int reason)
{
	unsigned int i;

	for (i = 0; i < sizeof(vtd) / sizeof(vtd[0]); i++)
		if (reason >= vtd[i].first && reason <= vtd[i].last)
			return vtd[i].text;
	snprintf(text, CAUSE_MAX, "reason 0x%x", reason);
	return text;
}
