// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page requests and virtual IOMMUs of a thread. Each operation makes what it needs, attaches the
 * first device to it, and takes it all down again.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include "../../lib/tap.h"
#include "own.h"

#define VIRT_ID 0x90

/* A free place for a table, or -1. */
static int free_table(const struct own *o)
{
	for (int n = 1; n < TABLES; n++)
		if (!o->table[n].id)
			return n;
	return -1;
}

static void attach(struct storm *s, struct target to, const char *what)
{
	struct own *o = s->own;

	if (storm_want(s, mock__replace(&o->dev[0], own_target_id(o, to)), 0, "%s", what))
		own_target_set(o, &o->target[0], to);
}

/* ---- page requests ---- */

/* Read a group of requests and compare it. Returns its cookie. */
static uint32_t read_group(struct storm *s, int fd, uint32_t grpid, uint64_t addr, uint32_t num)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct iommu_hwpt_pgfault f[4] = {};
	uint32_t left = num;

	poll(&p, 1, TAP_PATIENCE_MS);
	storm_want(s, fault__read(fd, f, 4), num, "read");
	for (uint32_t i = 0; i < num; i++) {
		bool last = f[i].flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE;
		bool want_last = left == 1;

		if (f[i].dev_id != s->own->dev[0].dev || f[i].grpid != grpid || f[i].addr < addr ||
		    f[i].addr >= addr + num * P || last != want_last || f[i].cookie != f[0].cookie)
			storm_fail(s,
				   "request %u: device %u, group %u, address 0x%" PRIx64
				   ", flags %u",
				   i, f[i].dev_id, f[i].grpid, (uint64_t)f[i].addr, f[i].flags);
		left--;
	}
	return f[0].cookie;
}

static bool has_response(struct own *o, struct iommufd_mock_response *resp)
{
	return mock__responses(&o->dev[0], resp, 1) == 1;
}

/* Ask for pages, and answer, or detach the device without an answer. */
static void ask(struct storm *s, int fd, struct target back)
{
	struct own *o = s->own;
	uint32_t grpid = rnd(s, 512), num = 1 + rnd(s, 3), code = rnd(s, 2), cookie;
	uint64_t addr = MOCK_BASE + rnd(s, WINDOW) * P;
	struct iommufd_mock_response resp = {};
	bool answer = !one_in(s, 4), read_it = answer || one_in(s, 2);

	storm_want(s, mock__request(&o->dev[0], 0, grpid, addr, num), 0, "request");
	cookie = read_it ? read_group(s, fd, grpid, addr, num) : 0;
	if (answer)
		storm_want(s, fault__answer(fd, cookie, code), 0, "answer");
	else
		attach(s, back, "detach");
	if (!tap__until(has_response(o, &resp)))
		storm_fail(s, "there is no response");
	if (resp.grpid != grpid || resp.code != (answer ? code : IOMMUFD_PAGE_RESP_INVALID))
		storm_fail(s, "the response is for group %u instead of %u, code %u", resp.grpid,
			   grpid, resp.code);
	if (read_it)
		storm_want(s, fault__answer(fd, cookie, code), -EINVAL, "answer again");
}

void op_fault(struct storm *s)
{
	struct own *o = s->own;
	int n = free_table(o), space = rnd(s, SPACES), fd;
	struct target back = o->target[0], to = { space, n };
	uint32_t fault, hwpt;

	if (n < 0)
		return;
	storm_note(s, true, "fault space=%d table=%d", space, n);
	if (!storm_want(s, fault__alloc(o->fd, &fault, &fd), 0, "alloc"))
		return;
	if (!storm_want(s,
			mock__hwpt(&o->dev[0], o->space[space].id, IOMMU_HWPT_FAULT_ID_VALID, fault,
				   0, NULL, 0, &hwpt),
			0, "table"))
		return;
	own_table_added(o, n, (struct table){ .id = hwpt, .space = space, .parent = -1 });
	attach(s, to, "attach");
	for (uint32_t i = rnd(s, 4); i && o->target[0].table == n && !storm_stopped(); i--)
		ask(s, fd, back);
	if (o->target[0].table == n)
		attach(s, back, "back");
	if (storm_want(s, iommu__destroy(o->fd, hwpt), 0, "destroy"))
		own_table_gone(o, n);
	storm_want(s, iommu__destroy(o->fd, fault), -EBUSY, "destroy the open queue");
	life_close(fd);
	storm_want(s, iommu__destroy(o->fd, fault), 0, "destroy the queue");
}

/* ---- virtual IOMMUs ---- */

/* Trigger events, and read them. */
static void events(struct storm *s, int fd)
{
	struct {
		struct iommufd_vevent_header head;
		struct iommu_viommu_event_selftest event;
	} event;
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
		.trigger_vevent.dev_id = s->own->dev[0].dev,
	};
	uint32_t num = rnd(s, 4);

	for (uint32_t i = 0; i < num; i++)
		storm_want(s, mock__test(s->own->fd, &cmd), 0, "event");
	for (uint32_t i = 0; i < num; i++) {
		ssize_t got = read(fd, &event, sizeof(event));

		if (got != sizeof(event) || event.head.sequence != i || event.head.flags ||
		    event.event.virt_id != VIRT_ID)
			storm_fail(s, "event %u of %zd bytes, number %u, flags %u", i, got,
				   event.head.sequence, event.head.flags);
	}
}

/* While a hardware queue uses a page, it cannot be unmapped. */
static void hw_queue(struct storm *s, uint32_t viommu)
{
	struct own *o = s->own;
	struct space *sp = &o->space[0];
	uint32_t id, place = sp->num ? rnd(s, sp->num) : 0;
	struct area *area = &sp->areas[place];
	uint64_t length;

	if (!sp->num || !area->write || !area->read)
		return;
	storm_want(s, mock__hw_queue(&o->dev[0], viommu, 0, area->iova, P, &id), 0, "queue");
	length = area->pages * P;
	storm_want(s, ioas__unmap(o->fd, sp->id, area->iova, &length), -EBUSY, "unmap it");
	own_dma(s, DEVICES - 1, 0,
		(struct target){ o->target[DEVICES - 1].space, o->target[DEVICES - 1].table },
		area->iova, 64, false);
	storm_want(s, iommu__destroy(o->fd, id), 0, "destroy the queue");
}

static int nested_alloc(struct storm *s, uint32_t viommu, uint32_t *id)
{
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };

	return mock__hwpt(&s->own->dev[0], viommu, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data,
			  sizeof(data), id);
}

void op_virtual(struct storm *s)
{
	struct own *o = s->own;
	struct target back = o->target[0];
	uint32_t viommu, vdevice, veventq, nested;
	int n = free_table(o), fd;

	if (n < 0)
		return;
	storm_note(s, true, "virtual table=%d", n);
	if (!storm_want(s, mock__viommu(&o->dev[0], o->table[0].id, NULL, &viommu), 0, "viommu"))
		return;
	storm_want(s, mock__vdevice(&o->dev[0], viommu, VIRT_ID, &vdevice), 0, "vdevice");
	storm_want(s, mock__veventq(&o->dev[0], viommu, 8, &veventq, &fd), 0, "veventq");
	if (!storm_want(s, nested_alloc(s, viommu, &nested), 0, "nested"))
		return;
	own_table_added(o, n,
			(struct table){ .id = nested, .space = o->table[0].space, .parent = 0 });
	attach(s, (struct target){ o->table[0].space, n }, "attach");
	events(s, fd);
	hw_queue(s, viommu);
	own_dma(s, 0, 0, o->target[0], own_iova(s, &o->space[0]), 1 + rnd(s, P), one_in(s, 2));
	storm_want(s, iommu__destroy(o->fd, viommu), -EBUSY, "destroy the viommu");
	attach(s, back, "back");
	if (storm_want(s, iommu__destroy(o->fd, nested), 0, "destroy"))
		own_table_gone(o, n);
	storm_want(s, iommu__destroy(o->fd, vdevice), 0, "destroy the vdevice");
	life_close(fd);
	storm_want(s, iommu__destroy(o->fd, veventq), 0, "destroy the veventq");
	storm_want(s, iommu__destroy(o->fd, viommu), 0, "destroy the viommu");
}
