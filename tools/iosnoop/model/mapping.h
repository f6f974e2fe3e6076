/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mapping that holds an address of a process, and its file. Private to model/.
 *
 * An open /proc/ID/maps belongs to the address space that the process had when it was opened: after
 * an exec, or after the end of the process, it has no mappings, even if the id is in use again.
 */
#ifndef _IOSNOOP_MAPPING_H
#define _IOSNOOP_MAPPING_H

#include <limits.h>
#include <stdbool.h>
#include <linux/types.h>

#define MAPPING_BUILD_ID 20

/* The identity of the contents at an address. */
struct mapping {
	__u64 start;
	__u64 end;
	__u64 offset; /* of start in the file, bytes */
	__u64 inode; /* 0: no file */
	__u32 dev_major;
	__u32 dev_minor;
};

struct mapped_file {
	char path[PATH_MAX]; /* as in /proc/ID/maps; "[stack]" and the like without a file */
	__u8 build_id[MAPPING_BUILD_ID];
	__u32 build_id_size; /* 0: the file has none */
};

/*
 * Find the mapping of an address. file NULL: leave its file out, which costs more. Returns 0,
 * -ENOENT if nothing is mapped there, -ESRCH if the address space is gone, or -errno.
 */
int mapping__find(int maps_fd, __u64 address, struct mapping *mapping, struct mapped_file *file);

/*
 * Open the mapped file for reading, whichever mount namespace the process is in, and make sure that
 * it is the mapped one. Only regular files are opened, because opening a device may do something.
 * id is the thread or process that maps_fd was opened with. Returns a file descriptor or -errno.
 */
int mapping__open_file(__u32 id, const struct mapping *mapping, const struct mapped_file *file);

#endif /* _IOSNOOP_MAPPING_H */
