/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moments on the command line: --at, --since, --until.
 */
#ifndef _COMMON_WHEN_H
#define _COMMON_WHEN_H

#include <linux/types.h>

#include "parse.h"

/*
 * Parse a moment, in local time unless it says otherwise:
 *
 *	3:00, 03:00:10, 03:00:10.5	the last such time of day before now
 *	today 03:00, yesterday 03:00	on that day
 *	2026-11-29, 2026-11-29 03:00, 2026-11-29T03:00:10.5Z, ...+01:00
 *	@1795921200.5			seconds since 1970
 *	-2h				before now; a time as in parse__seconds()
 *	now
 *
 * now_ns and the result are CLOCK_REALTIME. Returns 0, or -EINVAL with the reason in
 * why[PARSE_WHY_MAX].
 */
int when__parse(const char *text, __u64 now_ns, __u64 *time_ns, char *why);

/* Format a moment for people: "2026-11-29 03:00:10", in local time. */
#define WHEN_MAX 32
char *when__text(char text[WHEN_MAX], __u64 time_ns);

#endif /* _COMMON_WHEN_H */
