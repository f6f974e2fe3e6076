/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of policies (policy_name.h) and devices (device_name.h) by one or two numbers, because
 * events have only the numbers.
 *
 * The oldest names are dropped when there are many, because a recording may contain any number.
 */
#ifndef _COMMON_NAMES_H
#define _COMMON_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define NAMES_TEXT_MAX 65

struct name {
	__u32 a;
	__u32 b;
	bool is_used;
	bool was_found; /* by names__find_new() */
	char text[NAMES_TEXT_MAX]; /* "": not known */
};

/*
 * An array of names, used as a ring. read adds the name of these numbers if it can; it is called
 * when a name is asked for and not known, once for each. NULL: none.
 */
struct names {
	struct name *ring;
	unsigned int kept;
	unsigned int added; /* counts on */
	void (*read)(void *arg, __u32 a, __u32 b);
	void *arg;
};

/* Note a name, which may be any bytes and ends at a NUL or after size bytes; most: columns. */
void names__add(struct names *names, __u32 a, __u32 b, const char *text, size_t size, size_t most);
/* The name, clean; NULL if it is not known. */
const char *names__find(struct names *names, __u32 a, __u32 b);
/* The same, and whether this is the first request since names__renew(). */
const char *names__find_new(struct names *names, __u32 a, __u32 b, bool *is_new);
void names__renew(struct names *names);
/* Forget a name, because another one is about to get its numbers. */
void names__forget(struct names *names, __u32 a, __u32 b);

#endif /* _COMMON_NAMES_H */
