/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Explains a fault: the area at the address, and the process that removed it.
 *
 * An explanation has three sources: the history of unmaps and attachments (past.h), the objects
 * (page table and address space of the device), and the areas of the address space. The latter two
 * are read when the explanation is made, some time after the fault. An explanation leaves out
 * everything that its sources do not know. Recordings contain the explanations that were made when
 * they were recorded.
 */
#ifndef _COMMON_WHY_H
#define _COMMON_WHY_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "iommufd_policy.h"
#include "iommufd_top.h"
#include "json.h"
#include "past.h"

/* Recordings contain these numbers. */
enum why_kind {
	WHY_UNKNOWN = 0,
	WHY_UNMAPPED = 1, /* the address was unmapped before */
	WHY_NOT_MAPPED = 2,
	WHY_ACCESS =
		3, /* mapped without the access that the device tried; perhaps unmapped before */
	WHY_DETACHED = 4, /* the device or PASID was detached before */
	WHY_REPLACED = 5, /* the device got another page table, without this address */
	WHY_NOT_ATTACHED = 6, /* the device or PASID is not attached */
	WHY_NOT_BOUND = 7, /* the device is not bound to iommufd */
	WHY_MAPPED = 8, /* mapped with that access when it was looked up, or unmapped later */
	WHY_NESTED = 9, /* an address in the page table of a guest */
	WHY_PROCESS = 10, /* an address of a process, whose page table the PASID shares */
};

#define WHY_HAS_BELOW (1u << 0) /* members below and above are known */
#define WHY_HAS_ABOVE (1u << 1)
#define WHY_HAS_AREAS (1u << 2) /* the areas were looked up */
#define WHY_NEVER (1u << 3) /* not mapped since the context was opened */
#define WHY_AGAIN (1u << 4) /* unmapped or not mapped, and mapped since */
#define WHY_DURING (1u << 5) /* the unmap or detach was in progress */
#define WHY_UNBOUND (1u << 6) /* the device was unbound */
#define WHY_HAS_STACK (1u << 7) /* of the unmap or detach */

/* Writers of recordings may append members; readers get zeros for missing ones. */
struct why {
	__u32 kind; /* enum why_kind */
	__u32 flags; /* WHY_* */
	__u32 ctx; /* EVENT_NONE if not known, like all ids */
	__u32 ioas; /* address space of the device when it faulted, or before it was detached */
	__u32 old_ioas; /* of WHY_REPLACED */
	__u32 pasid; /* of the fault */
	__u32 tgid; /* process that unmapped, detached or replaced */
	__u32 prot; /* IOMMUFD_PROT_* of WHY_ACCESS */
	char comm[EVENT_COMM_LEN]; /* its name, not cleaned; "" if not known */
	__u64 ago_ns; /* from that call to the fault */
	__u64 iova; /* range that was unmapped or is mapped */
	__u64 length;
	__u64 known_ns; /* of WHY_NOT_MAPPED: not unmapped for so long before the fault */
	__u64 below; /* the nearest area below ends before this address */
	__u64 above; /* the nearest area above begins here */
};

/* An explanation with the stack of the call, if it has WHY_HAS_STACK. */
struct why_full {
	struct why why;
	struct event_stack stack;
};

/* The material of explanations; sources fill it in. */
struct why_source {
	struct history history;
	bool is_live; /* processes are those of this machine */
	bool is_partial; /* the history may lack unmaps */
	/* Objects by context and id; has_objects: those of all contexts. */
	const struct iommufd_object_info *objects;
	unsigned int nr_objects;
	bool has_objects;
	/* Find areas; false: not known. NULL: never. */
	bool (*find_area)(void *ctx, struct top_area_find *find);
	/* Copy the stack of an entry of the history; false: there is none. NULL: never. */
	bool (*stack)(void *ctx, const struct past *past, struct event_stack *stack);
	void *ctx;
};

/* Whether an event is one that is explained: a DMA fault, or a page request that was refused. */
bool why__is_fault(const struct event_record *record);

/* Explain a fault. Returns false if nothing is known; the kind is then WHY_UNKNOWN. */
bool why__explain(const struct why_source *source, const struct event_record *record,
		  struct why_full *full);

/* The owner of the context that faulted, for the text: its machine, or else its name. */
struct why_owner {
	__u32 tgid;
	const char *name; /* as it came */
	size_t name_size;
};

/* Write one clean sentence; "" if nothing is known. addr: of the fault. */
#define WHY_MAX 256
const char *why__text(char text[WHY_MAX], const struct why *why, const struct event_record *record,
		      const struct why_owner *owner);

/* "unmapped", "not mapped" and so on; NULL for WHY_UNKNOWN. */
const char *why__kind(const struct why *why);

/* Write the members as keys of the open object. */
void why__put_json(const struct why *why, struct json *json);

#endif /* _COMMON_WHY_H */
