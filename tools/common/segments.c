// SPDX-License-Identifier: GPL-2.0-only
/* Folders of recordings, see segments.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "clock.h"
#include "errname.h"
#include "msg.h"
#include "segments.h"

#define NS_PER_MS 1000000ULL

bool segments__is_folder(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

char *segment__name(char name[SEGMENT_NAME_MAX], __u64 start_ns)
{
	time_t seconds = start_ns / NS_PER_SEC;
	char date[24];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(date, sizeof(date), "%Y%m%dT%H%M%S", &tm))
		strcpy(date, "00000000T000000");
	snprintf(name, SEGMENT_NAME_MAX, "iosnoop-%s.%03lluZ.rec", date,
		 start_ns % NS_PER_SEC / NS_PER_MS);
	return name;
}

/* The start in a name; false if it is not the name of a segment. */
static bool parse_name(const char *name, __u64 *start_ns)
{
	char again[SEGMENT_NAME_MAX];
	struct tm tm = {};
	unsigned int ms;
	int end = 0;

	if (sscanf(name, "iosnoop-%4d%2d%2dT%2d%2d%2d.%3uZ.rec%n", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, &end) != 7 ||
	    !end || name[end] || tm.tm_year < 1970)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*start_ns = timegm(&tm) * NS_PER_SEC + ms * NS_PER_MS;
	/* Names like those with a sign or a month of 13 are not ours. */
	return !strcmp(segment__name(again, *start_ns), name);
}

static int compare(const void *a, const void *b)
{
	const struct segment *one = a, *other = b;

	if (one->start_ns != other->start_ns)
		return one->start_ns < other->start_ns ? -1 : 1;
	return 0;
}

static int add(struct segments *segments, int folder, const char *name)
{
	struct segment segment, *grown;
	struct stat status;

	/* It may have been removed since. */
	if (!parse_name(name, &segment.start_ns) ||
	    fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) || !S_ISREG(status.st_mode))
		return 0;
	segment.size = status.st_size;
	segment.changed_ns = status.st_mtim.tv_sec * NS_PER_SEC + status.st_mtim.tv_nsec;
	snprintf(segment.name, sizeof(segment.name), "%.*s", SEGMENT_NAME_MAX - 1, name);
	/* Double the room at each power of two. */
	if (!(segments->nr & (segments->nr - 1))) {
		grown = reallocarray(segments->at, segments->nr ? 2 * segments->nr : 1,
				     sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		segments->at = grown;
	}
	segments->at[segments->nr++] = segment;
	return 0;
}

int segments__list(struct segments *segments, const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry = NULL;
	char name[ERRNAME_MAX];
	int err = 0;

	*segments = (struct segments){};
	errno = 0;
	while (folder && !err && (errno = 0, entry = readdir(folder)))
		err = add(segments, dirfd(folder), entry->d_name);
	if (!err && !entry && errno)
		err = -errno;
	if (folder)
		closedir(folder);
	if (err) {
		msg("cannot list %s: %s", path, errname(-err, name));
		segments__free(segments);
		return err;
	}
	if (segments->nr)
		qsort(segments->at, segments->nr, sizeof(*segments->at), compare);
	return 0;
}

void segments__free(struct segments *segments)
{
	free(segments->at);
	*segments = (struct segments){};
}

__u64 segments__last_ns(const char *path)
{
	__u64 now = clock__now() + clock__wall_offset(), last = now;
	struct segments segments;
	struct stat status;

	if (!strcmp(path, "-") || stat(path, &status))
		return now;
	if (S_ISREG(status.st_mode)) {
		last = status.st_mtim.tv_sec * NS_PER_SEC + status.st_mtim.tv_nsec;
	} else if (S_ISDIR(status.st_mode) && !segments__list(&segments, path)) {
		if (segments.nr)
			last = segments.at[segments.nr - 1].changed_ns;
		segments__free(&segments);
	}
	return last < now ? last : now;
}

unsigned int segments__find(const struct segments *segments, __u64 time_ns)
{
	unsigned int low = 0, high = segments->nr, middle;

	/* Names have whole milliseconds, so a segment may start up to one later than its name. */
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (segments->at[middle].start_ns <= time_ns)
			low = middle;
		else
			high = middle;
	}
	return low;
}
