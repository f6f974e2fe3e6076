// SPDX-License-Identifier: GPL-2.0-only
/* Page requests, and virtual IOMMUs with their devices, events and queues. */
#include <errno.h>
#include <linux/iommufd_new.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/tap.h"
#include "fail-nth.h"

/* ---- page requests ---- */

static int fault_alloc(struct world *w)
{
	return fault__alloc(w->m.fd, &w->id[0], &w->fd[0]);
}

/* The file holds the object. */
static int fault_close(struct world *w)
{
	return undo_fd(w) ?: undo_object(w);
}

static int setup_faults(struct world *w)
{
	int ret = fault_alloc(w);

	ret = ret   ?:
		      mock__hwpt(&w->m, w->m.ioas, IOMMU_HWPT_FAULT_ID_VALID, w->id[0], 0, NULL, 0,
				 &w->id[1]);
	return ret ?: mock__replace(&w->m, w->id[1]);
}

static int fault_request(struct world *w)
{
	return mock__request(&w->m, 0, 1, FREE, 1);
}

static int fault_read(struct world *w)
{
	struct iommu_hwpt_pgfault fault;
	int ret = fault__read(w->fd[0], &fault, 1);

	if (ret > 0)
		w->cookie = fault.cookie;
	return ret < 0 ? ret : ret == 1 ? 0 : -EAGAIN;
}

static int fault_answer(struct world *w)
{
	return fault__answer(w->fd[0], w->cookie, IOMMUFD_PAGE_RESP_SUCCESS);
}

/* Answer the request if it can be read by now. Returns whether it has a response. */
static bool is_finished(struct world *w)
{
	struct iommufd_mock_response response;

	if (!fault_read(w))
		fault_answer(w);
	return mock__responses(&w->m, &response, 1) == 1;
}

/* Take the response of a request whose call has succeeded, with or without an answer. */
static int fault_finish(struct world *w)
{
	return tap__until(is_finished(w)) ? 0 : -ETIME;
}

/* A thread of the kernel makes a request readable, some time after the call. */
static int request_readable(struct world *w)
{
	struct pollfd wait = { .fd = w->fd[0], .events = POLLIN };

	return fault_request(w) ?: poll(&wait, 1, TAP_PATIENCE_MS) == 1 ? 0 : -ETIME;
}

static int setup_request(struct world *w)
{
	return setup_faults(w) ?: request_readable(w);
}

static int fault_again(struct world *w)
{
	struct iommufd_mock_response response;
	int ret = fault_answer(w);

	if (!ret && !tap__until(mock__responses(&w->m, &response, 1) == 1))
		ret = -ETIME;
	return ret ?: request_readable(w);
}

static int setup_answer(struct world *w)
{
	return setup_request(w) ?: fault_read(w);
}

static int fault_next(struct world *w)
{
	struct iommufd_mock_response response;

	if (!tap__until(mock__responses(&w->m, &response, 1) == 1))
		return -ETIME;
	return request_readable(w) ?: fault_read(w);
}

/* ---- virtual IOMMUs ---- */

static int setup_parent(struct world *w)
{
	return mock__hwpt(&w->m, w->m.ioas, IOMMU_HWPT_ALLOC_NEST_PARENT, 0, 0, NULL, 0, &w->id[1]);
}

static int call_viommu(struct world *w)
{
	struct iommu_viommu_selftest data = { .in_data = 1 };
	int ret = mock__viommu(&w->m, w->id[1], &data, &w->id[0]);

	w->iova = data.out_mmap_offset;
	return ret;
}

static int setup_viommu(struct world *w)
{
	struct iommu_viommu_selftest data = { .in_data = 1 };
	int ret = setup_parent(w) ?: mock__viommu(&w->m, w->id[1], &data, &w->id[2]);

	w->iova = data.out_mmap_offset;
	return ret;
}

static int call_vdevice(struct world *w)
{
	return mock__vdevice(&w->m, w->id[2], 7, &w->id[0]);
}

static int call_veventq(struct world *w)
{
	return mock__veventq(&w->m, w->id[2], 4, &w->id[0], &w->fd[0]);
}

static int veventq_close(struct world *w)
{
	return undo_fd(w) ?: undo_object(w);
}

/* Events come from a device that is attached to a page table of the virtual IOMMU. */
static int setup_events(struct world *w)
{
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };
	int ret = setup_viommu(w) ?: mock__vdevice(&w->m, w->id[2], 7, &w->id[3]);

	ret = ret   ?:
		      mock__hwpt(&w->m, w->id[2], 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data,
				 sizeof(data), &w->id[4]);
	return ret ?: mock__replace(&w->m, w->id[4]) ?: call_veventq(w);
}

static int event_trigger(struct world *w)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
		.trigger_vevent.dev_id = w->m.dev,
	};

	return mock__test(w->m.fd, &cmd);
}

static int event_read(struct world *w)
{
	char event[64];

	return read(w->fd[0], event, sizeof(event)) < 0 ? -errno : 0;
}

static int setup_event(struct world *w)
{
	return setup_events(w) ?: event_trigger(w);
}

static int call_hw_queue(struct world *w)
{
	return mock__hw_queue(&w->m, w->id[2], 0, BASE, P, &w->id[0]);
}

static int call_mmap(struct world *w)
{
	void *mem = mmap(memory.huge, 2 * P, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 w->m.fd, w->iova);

	return mem == MAP_FAILED ? -errno : 0;
}

static int call_munmap(struct world *w)
{
	void *mem = mmap(memory.huge, 2 * P, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	(void)w;
	return mem == MAP_FAILED ? -errno : 0;
}

const struct step virtual_steps[] = {
	{ "fault queue", NULL, fault_alloc, fault_close, UNDO_ONCE },
	{ "page request", setup_faults, fault_request, fault_finish, ANSWERS_LATE | UNDO_ONCE },
	{ "read a page request", setup_request, fault_read, fault_again, UNDO_ONCE },
	{ "answer a page request", setup_answer, fault_answer, fault_next, UNDO_ONCE },
	{ "virtual IOMMU", setup_parent, call_viommu, undo_object, 0 },
	{ "virtual device", setup_viommu, call_vdevice, undo_object, 0 },
	{ "event queue", setup_viommu, call_veventq, veventq_close, UNDO_ONCE },
	{ "event", setup_events, event_trigger, event_read, LOSES | UNDO_ONCE },
	{ "read an event", setup_event, event_read, event_trigger, UNDO_ONCE },
	{ "hardware queue", setup_viommu, call_hw_queue, undo_object, 0 },
	{ "registers of a virtual IOMMU", setup_viommu, call_mmap, call_munmap, UNDO_ONCE },
	{},
};
