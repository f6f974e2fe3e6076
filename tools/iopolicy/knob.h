/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Knobs of a policy: global constants of its BPF program, which are set before it is loaded.
 *
 * They are found by the BTF of the section .rodata. Integers of 1, 2, 4 and 8 bytes can be set,
 * bool, and arrays of char; other constants are found as well, and refused.
 */
#ifndef _IOPOLICY_KNOB_H
#define _IOPOLICY_KNOB_H

#include <stddef.h>
#include <linux/types.h>

struct btf;
struct json;

enum knob_kind {
	KNOB_UNSIGNED,
	KNOB_SIGNED,
	KNOB_BOOL,
	KNOB_TEXT,   /* ends with a 0 */
	KNOB_OTHER,
};

#define KNOB_TYPE_MAX 48
#define KNOB_VALUE_MAX 256
#define KNOB_WHY_MAX 512

struct knob {
	const char *name;
	char type[KNOB_TYPE_MAX]; /* as in the source: "__u64", "char[16]" */
	enum knob_kind kind;
	__u32 size;
	void *value;
};

struct knobs {
	struct knob *list;
	unsigned int nr;
};

/* Adds those of the section with this type, whose bytes are data. -EINVAL: the BTF is broken. */
int knobs__add(struct knobs *knobs, const struct btf *btf, __u32 section, void *data, size_t size);
void knobs__free(struct knobs *knobs);

/*
 * Does what NAME=VALUE says. Integers may be hexadecimal, and have K, M, G, T behind them.
 * Returns 0, or -EINVAL with the reason in why[KNOB_WHY_MAX].
 */
int knobs__set(struct knobs *knobs, const char *setting, char *why);

/* The value for people: 4096, true, "text" */
char *knob__value(char text[KNOB_VALUE_MAX], const struct knob *knob);
/* The value under this key. */
void knob__put_json(struct json *json, const char *key, const struct knob *knob);

#endif /* _IOPOLICY_KNOB_H */
