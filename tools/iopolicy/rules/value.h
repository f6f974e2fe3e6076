/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values of fields in a rule: the meaning of a word for a type.
 */
#ifndef _IOPOLICY_RULES_VALUE_H
#define _IOPOLICY_RULES_VALUE_H

#include "rules/rules.h"

#define VALUE_WHY_MAX 256

struct field {
	const char *name; /* NULL: it cannot be named */
	enum rules_type type;
	__u32 hooks;
	const char *text;
};

extern const struct field rules_fields[RULES_NR_FIELDS];

/* A bit of a field that a rule tests by name: "write". */
struct flag {
	const char *name;
	enum rules_field field;
	__u64 bit;
	__u32 hooks;
	const char *text;
};

extern const struct flag rules_flags_table[];
extern const unsigned int rules_nr_flags;

/* Hooks by their short names: bind, attach, map, ... Returns 0 for an unknown one. */
__u32 value__hook(const char *name);
const char *value__hook_name(unsigned int hook);
/* List the names of hooks: "map, unmap". */
#define HOOK_LIST_MAX 160
char *value__hook_list(char text[HOOK_LIST_MAX], __u32 hooks);

/* RULES_NR_FIELDS if there is none. */
enum rules_field value__field(const char *name);
/* NULL if there is none. */
const struct flag *value__flag(const char *name);

/*
 * Read a value of a type but RULES_TYPE_STRING: the interval of values that the word stands for.
 * Return 0, or -EINVAL with the reason in why.
 */
int value__read(enum rules_type type, const char *word, __u64 *first, __u64 *last, char *why);
/* Read VENDOR, VENDOR:PRODUCT or a PCI address; a missing part matches anything. */
int box__read(const char *word, struct rules_box *box, char *why);
/* A positive errno by its name or number; 0 if it is none. */
int value__errno(const char *word);
/* The name of a kind of memory, enum iommufd_memory_kind; NULL: unknown. */
const char *value__kind_name(unsigned int kind);

#endif /* _IOPOLICY_RULES_VALUE_H */
