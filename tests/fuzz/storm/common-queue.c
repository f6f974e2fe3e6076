// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of the common slice on page requests, and on virtual IOMMUs with their devices, events
 * and hardware queues.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../lib/iommu.h"
#include <linux/iommufd_new.h>
#include "common.h"

static void fault(struct storm *s)
{
	uint32_t id, n = rnd(s, COMMON_FDS);
	int fd, ret = fault__alloc(s->common->fd, &id, &fd);

	common_result(s, "fault", ret, 0);
	if (ret)
		return;
	common_fd(s, &s->common->fault[n], fd);
	common_keep(s, KIND_FAULT, id);
}

static void fault_close(struct storm *s)
{
	common_fd(s, &s->common->fault[rnd(s, COMMON_FDS)], -1);
}

static void fault_read(struct storm *s)
{
	uint32_t n = rnd(s, COMMON_FDS);
	struct iommu_hwpt_pgfault faults[4];
	struct pollfd p = { .fd = s->common->fault[n], .events = POLLIN | POLLOUT };
	int ret;

	if (p.fd < 0)
		return;
	poll(&p, 1, 0);
	ret = fault__read(p.fd, faults, 1 + rnd(s, 4));
	common_result(s, "fault-read", ret < 0 ? ret : 0, E(EINVAL));
	if (ret <= 0)
		return;
	s->common->cookies[n] = faults[0].cookie;
	if (one_in(s, 2))
		common_result(s, "fault-answer-now",
			      fault__answer(p.fd, faults[0].cookie, rnd(s, 2)), E(EINVAL));
}

static void fault_answer(struct storm *s)
{
	uint32_t n = rnd(s, COMMON_FDS), code = rnd(s, 2), blind = rnd(s, 8);
	bool guess = one_in(s, 6);

	if (s->common->fault[n] < 0)
		return;
	common_result(s, "fault-answer",
		      fault__answer(s->common->fault[n], guess ? blind : s->common->cookies[n],
				    code),
		      E(EINVAL));
}

static void request(struct storm *s)
{
	struct mock m = common_device(s);
	uint32_t pasid = one_in(s, 2) ? 0 : rnd(s, 4);

	common_result(s, "request",
		      mock__request(&m, pasid, rnd(s, 512), common_iova(s), 1 + rnd(s, 3)),
		      E_ID | E(ENODEV) | E(ENOMEM));
}

static void responses(struct storm *s)
{
	struct mock m = common_device(s);
	struct iommufd_mock_response resp[8];
	int ret = mock__responses(&m, resp, 8);

	common_result(s, "responses", ret < 0 ? ret : 0, E_ID);
}

static void viommu(struct storm *s)
{
	struct mock m = common_device(s);
	struct iommu_viommu_selftest data = { .in_data = rnd(s, 1u << 30) };
	uint32_t id;
	int ret = mock__viommu(&m, common_id(s, KIND_HWPT), &data, &id);
	volatile uint32_t *page;

	common_result(s, "viommu", ret, E_ID);
	if (ret)
		return;
	page = mmap(NULL, data.out_mmap_length, PROT_READ | PROT_WRITE, MAP_SHARED, m.fd,
		    data.out_mmap_offset);
	if (page != MAP_FAILED) {
		if (page[0] != data.in_data)
			storm_fail(s, "the page of a viommu has 0x%x instead of 0x%x", page[0],
				   data.in_data);
		munmap((void *)page, data.out_mmap_length);
	}
	common_keep(s, KIND_VIOMMU, id);
}

static void vdevice(struct storm *s)
{
	struct mock m = common_device(s);
	uint32_t id;
	int ret = mock__vdevice(&m, common_id(s, KIND_VIOMMU), rnd(s, 8), &id);

	common_result(s, "vdevice", ret, E_ID | E(EEXIST));
	if (!ret)
		common_keep(s, KIND_VDEVICE, id);
}

static void veventq(struct storm *s)
{
	struct mock m = { .fd = s->common->fd };
	uint32_t id, n = rnd(s, COMMON_FDS);
	int fd, ret = mock__veventq(&m, common_id(s, KIND_VIOMMU), 1 + rnd(s, 8), &id, &fd);

	common_result(s, "veventq", ret, E_ID | E(EEXIST));
	if (ret)
		return;
	common_fd(s, &s->common->veventq[n], fd);
	common_keep(s, KIND_VEVENTQ, id);
}

static void veventq_read(struct storm *s)
{
	uint32_t n = rnd(s, COMMON_FDS);
	struct pollfd p = { .fd = s->common->veventq[n], .events = POLLIN };
	ssize_t got;

	if (p.fd < 0)
		return;
	poll(&p, 1, 0);
	got = read(p.fd, s->common->buf, 12 * (1 + rnd(s, 4)));
	common_result(s, "veventq-read", got < 0 ? -errno : 0, E(EINVAL));
}

static void veventq_close(struct storm *s)
{
	common_fd(s, &s->common->veventq[rnd(s, COMMON_FDS)], -1);
}

static void event(struct storm *s)
{
	struct iommu_test_cmd cmd = {
		.op = IOMMU_TEST_OP_TRIGGER_VEVENT,
		.trigger_vevent.dev_id = common_id(s, KIND_DEVICE),
	};
	struct iommufd_mock_cmd later = {
		.op = MOCK_OP_EVENT,
		.id = common_id(s, KIND_DEVICE),
		.event.num = 1 + rnd(s, 16),
	};

	if (one_in(s, 2))
		common_result(s, "event", mock__test(s->common->fd, &cmd), E_ID | E(ENODEV));
	else
		common_result(s, "events", mock__ext(s->common->fd, &later), E_ID);
}

static void hw_queue(struct storm *s)
{
	struct mock m = { .fd = s->common->fd };
	uint32_t id;
	int ret = mock__hw_queue(&m, common_id(s, KIND_VIOMMU), rnd(s, 3), common_iova(s),
				 1 + rnd(s, 2 * P), &id);

	common_result(s, "hw-queue", ret, E_MAP | E(EIO) | E(EEXIST));
	if (!ret)
		common_keep(s, KIND_QUEUE, id);
}

/* A virtual IOMMU with a device, a nested table and an event queue, and the device attached. */
static void virtual(struct storm *s)
{
	struct iommu_hwpt_selftest data = { .iotlb = IOMMU_TEST_IOTLB_DEFAULT };
	struct mock m = common_device(s);
	uint32_t viommu_id, vdevice_id, nested;
	int ret = mock__viommu(&m, common_id(s, KIND_HWPT), NULL, &viommu_id);

	common_result(s, "virtual", ret, E_ID);
	if (ret)
		return;
	common_keep(s, KIND_VIOMMU, viommu_id);
	ret = mock__vdevice(&m, viommu_id, rnd(s, 8), &vdevice_id);
	common_result(s, "virtual-device", ret, E_ID | E(EEXIST));
	if (!ret)
		common_keep(s, KIND_VDEVICE, vdevice_id);
	ret = mock__hwpt(&m, viommu_id, 0, 0, IOMMU_HWPT_DATA_SELFTEST, &data, sizeof(data),
			 &nested);
	common_result(s, "virtual-hwpt", ret, E_ID | E(ENODEV));
	if (ret)
		return;
	common_keep(s, KIND_HWPT, nested);
	common_result(s, "virtual-attach", mock__replace(&m, nested),
		      E_MAP | E(ENODEV) | E(ENOMEM));
}

/* clang-format off */
const struct storm_op common_queue_ops[] = {
	{ "fault", fault, 5, true }, { "fault-close", fault_close, 2, true },
	{ "fault-read", fault_read, 12, true }, { "fault-answer", fault_answer, 12, true },
	{ "request", request, 12, true }, { "responses", responses, 3, true },
	{ "viommu", viommu, 6, true }, { "vdevice", vdevice, 8, true },
	{ "veventq", veventq, 5, true }, { "veventq-read", veventq_read, 8, true },
	{ "veventq-close", veventq_close, 2, true }, { "event", event, 6, true },
	{ "hw-queue", hw_queue, 6, true }, { "virtual", virtual, 6, true }, {}
};

/* clang-format on */
