// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read the requests of a recording, see recorded.h.
 *
 * The recording is read twice, if it is no pipe: events of a device do not have its ids, and the
 * first snapshot that has them can come later.
 */
#include <errno.h>
#include <string.h>

#include "cgroup.h"
#include "command/recorded.h"
#include "msg.h"

static int take(struct recorded *recorded, const struct recording_item *item,
		int (*decide)(void *arg), void *arg)
{
	switch (item->type) {
	case RECORDING_EVENT:
		switch (traffic__request(recorded->traffic, item->event, &recorded->partial)) {
		case TRAFFIC_REQUEST:
			return decide(arg);
		case TRAFFIC_FAILED:
			recorded->failed++;
			break;
		case TRAFFIC_OTHER:
			break;
		}
		break;
	case RECORDING_LOST:
		recorded->lost += item->lost->count;
		traffic__note(recorded->traffic, item);
		break;
	case RECORDING_END:
		recorded->is_cut = false;
		break;
	default:
		traffic__note(recorded->traffic, item);
	}
	return 0;
}

/* Read all of it: learn if there is no decide(), or decide. Return 0, or -errno after a message. */
static int pass(struct recorded *recorded, const char *path, int (*decide)(void *arg), void *arg)
{
	struct recording *recording = recording__open(path);
	struct recording_item item;
	int got, err = 0;

	if (!recording)
		return -EIO;
	if (!recorded->traffic)
		recorded->traffic = traffic__new(recording__events(recording));
	if (!recorded->traffic) {
		recording__close(recording);
		return -ENOMEM;
	}
	recorded->hooks = traffic__hooks(recording__events(recording));
	recorded->start_ns = recording__header(recording)->start_ns;
	/* The second pass tells about errors. */
	msg__hold(!decide);
	while (!err && (got = recording__next(recording, &item)) > 0) {
		if (decide)
			err = take(recorded, &item, decide, arg);
		else
			traffic__learn(recorded->traffic, &item);
	}
	msg__hold(false);
	recording__close(recording);
	if (err || !decide)
		return err;
	/* A recording that still goes on is used as far as it goes. */
	return got == -ENODATA ? 0 : got;
}

int recorded__read(struct recorded *recorded, const char *path, int (*decide)(void *arg), void *arg)
{
	int err = 0;

	memset(recorded, 0, sizeof(*recorded));
	recorded->is_cut = true;
	cgroup__use_recording();
	if (strcmp(path, "-"))
		err = pass(recorded, path, NULL, NULL);
	if (!err && recorded->traffic)
		traffic__begin(recorded->traffic);
	if (!err)
		err = pass(recorded, path, decide, arg);
	if (err == -ENOMEM)
		msg("%s: not enough memory", path);
	return err;
}

void recorded__free(struct recorded *recorded)
{
	traffic__free(recorded->traffic);
}

__u64 recorded__time_ns(const struct recorded *recorded)
{
	return recorded->partial.world.now_ns - recorded->start_ns;
}
