// SPDX-License-Identifier: GPL-2.0-only
/* The folder of a recorder, see rotation.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "clock.h"
#include "errname.h"
#include "msg.h"
#include "process.h"
#include "render/rotation.h"

/* The room on the disk that is worth a new segment, in bytes. */
#define ROOM_LEAST (1ULL << 20)

int rotation__open(struct rotation *rotation, const char *folder,
		   const struct segment_limits *limits)
{
	char name[ERRNAME_MAX];
	size_t length = strlen(folder);
	int err;

	*rotation = (struct rotation){ .folder = folder, .limits = *limits, .folder_fd = -1 };
	if (length && folder[length - 1] == '/' && mkdir(folder, 0700) && errno != EEXIST) {
		err = -errno;
		msg("cannot create the folder %s: %s", folder, errname(-err, name));
		return err;
	}
	rotation->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rotation->folder_fd < 0) {
		err = -errno;
		msg("cannot open the folder %s: %s", folder, errname(-err, name));
		return err;
	}
	if (!flock(rotation->folder_fd, LOCK_EX | LOCK_NB))
		return 0;
	err = -errno;
	if (err == -EWOULDBLOCK)
		msg("another iosnoop records to %s; choose another folder, or stop it", folder);
	else
		msg("cannot lock the folder %s: %s", folder, errname(-err, name));
	rotation__close(rotation);
	return err;
}

void rotation__close(struct rotation *rotation)
{
	if (rotation->folder_fd >= 0)
		close(rotation->folder_fd);
	rotation->folder_fd = -1;
}

bool rotation__is_due(const struct rotation *rotation, __u64 size)
{
	return process__hung_up() || size >= rotation->limits.rotate_bytes ||
	       clock__now() - rotation->begun_ns >= rotation->limits.rotate_ns;
}

/*
 * Remove segments that are too old, and as many as needed for the current one to grow to its full
 * size. A segment is as old as its last write.
 */
static void prune(const struct rotation *rotation)
{
	const struct segment_limits *limits = &rotation->limits;
	__u64 now = clock__now() + clock__wall_offset(), total = 0;
	struct segments segments;
	char name[ERRNAME_MAX];
	unsigned int i;

	if (segments__list(&segments, rotation->folder))
		return;
	for (i = 0; i < segments.nr; i++)
		if (strcmp(segments.at[i].name, rotation->current))
			total += segments.at[i].size;
	for (i = 0; i < segments.nr; i++) {
		const struct segment *segment = &segments.at[i];
		bool is_old = limits->keep_ns && now > limits->keep_ns &&
			      segment->changed_ns < now - limits->keep_ns;

		if (!strcmp(segment->name, rotation->current) ||
		    (!is_old && total + limits->rotate_bytes <= limits->keep_bytes))
			continue;
		if (unlinkat(rotation->folder_fd, segment->name, 0) && errno != ENOENT)
			msg("cannot remove %s/%s: %s", rotation->folder, segment->name,
			    errname(errno, name));
		else
			total -= segment->size;
	}
	segments__free(&segments);
}

struct recording *rotation__create(struct rotation *rotation, const struct recording_header *header,
				   __u64 events)
{
	__u64 name_ns = header->start_ns + header->wall_offset_ns;
	char path[SEGMENT_NAME_MAX + 512];
	struct recording *recording;

	/* Two segments may begin within a millisecond. */
	do {
		segment__name(rotation->current, name_ns);
		name_ns += NS_PER_SEC / 1000;
	} while (!faccessat(rotation->folder_fd, rotation->current, F_OK, AT_SYMLINK_NOFOLLOW));
	if (snprintf(path, sizeof(path), "%s/%s", rotation->folder, rotation->current) >=
	    (int)sizeof(path)) {
		msg("the name of the folder is too long: %s", rotation->folder);
		return NULL;
	}
	rotation->begun_ns = header->start_ns;
	recording = recording__create(path, header, events, false);
	prune(rotation);
	return recording;
}

bool rotation__has_room(const struct rotation *rotation)
{
	__u64 least = rotation->limits.rotate_bytes;
	struct statvfs status;

	if (least > ROOM_LEAST)
		least = ROOM_LEAST;
	return fstatvfs(rotation->folder_fd, &status) || status.f_bavail * status.f_frsize >= least;
}
