// SPDX-License-Identifier: GPL-2.0-only
/*
 * Explanations of faults from the running kernel, see why.h. The history is in a map of the BPF
 * programs, with stacks if they are traced. Objects and areas are those of the driver; without
 * CAP_SYS_ADMIN they are not known.
 *
 * Many faults may come at once. The objects are read for the first fault after a pause of READ_NS,
 * and areas are searched AREAS_MOST times in such a period.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "clock.h"
#include "driver_state.h"
#include "msg.h"
#include "source/source.h"

#define READ_NS (NS_PER_SEC / 20)
#define AREAS_MOST 64

static int take_object(void *ctx, const void *data, size_t size)
{
	const struct top_record *record = data;
	struct iommufd_object_info *more;
	struct faults *faults = ctx;

	if (record->type != TOP_RECORD_OBJECT || size < sizeof(*record) + sizeof(*more))
		return 0;
	if (faults->nr == faults->room) {
		faults->room = faults->room ? faults->room * 2 : 64;
		more = realloc(faults->objects, faults->room * sizeof(*more));
		if (!more) {
			faults->room = faults->nr;
			return -ENOMEM;
		}
		faults->objects = more;
	}
	memcpy(&faults->objects[faults->nr++], record->data, sizeof(*more));
	return 0;
}

static void read_objects(struct faults *faults)
{
	struct driver_state_info info = {};
	__u64 now = clock__now();

	if (!faults->driver || (faults->read_ns && now - faults->read_ns < READ_NS))
		return;
	faults->read_ns = now;
	faults->nr_areas = 0;
	faults->nr = 0;
	faults->source.has_objects =
		!driver_state__objects(faults->driver, take_object, faults, &info) && !info.is_cut;
	faults->source.objects = faults->objects;
	faults->source.nr_objects = faults->nr;
}

static bool find_area(void *ctx, struct top_area_find *find)
{
	struct faults *faults = ctx;

	if (!faults->driver || faults->nr_areas == AREAS_MOST)
		return false;
	faults->nr_areas++;
	return !driver_state__find_area(faults->driver, find);
}

static __u16 get_stack(int fd, __s32 id, __u64 *to, unsigned int room)
{
	__u64 frames[EVENT_USER_FRAMES] = {};
	unsigned int nr;

	if (id < 0 || bpf_map_lookup_elem(fd, &id, frames))
		return 0;
	for (nr = 0; nr < room && frames[nr]; nr++)
		to[nr] = frames[nr];
	return nr;
}

static bool copy_stack(void *ctx, const struct past *past, struct event_stack *stack)
{
	const struct faults *faults = ctx;

	memset(stack, 0, sizeof(*stack));
	stack->nr_kernel = get_stack(faults->stacks_fd, past->kernel_stack, stack->kernel,
				     EVENT_KERNEL_FRAMES);
	stack->nr_user =
		get_stack(faults->stacks_fd, past->user_stack, stack->user, EVENT_USER_FRAMES);
	return stack->nr_kernel || stack->nr_user;
}

int faults__open(struct faults *faults, int pasts_fd, int stacks_fd, struct driver_state *driver)
{
	faults->driver = driver;
	faults->stacks_fd = stacks_fd;
	faults->source.is_live = true;
	faults->source.ctx = faults;
	faults->source.find_area = find_area;
	faults->source.stack = stacks_fd < 0 ? NULL : copy_stack;
	return history__open(&faults->source.history, pasts_fd, clock__now());
}

bool faults__explain(struct faults *faults, const struct event_record *record,
		     struct why_full *full)
{
	if (!faults->source.history.rings || !why__is_fault(record))
		return false;
	read_objects(faults);
	return why__explain(&faults->source, record, full);
}

void faults__close(struct faults *faults)
{
	history__close(&faults->source.history);
	free(faults->objects);
}
