/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters of a policy: global constants of its BPF programs, which can be changed until the
 * object is loaded.
 *
 * The BTF of section .rodata describes them. Integers of 1, 2, 4 and 8 bytes, bool and arrays of
 * char can be set. Constants of other types are listed but cannot be set.
 */
#ifndef _IOPOLICY_PARAM_H
#define _IOPOLICY_PARAM_H

#include <stddef.h>
#include <linux/types.h>

struct btf;

enum param_kind {
	PARAM_UNSIGNED,
	PARAM_SIGNED,
	PARAM_BOOL,
	PARAM_TEXT, /* ends with a 0 */
	PARAM_OTHER,
};

#define PARAM_TYPE_MAX 48
#define PARAM_VALUE_MAX 256
#define PARAM_WHY_MAX 512

struct param {
	const char *name;
	char type[PARAM_TYPE_MAX]; /* as in the source: "__u64", "char[16]" */
	enum param_kind kind;
	__u32 size;
	void *value;
};

struct params {
	struct param *list;
	unsigned int nr;
};

/*
 * Add the constants of a section, given by the id of its BTF type and its data. Return -EINVAL if
 * the BTF is invalid, or -ENOMEM.
 */
int params__add(struct params *params, const struct btf *btf, __u32 section, void *data,
		size_t size);
void params__free(struct params *params);

/*
 * Set a parameter from NAME=VALUE. Integers may be hexadecimal or end with K, M, G or T. Return 0,
 * or -EINVAL with the reason in why[PARAM_WHY_MAX].
 */
int params__set(struct params *params, const char *setting, char *why);

/* Take the values of parameters that have the same name, type and size. */
void params__inherit(struct params *params, const struct params *from);
/* NULL if there is none. */
const struct param *params__find(const struct params *params, const char *name);

/* Format the value for people: 4096, true, "text". */
char *param__format(char text[PARAM_VALUE_MAX], const struct param *param);
/* The value of an integer or a bool. */
__u64 param__unsigned(const struct param *param);
__s64 param__signed(const struct param *param);

#endif /* _IOPOLICY_PARAM_H */
