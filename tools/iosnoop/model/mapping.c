// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of processes, see mapping.h.
 *
 * The path of a mapped file is that in the mount namespace of the process, where another file may
 * have this path than here. /proc/ID/map_files leads to the mapped file itself, even if it is
 * deleted, but needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. Without, the path is resolved below
 * /proc/ID/root.
 *
 * stat() may report another device and inode than /proc/ID/maps (overlayfs, btrfs). So a file is
 * compared by mapping it here, too, and reading the own /proc/self/maps.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "model/mapping.h"

/* The argument of the ioctl of /proc/PID/maps, since Linux 6.11; older headers lack it. */
struct maps_query {
	__u64 size;
	__u64 flags;
	__u64 address;
	__u64 start;
	__u64 end;
	__u64 vma_flags;
	__u64 page_size;
	__u64 offset;
	__u64 inode;
	__u32 dev_major;
	__u32 dev_minor;
	__u32 name_size;
	__u32 build_id_size;
	__u64 name;
	__u64 build_id;
};

_Static_assert(sizeof(struct maps_query) == 104, "an interface of the kernel");

#define MAPS_QUERY _IOWR('f', 17, struct maps_query)

int mapping__find(int maps_fd, __u64 address, struct mapping *mapping, struct mapped_file *file)
{
	struct maps_query query = { .size = sizeof(query), .address = address };

	if (file) {
		file->path[0] = '\0';
		query.name = (uintptr_t)file->path;
		query.name_size = sizeof(file->path);
		query.build_id = (uintptr_t)file->build_id;
		query.build_id_size = sizeof(file->build_id);
	}
	if (ioctl(maps_fd, MAPS_QUERY, &query))
		return -errno;
	*mapping = (struct mapping){
		.start = query.start,
		.end = query.end,
		.offset = query.offset,
		.inode = query.inode,
		.dev_major = query.dev_major,
		.dev_minor = query.dev_minor,
	};
	if (file)
		file->build_id_size = query.build_id_size;
	return 0;
}

/* Whether the open file is the one of that mapping. */
static bool is_mapped(int fd, const struct mapping *wanted, const struct mapped_file *file)
{
	static struct mapped_file ours; /* too large for the stack */
	size_t page = sysconf(_SC_PAGESIZE);
	struct mapping mapping;
	void *map;
	int maps, err;

	map = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	err = maps < 0 ? -errno : mapping__find(maps, (uintptr_t)map, &mapping, &ours);
	if (maps >= 0)
		close(maps);
	munmap(map, page);
	if (err || mapping.inode != wanted->inode || mapping.dev_major != wanted->dev_major ||
	    mapping.dev_minor != wanted->dev_minor)
		return false;
	/* The build ID is in the page cache of both, or else neither is known. */
	return !ours.build_id_size || !file->build_id_size ||
	       (ours.build_id_size == file->build_id_size &&
		!memcmp(ours.build_id, file->build_id, ours.build_id_size));
}

/* Open a file that was found by its path, if it is a regular one; closes the path. */
static int open_found(int path_fd, const struct mapping *mapping, const struct mapped_file *file)
{
	struct stat status;
	char link[32];
	int fd;

	if (path_fd < 0)
		return -errno;
	if (fstat(path_fd, &status) || !S_ISREG(status.st_mode)) {
		close(path_fd);
		return -EINVAL;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	close(path_fd);
	if (fd < 0)
		return -errno;
	if (is_mapped(fd, mapping, file))
		return fd;
	close(fd);
	return -ESTALE;
}

/* Resolve a path in the root folder of the process. */
static int find_below_root(__u32 id, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	char root[32];
	int root_fd, fd, err;

	snprintf(root, sizeof(root), "/proc/%u/root", id);
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return -1;
	fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	err = errno;
	close(root_fd);
	errno = err;
	return fd;
}

int mapping__open_file(__u32 id, const struct mapping *mapping, const struct mapped_file *file)
{
	char link[80];
	int fd;

	if (!mapping->inode)
		return -ENOENT;
	snprintf(link, sizeof(link), "/proc/%u/map_files/%llx-%llx", id, mapping->start,
		 mapping->end);
	fd = open_found(open(link, O_PATH | O_CLOEXEC), mapping, file);
	if (fd >= 0 || file->path[0] != '/')
		return fd;
	fd = open_found(find_below_root(id, file->path), mapping, file);
	if (fd >= 0)
		return fd;
	/* In a chroot the path begins at our root. */
	return open_found(open(file->path, O_PATH | O_CLOEXEC), mapping, file);
}
