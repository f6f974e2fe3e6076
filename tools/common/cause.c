// SPDX-License-Identifier: GPL-2.0-only
/*
 * Causes in words, see cause.h.
 *
 * The table below has the usual meaning of an error only for calls that return it for few reasons.
 * An errno with a dozen possible reasons is shown without a cause.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cause.h"
#include "errname.h"
#include "event.h"
#include "human.h"
#include "iommufd_refusal.h"
#include "policy_name.h"
#include "text.h"

#define MAP_BITS (EVENT_MASK(EVENT_ioas_map) | EVENT_MASK(EVENT_ioas_map_file))
#define ATTACH_BITS (EVENT_MASK(EVENT_device_attach) | EVENT_MASK(EVENT_device_replace))
#define TYPE1_BITS (EVENT_MASK(EVENT_type1_map) | EVENT_MASK(EVENT_type1_unmap))
#define ACCESS_BITS (EVENT_MASK(EVENT_access_pin) | EVENT_MASK(EVENT_access_rw))
#define PASID_BITS (EVENT_MASK(EVENT_pasid_attach) | EVENT_MASK(EVENT_pasid_replace))

#define NOT_PINNABLE "the user range is not mapped, or not writable"

static const struct {
	__u64 events;
	int error;
	const char *text;
} usual[] = {
	{ MAP_BITS | EVENT_MASK(EVENT_ioas_copy), EEXIST,
	  "the range overlaps an existing mapping" },
	{ EVENT_MASK(EVENT_type1_map), EEXIST, "the range overlaps an existing mapping" },
	{ EVENT_MASK(EVENT_ioas_map) | EVENT_MASK(EVENT_pin), EFAULT,
	  NOT_PINNABLE ", or is device memory (a PCI BAR): map a dma-buf of it, or leave it out" },
	{ EVENT_MASK(EVENT_type1_map), EFAULT, NOT_PINNABLE },
	{ EVENT_MASK(EVENT_type1_map), ENOSPC,
	  "the container has as many mappings as dma_entry_limit of vfio_iommu_type1 allows" },
	{ EVENT_MASK(EVENT_type1_pin), EPERM, "mapped read-only" },
	{ MAP_BITS | EVENT_MASK(EVENT_ioas_copy), ENOSPC, "no free IOVA range of that length" },
	{ EVENT_MASK(EVENT_ioas_map_file), EBADF, "no such file descriptor" },
	{ EVENT_MASK(EVENT_ioas_unmap), ENOENT,
	  "the range cuts a mapping, or nothing is mapped there" },
	{ EVENT_MASK(EVENT_ioas_unmap), EBUSY,
	  "an emulated device uses the range and does not return it" },
	{ EVENT_MASK(EVENT_ioas_copy), EPERM, "the source is mapped read-only" },
	{ EVENT_MASK(EVENT_ioas_copy), ENOENT, "the source range is not fully mapped" },
	{ ATTACH_BITS, EBUSY, "the device or its group is attached to another page table" },
	{ ATTACH_BITS, EADDRINUSE,
	  "the mappings conflict with reserved ranges or page sizes of the device" },
	{ ATTACH_BITS | MAP_BITS, ENOENT, "no such IOAS or page table in this context" },
	{ EVENT_MASK(EVENT_device_bind), EBUSY, "another file or driver owns the group" },
	{ ACCESS_BITS, ENOENT, "the range is not fully mapped" },
	{ ACCESS_BITS, EPERM, "mapped read-only" },
	{ PASID_BITS, EBUSY, "the PASID is already attached" },
	{ EVENT_MASK(EVENT_pasid_alloc), ENOSPC, "no PASID is free" },
	{ EVENT_MASK(EVENT_pasid_alloc), EOPNOTSUPP,
	  "the device has no PASIDs, or they are disabled" },
	{ MAP_BITS | TYPE1_BITS | ATTACH_BITS | EVENT_MASK(EVENT_pin) | EVENT_MASK(EVENT_ioas_copy),
	  EINTR, "interrupted by a signal" },
};

static const char *usual_cause(enum event_id event, int error)
{
	unsigned int i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].error == error && usual[i].events & EVENT_MASK(event))
			return usual[i].text;
	return NULL;
}

/* Older drivers, and recordings of them, do not have the name. */
static const char *missing_policy(char text[CAUSE_MAX], const char name[EVENT_TEXT_MAX], bool utf8)
{
	char clean[4 * EVENT_TEXT_MAX];

	if (!name[0])
		return "a required or sealed policy is not in force";
	text__clean(clean, sizeof(clean), name, EVENT_TEXT_MAX, POLICY_NAME_MAX, utf8);
	snprintf(text, CAUSE_MAX, "policy %.120s must be in force, and is not", clean);
	return text;
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
		return "its DMA would not be cache-coherent; is the IOMMU enabled?";
	case IOMMUFD_REFUSED_INTERRUPTS:
		return "no interrupt remapping: its DMA could forge interrupts";
	case IOMMUFD_REFUSED_RESERVED:
		snprintf(text, CAUSE_MAX,
			 "0x%llx-0x%llx is reserved for a device or beyond its IOMMU's reach",
			 limit, present);
		return text;
	case IOMMUFD_REFUSED_SVA:
		return "its IOMMU cannot safely share the page table of a process";
	case IOMMUFD_REFUSED_PASID:
		return "the page table of the device itself was not allocated for PASIDs";
	case IOMMUFD_REFUSED_POOL:
		snprintf(text, CAUSE_MAX, "the user has %llu system-wide PASIDs, limit %llu",
			 present, limit);
		return text;
	}
	snprintf(text, CAUSE_MAX, "refused for reason %u", reason);
	return text;
}

static const char *put_cause(char text[CAUSE_MAX], const struct event_cause *cause, bool utf8)
{
	char reason[EVENT_REASON_MAX] = {}, clean[4 * EVENT_REASON_MAX], name[POLICY_NAME_MAX];

	_Static_assert(sizeof(cause->words) == sizeof(reason) - 1, "five words");
	memcpy(reason, cause->words, sizeof(cause->words));
	if (cause->kind == EVENT_CAUSE_REFUSED && cause->code == IOMMUFD_REFUSED_POLICY)
		return missing_policy(text, reason, utf8);
	if (cause->kind == EVENT_CAUSE_REFUSED)
		return refusal(text, cause->code, cause->words[0], cause->words[1],
			       cause->words[2]);
	text__clean(clean, sizeof(clean), reason, sizeof(reason), EVENT_REASON_MAX, utf8);
	snprintf(text, CAUSE_MAX, "policy %s%s%.110s", policy_name__text(name, cause->code),
		 clean[0] ? ": " : "", clean);
	return text;
}

/* The reason of a verdict; before it, the error that an audit policy did not enforce. */
static const char *verdict(char text[CAUSE_MAX], const struct event_record *record, bool utf8)
{
	const struct args_policy_verdict *args = (const void *)record->args;
	char reason[EVENT_REASON_MAX], name[ERRNAME_MAX];
	int size = 0;

	event__reason(reason, record);
	if (event__is_audit(record))
		size = snprintf(text, CAUSE_MAX, "would refuse with %s%s",
				errname(-(__s64)(__s32)args->ret, name), reason[0] ? ": " : "");
	text__clean(text + size, CAUSE_MAX - size, reason, sizeof(reason), EVENT_REASON_MAX, utf8);
	return text[0] ? text : NULL;
}

const char *cause__text(char text[CAUSE_MAX], const struct event_record *record, bool utf8)
{
	const struct args_dma_fault *fault = (const void *)record->args;
	const struct args_refused *refused = (const void *)record->args;
	const struct event_cause *cause = event__cause(record);
	const __u64 *ret = event__arg(record, EVENT_ROLE_ret);
	char name[EVENT_TEXT_MAX];

	if (record->event == EVENT_dma_fault)
		return cause__dma_fault(text, fault->reason);
	if (!ret || !(__s32)*ret)
		return NULL;
	if (record->event == EVENT_refused && refused->reason == IOMMUFD_REFUSED_POLICY) {
		event__text(name, record, offsetof(struct args_refused, missing0) / sizeof(__u64));
		return missing_policy(text, name, utf8);
	}
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
	{ 0x04, 0x04, "the address is beyond the reach of the page table" },
	{ 0x05, 0x05, "the address is not mapped for writing" },
	{ 0x06, 0x06, "the address is not mapped for reading" },
	{ 0x07, 0x07, "the next level of the page table cannot be read" },
	{ 0x08, 0x09, "the root or context table cannot be read" },
	{ 0x0a, 0x0c, "a reserved bit is set in the tables" },
	{ 0x0d, 0x0d, "its context entry blocks this kind of request" },
	{ 0x20, 0x21, "malformed interrupt request" },
	{ 0x22, 0x22, "no such interrupt is set up" },
	{ 0x23, 0x24, "the interrupt remapping table is invalid" },
	{ 0x25, 0x25, "the interrupt is not in remappable format" },
	{ 0x26, 0x26, "the interrupt belongs to another device" },
	{ 0x30, 0x38, "the root table does not support this kind of request" },
	{ 0x39, 0x39, "the root entry of its bus is not present" },
	{ 0x3a, 0x3a, "a reserved bit is set in the root table" },
	{ 0x40, 0x43, "its context entry is not valid" },
	{ 0x44, 0x44, "device-side translation (ATS) is disabled in its context entry" },
	{ 0x45, 0x46, "PASIDs are disabled in its context entry, or this one is too large" },
	{ 0x47, 0x47, "page requests are disabled in its context entry" },
	{ 0x50, 0x52, "no page table for the PASID: no valid directory entry" },
	{ 0x58, 0x5b, "no page table for the PASID: no valid table entry" },
	{ 0x5c, 0x5d, "the PASID entry forbids execute or privileged requests" },
	{ 0x70, 0x70, "the first-stage page table cannot be read" },
	{ 0x71, 0x71, "the address is not mapped in the first stage" },
	{ 0x72, 0x72, "a reserved bit is set in the first-stage page table" },
	{ 0x73, 0x77,
	  "the second stage does not map the first-stage page table, or lacks the right" },
	{ 0x78, 0x78, "the second-stage page table cannot be read" },
	{ 0x79, 0x79, "the address is not mapped in the second stage with that right" },
	{ 0x7a, 0x7b, "the second-stage page table is invalid" },
	{ 0x80, 0x80, "the address is not canonical" },
	{ 0x81, 0x81, "the page is for privileged requests only" },
	{ 0x82, 0x82, "the page is not executable" },
	{ 0x83, 0x84, "the address is beyond the reach of the page table" },
	{ 0x85, 0x85, "the address is not mapped for writing" },
	{ 0x86, 0x86, "the address is not mapped for reading" },
	{ 0x87, 0x87, "DMA to the address range of interrupts" },
};

/* Arm SMMUv3 specification, chapter "Event records". */
static const char *smmu_reason(char text[CAUSE_MAX], unsigned int event)
{
	switch (event) {
	case 0x02:
		return "the SMMU has no entry for its stream";
	case 0x04:
		return "no page table: its stream table entry is not valid";
	case 0x08:
		return "it has no page table for this PASID";
	case 0x0a:
		return "no page table: its context descriptor is not valid";
	case 0x06:
		return "DMA without a PASID is not allowed for it";
	case 0x10:
		return "the address is not mapped";
	case 0x11:
		return "the address is beyond the reach of the page table";
	case 0x12:
		return "the page has not been accessed, and access flags are not set by hardware";
	case 0x13:
		return "the page is not mapped for this access";
	}
	snprintf(text, CAUSE_MAX, "event 0x%02x of the SMMU", event);
	return text;
}

const char *cause__dma_fault(char text[CAUSE_MAX], unsigned int reason)
{
	unsigned int i;

	if (reason & EVENT_REASON_SMMU)
		return smmu_reason(text, reason & ~EVENT_REASON_SMMU);
	for (i = 0; i < sizeof(vtd) / sizeof(vtd[0]); i++)
		if (reason >= vtd[i].first && reason <= vtd[i].last)
			return vtd[i].text;
	snprintf(text, CAUSE_MAX, "reason 0x%x", reason);
	return text;
}
