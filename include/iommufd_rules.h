/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compiled rules: iopolicy(8) makes them from a rule file, and the policy rules.bpf.c decides by
 * them. iopolicy-rules(5) describes rule files.
 *
 *	clause	A conjunction of tests. A rule whose condition has "or" becomes several. A hook has
 *		at most RULES_CLAUSES, in the order in which the rules are asked.
 *	field	A value of the request. Each test of a field is a set of intervals.
 *	table	Of a field at a hook: the ends of all intervals, sorted, and for each segment
 *		between two of them the clauses whose test of the field is true there.
 *	pattern	A path of a cgroup, whose last name may end with a *.
 *	fact	A condition that the request does not contain: a device with certain ids is
 *		bound to the file, memory of some kind is mapped in the address space.
 *
 * To decide a request, begin with all clauses, look up each field that the hook's rules test, and
 * keep the clauses of the segment; a field that no remaining clause tests is left out. The clauses
 * that remain are true. So the cost depends on the number of fields, and hardly on that of rules.
 *
 * The image is the content of a read-only map, so the verifier knows its values: it removes the
 * code for fields that no rule tests. It is valid for this version of the tools only, which load it
 * together with their own rules.bpf.o.
 */
#ifndef _IOMMUFD_RULES_H
#define _IOMMUFD_RULES_H

#include "iommufd_policy.h"

#define RULES_MAX 256
#define RULES_CLAUSES 256 /* of a hook */
#define RULES_WORDS (RULES_CLAUSES / 64)
#define RULES_KEYS 4096 /* segments of all tables; a power of two */
#define RULES_PATTERNS 64
#define RULES_DEPTH 16 /* names in a pattern */
#define RULES_NAMES 128 /* different names in patterns */
#define RULES_NAME_LEN 96 /* of a cgroup, with the 0 at its end */
#define RULES_BOXES 16
#define RULES_VALUES 3 /* in a reason */
#define RULES_TEXT 64 /* of a reason */

/* Sets of hooks. */
#define RULES_HOOK(ID) (1u << IOMMUFD_HOOK_##ID)
#define RULES_AT_ALL ((1u << IOMMUFD_HOOKS) - 1)
#define RULES_AT_TABLE \
	(RULES_HOOK(DEVICE_ATTACH) | RULES_HOOK(HWPT_ALLOC) | RULES_HOOK(PASID_ATTACH))
#define RULES_AT_DEVICE \
	(RULES_AT_TABLE | RULES_HOOK(DEVICE_BIND) | RULES_HOOK(PASID_ALLOC) | RULES_HOOK(FAULT))
#define RULES_AT_RANGE (RULES_HOOK(IOAS_MAP) | RULES_HOOK(IOAS_UNMAP) | RULES_HOOK(FAULT))
#define RULES_AT_SPACE (RULES_AT_RANGE | RULES_AT_TABLE)
#define RULES_AT_PINS (RULES_AT_TABLE | RULES_HOOK(IOAS_MAP) | RULES_HOOK(IOAS_CHANGE_PROCESS))
#define RULES_AT_PASID (RULES_HOOK(PASID_ALLOC) | RULES_HOOK(PASID_ATTACH) | RULES_HOOK(FAULT))
#define RULES_AT_ANY_SLEEP (RULES_AT_ALL & ~RULES_HOOK(FAULT))

/* How a value is written in a rule, and in a reason. */
enum rules_type {
	RULES_TYPE_NUMBER,
	RULES_TYPE_USER, /* a uid; the name of a user in rules */
	RULES_TYPE_PCI_ID, /* hexadecimal */
	RULES_TYPE_SBDF,
	RULES_TYPE_ADDRESS,
	RULES_TYPE_SIZE,
	RULES_TYPE_KIND, /* of memory */
	RULES_TYPE_STRING, /* 8 characters of a string, the first in the highest byte */
	RULES_TYPE_BITS, /* tested by flags only */
};

/*
 * The table of fields: FIELD(ID, name, type, hooks, value, text). value is of the request q, see
 * iommufd_rules_match.h. A field without a name continues a string, or has bits that flags test.
 * They are looked up in this order, so those that often exclude many rules come first.
 */
#define RULES_FIELDS(FIELD) \
	FIELD(UID, "uid", USER, RULES_AT_ALL, q->uid, "user of the process") \
	FIELD(PID, "pid", NUMBER, RULES_AT_ALL, q->tgid, "process") \
	FIELD(PROT, NULL, BITS, RULES_HOOK(IOAS_MAP) | RULES_HOOK(FAULT), q->prot & 3, "") \
	FIELD(KIND, "memory", KIND, RULES_HOOK(IOAS_MAP), rules_kind(env, q), \
	      "kind of the memory") \
	FIELD(CTX, "context", NUMBER, RULES_AT_ALL, q->ctx, "open file of /dev/iommu") \
	FIELD(SBDF, "device", SBDF, RULES_AT_DEVICE, q->sbdf, "PCI address of the device") \
	FIELD(VENDOR, "vendor", PCI_ID, RULES_AT_DEVICE, q->vendor, "PCI vendor of the device") \
	FIELD(PRODUCT, "product", PCI_ID, RULES_AT_DEVICE, q->product, "PCI device id") \
	FIELD(GROUP, "group", NUMBER, RULES_AT_DEVICE, q->group, "IOMMU group of the device") \
	FIELD(NAME, "device-name", STRING, RULES_AT_DEVICE, rules_string(q->device_name, 0), \
	      "name of the device in sysfs") \
	FIELD(NAME1, NULL, STRING, RULES_AT_DEVICE, rules_string(q->device_name, 8), "") \
	FIELD(NAME2, NULL, STRING, RULES_AT_DEVICE, rules_string(q->device_name, 16), "") \
	FIELD(NAME3, NULL, STRING, RULES_AT_DEVICE, rules_string(q->device_name, 24), "") \
	FIELD(IOAS, "ioas", NUMBER, RULES_AT_SPACE, q->ioas, "address space") \
	FIELD(HWPT, "hwpt", NUMBER, RULES_AT_TABLE | RULES_HOOK(FAULT), q->hwpt, "page table") \
	FIELD(IOVA, "iova", ADDRESS, RULES_AT_RANGE, q->iova, "first address") \
	FIELD(LAST, "last", ADDRESS, RULES_AT_RANGE, rules_last(q), "last address") \
	FIELD(LENGTH, "length", SIZE, RULES_AT_RANGE, q->length, "bytes of the range") \
	FIELD(START, "start", ADDRESS, RULES_HOOK(IOAS_MAP), q->start, \
	      "address in the process, or offset in the file") \
	FIELD(PASID, "pasid", NUMBER, RULES_AT_PASID, q->pasid, "PASID on the bus, or none") \
	FIELD(VIRT, "virt-pasid", NUMBER, RULES_HOOK(PASID_ALLOC) | RULES_HOOK(PASID_ATTACH), \
	      q->virt_pasid, "PASID in the guest, or none") \
	FIELD(FLAGS, NULL, BITS, RULES_AT_ALL, rules_flags(q), "") \
	FIELD(HWPT_FLAGS, "hwpt-flags", NUMBER, RULES_HOOK(HWPT_ALLOC), q->hwpt_flags, \
	      "flags of the page table") \
	FIELD(DATA_TYPE, "data-type", NUMBER, RULES_HOOK(HWPT_ALLOC), q->data_type, \
	      "format of a page table that a guest manages, or 0") \
	FIELD(REQUESTS, "requests", NUMBER, RULES_HOOK(FAULT), q->requests, \
	      "page requests in the group") \
	FIELD(NEED, "need", SIZE, RULES_AT_PINS, q->need, "bytes that the call will pin at most") \
	FIELD(CTX_PINNED, "context-pinned", SIZE, RULES_AT_PINS, rules_total(q, ctx_pinned), \
	      "bytes pinned now through the file") \
	FIELD(PID_PINNED, "process-pinned", SIZE, RULES_AT_PINS, rules_total(q, process_pinned), \
	      "bytes pinned now by the process") \
	FIELD(UID_PINNED, "uid-pinned", SIZE, RULES_AT_PINS, rules_total(q, uid_pinned), \
	      "bytes pinned now by all processes of the user") \
	FIELD(CGROUP_PINNED, "cgroup-pinned", SIZE, RULES_AT_PINS, rules_total(q, cgroup_pinned), \
	      "bytes pinned now by the cgroup, with those below it") \
	FIELD(CTX_AFTER, "context-after", SIZE, RULES_AT_PINS, rules_total(q, ctx_after), \
	      "the same after the call") \
	FIELD(PID_AFTER, "process-after", SIZE, RULES_AT_PINS, rules_total(q, process_after), \
	      "the same after the call") \
	FIELD(UID_AFTER, "uid-after", SIZE, RULES_AT_PINS, rules_total(q, uid_after), \
	      "the same after the call") \
	FIELD(CGROUP_AFTER, "cgroup-after", SIZE, RULES_AT_PINS, rules_total(q, cgroup_after), \
	      "the same after the call") \
	FIELD(COMM, "comm", STRING, RULES_AT_ALL, rules_string(q->comm, 0), \
	      "name of the thread, which the process can set as it likes") \
	FIELD(COMM1, NULL, STRING, RULES_AT_ALL, rules_string(q->comm, 8), "")

#define RULES_FIELD_ID(ID, name, type, hooks, value, text) RULES_##ID,
enum rules_field { RULES_FIELDS(RULES_FIELD_ID) RULES_NR_FIELDS };
#undef RULES_FIELD_ID

/* Bits of RULES_FLAGS: those of the request, and one more. */
#define RULES_FLAG_COPY (1u << 7) /* the map is a copy of a mapping */
#define RULES_FLAG_BITS 8

/* Facts: bits. The first RULES_BOXES are about bound devices, see struct rules_box. */
#define RULES_FACT_KIND(kind) (RULES_BOXES + (kind)) /* memory of this kind is mapped */
#define RULES_FACT_WRITE (RULES_BOXES + 5) /* devices may write some mapped memory */
#define RULES_FACTS (RULES_BOXES + 6)
#define RULES_FACTS_BOUND ((1u << RULES_BOXES) - 1)

/* Values of a device that is bound to the file; all of them must match. */
struct rules_box {
	__u32 vendor_first, vendor_last;
	__u32 product_first, product_last;
	__u32 sbdf_first, sbdf_last;
};

struct rules_table {
	__u16 first; /* index of its keys, the first of which is 0 */
	__u16 nr;
};

/* Arrays of RULES_WORDS have a bit for each clause. */
struct rules_hook {
	__u64 fields; /* bits of the fields that are tested */
	__u32 facts; /* bits of the facts that are tested */
	__u32 has_cgroups;
	__u32 words; /* that are used */
	__u32 nr;
	__u64 all[RULES_WORDS];
	__u64 cgroup_free[RULES_WORDS]; /* they do not need a cgroup */
	__u64 cgroup_allow[RULES_WORDS]; /* they test cgroups, to allow */
	__u64 fact_allow[RULES_WORDS]; /* they test facts, to allow */
	struct rules_table table[RULES_NR_FIELDS];
	__u64 testing[RULES_NR_FIELDS][RULES_WORDS]; /* they test the field */
	__u64 cgroup_testing[RULES_WORDS]; /* they test cgroups */
	__u8 rule[RULES_CLAUSES]; /* the rule of each clause */
	__u64 cgroup_in[RULES_PATTERNS][RULES_WORDS]; /* they need one of their patterns */
	__u64 cgroup_out[RULES_PATTERNS][RULES_WORDS]; /* they must not match the pattern */
	__u64 fact_in[RULES_FACTS][RULES_WORDS];
	__u64 fact_out[RULES_FACTS][RULES_WORDS];
};

struct rules_pattern {
	__u8 nr; /* names */
	__u8 is_prefix; /* the last name is the beginning of one */
	__u8 prefix_length;
	__u8 __pad;
	__u8 name[RULES_DEPTH];
};

enum rules_action { RULES_DENY, RULES_ALLOW, RULES_LIMIT, RULES_NR_ACTIONS };
/* The unit that a limit counts for. */
enum rules_per {
	RULES_PER_ALL,
	RULES_PER_CONTEXT,
	RULES_PER_PROCESS,
	RULES_PER_USER,
	RULES_PER_CGROUP,
	RULES_PER_DEVICE,
	RULES_NR_PER
};

struct rules_rule {
	__u8 action;
	__u8 is_audit;
	__u8 per;
	__u8 nr_values; /* in the reason */
	__u32 error;
	__u64 each_ns; /* of a limit: time in which a token flows into the bucket */
	__u64 burst; /* of a limit: tokens of a full bucket; times each_ns, it fits into 63 bits */
	/* The reason: text, value, text, value, ... text. Texts end with a 0. */
	__u8 value[RULES_VALUES];
	__u8 text[RULES_VALUES + 1]; /* where each of them begins in texts */
	__u8 __pad;
	char texts[RULES_TEXT];
};

struct rules_image {
	struct rules_hook hook[IOMMUFD_HOOKS];
	struct rules_rule rule[RULES_MAX];
	__u64 keys[RULES_KEYS];
	__u64 bits[RULES_KEYS][RULES_WORDS];
	__u32 nr_rules;
	__u32 nr_keys;
	__u32 nr_patterns;
	__u32 nr_boxes;
	struct rules_box box[RULES_BOXES];
	struct rules_pattern pattern[RULES_PATTERNS];
	char name[RULES_NAMES][RULES_NAME_LEN];
};

/* The counts of a rule: the value of the map stats, whose keys are the numbers of rules. */
struct rules_stat {
	__u64 denied;
	__u64 audited; /* it would have refused */
	__u64 allowed;
	__u64 time_ns; /* of the last one, CLOCK_MONOTONIC */
	__u32 hook;
	__u32 error;
	__u32 tgid;
	__u32 uid;
	char reason[IOMMUFD_POLICY_REASON_LEN];
};

/*
 * A refusal: the value of the map refusals, a ring of the last ones. Number n (from 1) is at n %
 * RULES_REFUSALS; number 0: empty, or being written.
 */
#define RULES_REFUSALS 256 /* a power of two */
struct rules_refusal {
	__u64 number;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 rule;
	__u32 hook;
	__u32 error;
	__u32 is_audit;
	__u32 tgid;
	__u32 uid;
	__u32 ctx;
	__u32 __pad;
	char comm[IOMMUFD_POLICY_COMM_LEN];
	char reason[IOMMUFD_POLICY_REASON_LEN];
};

_Static_assert(sizeof(struct rules_box) == 24, "layout");
_Static_assert(sizeof(struct rules_rule) == 96, "layout");
_Static_assert(sizeof(struct rules_pattern) == 20, "layout");
_Static_assert(sizeof(struct rules_stat) == 88, "layout");
_Static_assert(sizeof(struct rules_refusal) == 104, "layout");

#endif /* _IOMMUFD_RULES_H */
