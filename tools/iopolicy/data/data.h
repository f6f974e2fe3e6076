/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys and values of maps as text, by their BTF.
 *
 * A shape is the list of the slots of a type: a slot is a number, a text or a range in it. The
 * typedefs of iommufd_policy.bpf.h say what a number means. An entry is written as its slots in
 * order, with commas between: "0000:00:03.0,1000", "4G..8G". A struct whose members are first (or
 * start) and last is one slot, a range. Elements of an array that is the last member may be left
 * out; then they are 0.
 *
 * Only libbpf's BTF and tools/common are needed. model/ and output/ use it.
 */
#ifndef _IOPOLICY_DATA_H
#define _IOPOLICY_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

struct btf;

enum data_kind {
	DATA_UNSIGNED,
	DATA_SIGNED,
	DATA_BOOL,
	DATA_ENUM,
	DATA_TEXT,
	DATA_USER,
	DATA_CGROUP,
	DATA_SBDF,
	DATA_PCI_ID,
	DATA_BYTES,
	DATA_ADDRESS,
	DATA_HOOK,
	DATA_MEMBER, /* of a set: a value that says nothing */
	DATA_OTHER, /* bytes that cannot be set */
};

#define DATA_NAME_MAX 48

struct data_slot {
	char name[DATA_NAME_MAX];
	enum data_kind kind;
	bool is_any; /* IOMMUFD_NONE matches anything */
	bool is_range;
	bool is_optional;
	__u32 type; /* of an enum */
	__u32 size; /* of the number or text */
	__u32 offset;
	__u32 last; /* offset of the last one of a range */
};

#define DATA_SLOTS_MAX 64

struct data_shape {
	const struct btf *btf;
	__u32 size;
	bool is_known; /* all slots can be set */
	unsigned int nr;
	struct data_slot slots[DATA_SLOTS_MAX];
};

/*
 * Find the slots of a type. Without BTF, or if its size is not this one, there is one slot of
 * bytes. name is that of a slot without one.
 */
void data__shape(struct data_shape *shape, const struct btf *btf, __u32 type, __u32 size,
		 const char *name);
/* The names of the slots, in capitals: "DEVICE,UID". */
#define DATA_TEXT_MAX 1024
char *data__title(char text[DATA_TEXT_MAX], const struct data_shape *shape);

/* Read a text into size bytes. Return 0, or -EINVAL with the reason in why. */
#define DATA_WHY_MAX 512
int data__parse(const struct data_shape *shape, const char *text, void *bytes,
		char why[DATA_WHY_MAX]);
/* The value of an entry that is given without one: that of a member of a set. */
int data__default(const struct data_shape *shape, void *bytes, char why[DATA_WHY_MAX]);

/* Write bytes as data__parse() reads them. Texts in it are not cleaned. */
char *data__format(char text[DATA_TEXT_MAX], const struct data_shape *shape, const void *bytes);
/* The number in a slot, or the last one of a range. */
__u64 data__number(const struct data_slot *slot, const void *bytes);
__s64 data__signed(const struct data_slot *slot, const void *bytes);
__u64 data__last(const struct data_slot *slot, const void *bytes);
/* The name of the value of an enum; NULL if it has none. */
const char *data__enum_name(const struct data_shape *shape, const struct data_slot *slot,
			    __u64 value);

#endif /* _IOPOLICY_DATA_H */
