/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of --log, to which lines go instead of standard output: it takes the place of standard
 * output, so that renderers need not know of it.
 *
 * Lines are appended. After SIGHUP the file is opened anew by its name, as programs expect that
 * rename a log and keep it. With a size, iosnoop renames it to FILE.1 itself. If the new file
 * cannot be opened, the lines go on in the old one.
 */
#ifndef _IOSNOOP_LOG_FILE_H
#define _IOSNOOP_LOG_FILE_H

#include <stdbool.h>
#include <linux/types.h>

struct log_file {
	const char *path;
	__u64 most_bytes; /* rename the file when it has this size; 0: never */
	bool has_failed; /* the last attempt, which was told */
};

/* Let standard output be the file. Returns 0, or -errno after a message. */
int log_file__open(struct log_file *log, const char *path, __u64 most_bytes);

/*
 * Begin a new file after SIGHUP, or if this one is full. Call it with nothing buffered. Returns
 * whether standard output is an empty file now, which needs a header.
 */
bool log_file__renew(struct log_file *log);

#endif /* _IOSNOOP_LOG_FILE_H */
