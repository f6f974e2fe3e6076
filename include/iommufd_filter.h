/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filter that user space passes to the BPF programs of iosnoop and iommutop as a constant. The
 * programs and the replay of recordings share iommufd_filter__match(), so filters mean the same in
 * both.
 *
 * bpf/filter.bpf.h has the conditions on the running thread (user, cgroup, name), because
 * recordings do not contain all of these.
 *
 * An event that lacks the property in question does not pass: with an IOAS in the filter no bind
 * does, with a minimum length no attach.
 */
#ifndef _IOMMUFD_FILTER_H
#define _IOMMUFD_FILTER_H

#include "iommufd_record.h"

/* Bits of struct iommufd_filter.use: the conditions that are set. */
#define EVENT_FILTER_TGID (1u << 0)
#define EVENT_FILTER_CTX (1u << 1)
#define EVENT_FILTER_IOAS (1u << 2)
#define EVENT_FILTER_DEVICE (1u << 3)
#define EVENT_FILTER_PASID (1u << 4)
#define EVENT_FILTER_LATENCY (1u << 5)
#define EVENT_FILTER_LENGTH (1u << 6)
#define EVENT_FILTER_FAILED (1u << 7)
#define EVENT_FILTER_COMM (1u << 8)
#define EVENT_FILTER_UID (1u << 9)
#define EVENT_FILTER_CGROUP (1u << 10)
#define EVENT_FILTER_MACHINE (1u << 11) /* user space only: BPF programs know its cgroup */
#define EVENT_FILTER_IOVA (1u << 12)

/* Conditions on the running thread. */
#define EVENT_FILTER_THREAD (EVENT_FILTER_COMM | EVENT_FILTER_UID | EVENT_FILTER_CGROUP)

#define IOMMUFD_FILTER_MACHINE_LEN 64
#define IOMMUFD_FILTER_DEVICE_LEN 32

struct iommufd_filter {
	__u32 use;
	__u32 tgid;
	__u32 ctx;
	__u32 ioas;
	__u32 sbdf; /* EVENT_NONE: by the name in device */
	__u32 pasid;
	__u64 latency_ns; /* at least */
	__u64 length; /* bytes, at least */
	__u64 comm[2]; /* the bytes of the name; comm_mask has the significant ones */
	__u64 comm_mask[2];
	__u64 cgroup; /* this one and those below it */
	__u32 cgroup_level; /* its depth; the root has 0 */
	__u32 uid;
	char machine[IOMMUFD_FILTER_MACHINE_LEN]; /* ends with a NUL; "vm*" matches a prefix */
	/* As words, because BPF programs compare them; padded with NULs. */
	__u64 device[IOMMUFD_FILTER_DEVICE_LEN / sizeof(__u64)];
	__u64 iova_first; /* ranges that touch this one */
	__u64 iova_last;
};

/* Whether the filter wants a device by its name. */
static inline __attribute__((always_inline)) _Bool
iommufd_filter__has_name(const volatile struct iommufd_filter *filter)
{
	return filter->use & EVENT_FILTER_DEVICE && filter->sbdf == EVENT_NONE;
}

/* Whether a name, padded with NULs, is the one that the filter wants. */
static inline __attribute__((always_inline)) _Bool
iommufd_filter__is_name(const volatile struct iommufd_filter *filter, const __u64 *name)
{
	return name[0] == filter->device[0] && name[1] == filter->device[1] &&
	       name[2] == filter->device[2] && name[3] == filter->device[3];
}

/* The properties that are compared; EVENT_NONE or 0 if an event lacks one. */
struct event_subject {
	__u32 ctx;
	__u32 tgid;
	__u32 ioas;
	__u32 device; /* object */
	__u32 is_named; /* the device has the name that the filter wants */
	__u32 sbdf;
	__u32 pasid;
	__s32 ret;
	__u64 latency_ns;
	__u64 length;
	__u64 iova; /* first address; EVENT_IOVA_NONE if the event has none */
};

/* The address of an event without one; no range of whole pages begins with it. */
#define EVENT_IOVA_NONE 0xffffffffffffffffull

/*
 * Whether a range touches that of the filter. One without a length stands for 4 KiB, the smallest
 * page of an IOMMU.
 */
static inline __attribute__((always_inline)) _Bool
iommufd_filter__touches(const volatile struct iommufd_filter *filter, __u64 iova, __u64 length)
{
	const __u64 last = length ? iova + (length - 1) : iova | 0xfff;

	if (iova == EVENT_IOVA_NONE)
		return 0;
	if (!length)
		iova &= ~0xfffull;
	/* A length that a caller made up may wrap. */
	return iova <= filter->iova_last && (last >= filter->iova_first || last < iova);
}

static inline __attribute__((always_inline)) _Bool iommufd_filter__match(
	const volatile struct iommufd_filter *filter, const struct event_subject *subject)
{
	const __u32 use = filter->use;

	if (use & EVENT_FILTER_TGID && subject->tgid != filter->tgid)
		return 0;
	if (use & EVENT_FILTER_CTX && subject->ctx != filter->ctx)
		return 0;
	if (use & EVENT_FILTER_IOAS && subject->ioas != filter->ioas)
		return 0;
	if (iommufd_filter__has_name(filter) && !subject->is_named)
		return 0;
	if (use & EVENT_FILTER_DEVICE && filter->sbdf != EVENT_NONE &&
	    subject->sbdf != filter->sbdf)
		return 0;
	if (use & EVENT_FILTER_PASID && subject->pasid != filter->pasid)
		return 0;
	if (use & EVENT_FILTER_FAILED && !subject->ret)
		return 0;
	if (use & EVENT_FILTER_LATENCY && subject->latency_ns < filter->latency_ns)
		return 0;
	if (use & EVENT_FILTER_LENGTH && subject->length < filter->length)
		return 0;
	if (use & EVENT_FILTER_IOVA &&
	    !iommufd_filter__touches(filter, subject->iova, subject->length))
		return 0;
	return 1;
}

_Static_assert(sizeof(struct iommufd_filter) == 200, "the filter has a fixed layout");

#endif /* _IOMMUFD_FILTER_H */
