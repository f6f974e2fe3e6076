/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters of a policy: global constants of its BPF program, which are set before it is loaded.
 *
 * They are found by the BTF of the section .rodata. Integers of 1, 2, 4 and 8 bytes can be set,
 * bool, and arrays of char; other constants are found as well, and refused.
 */
#ifndef _IOPOLICY_PARAM_H
#define _IOPOLICY_PARAM_H

#include <stddef.h>
#include <linux/types.h>

struct btf;
struct json;

enum param_kind {
	PARAM_UNSIGNED,
	PARAM_SIGNED,
	PARAM_BOOL,
	PARAM_TEXT,   /* ends with a 0 */
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

/* Adds those of the section with this type, whose bytes are data. -EINVAL: the BTF is broken. */
int params__add(struct params *params, const struct btf *btf, __u32 section, void *data,
		size_t size);
void params__free(struct params *params);

/*
 * Does what NAME=VALUE says. Integers may be hexadecimal, and have K, M, G, T behind them.
 * Returns 0, or -EINVAL with the reason in why[PARAM_WHY_MAX].
 */
int params__set(struct params *params, const char *setting, char *why);

/* The value for people: 4096, true, "text" */
char *param__value(char text[PARAM_VALUE_MAX], const struct param *param);
/* The value under this key. */
void param__put_json(struct json *json, const char *key, const struct param *param);

#endif /* _IOPOLICY_PARAM_H */
