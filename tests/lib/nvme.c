// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small NVMe driver in user space; see nvme.h. The numbers are those of the NVM Express base
 * specification 1.4. They are little endian, and so are all machines of the tests.
 *
 * A queue is a ring of 64 byte submissions and one of 16 byte completions. A completion is new
 * when its phase bit is the one of the current lap. We ring the doorbell, wait for the eventfd of
 * the queue's interrupt vector, then take the completion: a completion without an interrupt
 * counts as lost, since the test covers interrupts through the IOMMU as well.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "iommu.h"
#include "mem.h"
#include "nvme.h"
#include "tap.h"

#define NVME_CAP 0x00
#define NVME_CC 0x14
#define NVME_CSTS 0x1c
#define NVME_AQA 0x24
#define NVME_ASQ 0x28
#define NVME_ACQ 0x30
#define NVME_DOORBELLS 0x1000

#define NVME_CC_ON (1 | 6 << 16 | 4 << 20) /* enable, 64 and 16 byte entries */
#define NVME_CSTS_RDY 1

#define NVME_CREATE_SQ 0x01
#define NVME_CREATE_CQ 0x05
#define NVME_IDENTIFY 0x06
#define NVME_WRITE 0x01
#define NVME_READ 0x02

#define NVME_ENTRIES 32
#define NVME_TIMEOUT_MS TAP_PATIENCE_MS

/* Pages of the driver's memory. */
enum {
	NVME_MEM_ASQ,
	NVME_MEM_ACQ,
	NVME_MEM_SQ,
	NVME_MEM_CQ,
	NVME_MEM_DATA,
	NVME_MEM_PRP,
	NVME_MEM_PAGES
};

static void *nvme_page(struct nvme *nvme, unsigned int page)
{
	return nvme->mem + page * MEM_PAGE;
}

static uint64_t nvme_page_iova(struct nvme *nvme, unsigned int page)
{
	return nvme->mem_iova + page * MEM_PAGE;
}

static void nvme_set(struct nvme *nvme, unsigned int reg, uint32_t val)
{
	*(volatile uint32_t *)(nvme->bar + reg) = val;
}

static uint32_t nvme_get(struct nvme *nvme, unsigned int reg)
{
	return *(volatile uint32_t *)(nvme->bar + reg);
}

static void nvme_set64(struct nvme *nvme, unsigned int reg, uint64_t val)
{
	nvme_set(nvme, reg, val);
	nvme_set(nvme, reg + 4, val >> 32);
}

/* Waits for the ready bit to become want. */
static int nvme_wait_ready(struct nvme *nvme, uint32_t want)
{
	static const struct timespec tick = { .tv_nsec = 1000000 };

	for (int i = 0; i < NVME_TIMEOUT_MS; i++) {
		if ((nvme_get(nvme, NVME_CSTS) & NVME_CSTS_RDY) == want)
			return 0;
		nanosleep(&tick, NULL);
	}
	return -ETIMEDOUT;
}

static int nvme_wait_event(struct nvme *nvme, struct nvme_queue *q)
{
	struct pollfd pfd = { .fd = q->event, .events = POLLIN };
	uint64_t events;
	int ret;

	ret = poll(&pfd, 1, NVME_TIMEOUT_MS);
	if (ret < 0)
		return -errno;
	if (!ret)
		return -ETIMEDOUT;
	if (read(q->event, &events, sizeof(events)) != sizeof(events))
		return -EIO;
	nvme->interrupts += events;
	return 0;
}

/* One command, and its completion. cmd is complete apart from its identifier. */
static int nvme_submit(struct nvme *nvme, struct nvme_queue *q, uint32_t cmd[16])
{
	volatile uint32_t *cqe;
	uint16_t id = q->command++;
	int ret;

	cmd[0] |= (uint32_t)id << 16;
	for (int i = 0; i < 16; i++)
		q->sq[q->sq_tail * 16 + i] = cmd[i];
	q->sq_tail = (q->sq_tail + 1) % q->entries;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*q->sq_bell = q->sq_tail;

	cqe = q->cq + q->cq_head * 4;
	do {
		ret = nvme_wait_event(nvme, q);
		if (ret)
			return ret;
	} while ((cqe[3] >> 16 & 1) != q->phase);
	if ((cqe[3] & 0xffff) != id)
		return -EPROTO;
	ret = cqe[3] >> 17 ? -EIO : 0;
	if (++q->cq_head == q->entries) {
		q->cq_head = 0;
		q->phase ^= 1;
	}
	*q->cq_bell = q->cq_head;
	return ret;
}

static int nvme_identify(struct nvme *nvme, uint32_t nsid, uint32_t cns)
{
	uint64_t iova = nvme_page_iova(nvme, NVME_MEM_DATA);
	uint32_t cmd[16] = { NVME_IDENTIFY, nsid };

	memset(nvme_page(nvme, NVME_MEM_DATA), 0, MEM_PAGE);
	cmd[6] = iova;
	cmd[7] = iova >> 32;
	cmd[10] = cns;
	return nvme_submit(nvme, &nvme->admin, cmd);
}

static void nvme_text(char *to, const uint8_t *from, size_t len)
{
	while (len && from[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < len; i++)
		to[i] = from[i] >= ' ' && from[i] < 0x7f ? from[i] : '?';
	to[len] = '\0';
}

static int nvme_identify_all(struct nvme *nvme)
{
	const uint8_t *data = nvme_page(nvme, NVME_MEM_DATA);
	unsigned int format, shift;
	int ret;

	ret = nvme_identify(nvme, 0, 1);
	if (ret)
		return ret;
	nvme_text(nvme->serial, data + 4, 20);
	nvme_text(nvme->model, data + 24, 40);
	/* A PRP list of one page holds 512 entries, PRP1 one more. */
	nvme->max_transfer = 512 * MEM_PAGE;
	if (data[77] && data[77] < 9)
		nvme->max_transfer = MEM_PAGE << data[77];

	nvme->nsid = 1;
	ret = nvme_identify(nvme, nvme->nsid, 0);
	if (ret)
		return ret;
	memcpy(&nvme->blocks, data, sizeof(nvme->blocks));
	format = data[26] & 15;
	shift = data[128 + 4 * format + 2];
	if (!nvme->blocks || shift < 9 || shift > 12)
		return -ENODEV;
	nvme->block_size = 1u << shift;
	return 0;
}

static int nvme_create_io(struct nvme *nvme)
{
	struct nvme_queue *q = &nvme->io;
	uint32_t cq[16] = { NVME_CREATE_CQ }, sq[16] = { NVME_CREATE_SQ };
	int ret;

	cq[6] = q->cq_iova;
	cq[7] = q->cq_iova >> 32;
	cq[10] = (q->entries - 1) << 16 | q->id;
	cq[11] = q->id << 16 | 3; /* vector, interrupts on, contiguous */
	ret = nvme_submit(nvme, &nvme->admin, cq);
	if (ret)
		return ret;
	sq[6] = q->sq_iova;
	sq[7] = q->sq_iova >> 32;
	sq[10] = (q->entries - 1) << 16 | q->id;
	sq[11] = q->id << 16 | 1; /* completion queue, contiguous */
	return nvme_submit(nvme, &nvme->admin, sq);
}

static void nvme_queue_init(struct nvme *nvme, struct nvme_queue *q, unsigned int id)
{
	unsigned int stride = 4u << (nvme_get(nvme, NVME_CAP + 4) & 15);
	unsigned int page = id ? NVME_MEM_SQ : NVME_MEM_ASQ;

	q->id = id;
	q->entries = NVME_ENTRIES;
	q->phase = 1;
	q->sq = nvme_page(nvme, page);
	q->cq = nvme_page(nvme, page + 1);
	q->sq_iova = nvme_page_iova(nvme, page);
	q->cq_iova = nvme_page_iova(nvme, page + 1);
	q->sq_bell = (volatile uint32_t *)(nvme->bar + NVME_DOORBELLS + 2 * id * stride);
	q->cq_bell = (volatile uint32_t *)(nvme->bar + NVME_DOORBELLS + (2 * id + 1) * stride);
}

static int nvme_start(struct nvme *nvme)
{
	uint32_t last = NVME_ENTRIES - 1;
	int ret;

	nvme_set(nvme, NVME_CC, 0);
	ret = nvme_wait_ready(nvme, 0);
	if (ret)
		return ret;
	nvme_queue_init(nvme, &nvme->admin, 0);
	nvme_queue_init(nvme, &nvme->io, 1);
	nvme_set(nvme, NVME_AQA, last << 16 | last);
	nvme_set64(nvme, NVME_ASQ, nvme->admin.sq_iova);
	nvme_set64(nvme, NVME_ACQ, nvme->admin.cq_iova);
	nvme_set(nvme, NVME_CC, NVME_CC_ON);
	ret = nvme_wait_ready(nvme, NVME_CSTS_RDY);
	if (ret)
		return ret;
	ret = nvme_identify_all(nvme);
	if (ret)
		return ret;
	return nvme_create_io(nvme);
}

static int nvme_irqs(struct nvme *nvme)
{
	int fds[2];

	nvme->admin.event = eventfd(0, EFD_CLOEXEC);
	nvme->io.event = eventfd(0, EFD_CLOEXEC);
	if (nvme->admin.event < 0 || nvme->io.event < 0)
		return -errno;
	fds[0] = nvme->admin.event;
	fds[1] = nvme->io.event;
	return vfio__irqs(&nvme->dev, VFIO_PCI_MSIX_IRQ_INDEX, fds, 2);
}

static void nvme_init(struct nvme *nvme, int iommufd, uint32_t ioas)
{
	memset(nvme, 0, sizeof(*nvme));
	nvme->iommufd = iommufd;
	nvme->ioas = ioas;
	nvme->admin.event = -1;
	nvme->io.event = -1;
}

/* The device is attached. */
static int nvme_set_up(struct nvme *nvme)
{
	size_t size = NVME_MEM_PAGES * MEM_PAGE;
	int ret;

	nvme->mem = mem__small(size);
	nvme->bar = vfio__map_bar(&nvme->dev, 0, &nvme->bar_size);
	if (!nvme->mem || !nvme->bar)
		return -ENOMEM;
	ret = ioas__map(nvme->iommufd, nvme->ioas, nvme->mem, size, IOAS_RW, &nvme->mem_iova);
	if (!ret)
		ret = vfio__enable(&nvme->dev);
	if (!ret)
		ret = nvme_irqs(nvme);
	return ret ? ret : nvme_start(nvme);
}

int nvme__open(struct nvme *nvme, const char *bdf, int iommufd, uint32_t ioas)
{
	int ret;

	nvme_init(nvme, iommufd, ioas);
	ret = vfio__open(&nvme->dev, bdf);
	if (ret)
		return ret;
	ret = vfio__bind(&nvme->dev, iommufd);
	if (!ret)
		ret = vfio__attach_ioas(&nvme->dev, ioas);
	nvme->attached = !ret;
	if (!ret)
		ret = nvme_set_up(nvme);
	if (ret)
		nvme__close(nvme);
	return ret;
}

int nvme__use(struct nvme *nvme, const struct vfio_dev *dev, int iommufd, uint32_t ioas)
{
	int ret;

	nvme_init(nvme, iommufd, ioas);
	nvme->dev = *dev;
	ret = nvme_set_up(nvme);
	if (ret)
		nvme__close(nvme);
	return ret;
}

bool nvme__enabled(struct nvme *nvme)
{
	return nvme_get(nvme, NVME_CC) & 1;
}

int nvme__restart(struct nvme *nvme)
{
	int ret;

	memset(nvme->mem, 0, NVME_MEM_PAGES * MEM_PAGE);
	ret = vfio__enable(&nvme->dev);
	return ret ? ret : nvme_start(nvme);
}

void nvme__close(struct nvme *nvme)
{
	size_t size = NVME_MEM_PAGES * MEM_PAGE;

	if (nvme->bar) {
		nvme_set(nvme, NVME_CC, 0);
		nvme_wait_ready(nvme, 0);
		vfio__irqs(&nvme->dev, VFIO_PCI_MSIX_IRQ_INDEX, NULL, 0);
		vfio__unmap_bar((void *)nvme->bar, nvme->bar_size);
	}
	if (nvme->mem_iova)
		ioas__unmap_at(nvme->iommufd, nvme->ioas, nvme->mem_iova, size);
	if (nvme->attached)
		vfio__detach(&nvme->dev);
	if (nvme->admin.event >= 0)
		close(nvme->admin.event);
	if (nvme->io.event >= 0)
		close(nvme->io.event);
	mem__free(nvme->mem, size);
	vfio__close(&nvme->dev);
	nvme->bar = NULL;
	nvme->mem = NULL;
	nvme->mem_iova = 0;
	nvme->attached = false;
}

static int nvme_rw(struct nvme *nvme, uint32_t opcode, uint64_t lba, uint64_t iova, size_t len)
{
	uint64_t *list = nvme_page(nvme, NVME_MEM_PRP);
	uint64_t second = 0, next = (iova | (MEM_PAGE - 1)) + 1;
	uint32_t cmd[16] = { opcode, nvme->nsid };
	unsigned int num = 0;

	if (!len || len % nvme->block_size || len > nvme->max_transfer)
		return -EINVAL;
	for (; next < iova + len; next += MEM_PAGE)
		list[num++] = next;
	if (num == 1)
		second = list[0];
	else if (num)
		second = nvme_page_iova(nvme, NVME_MEM_PRP);
	cmd[6] = iova;
	cmd[7] = iova >> 32;
	cmd[8] = second;
	cmd[9] = second >> 32;
	cmd[10] = lba;
	cmd[11] = lba >> 32;
	cmd[12] = len / nvme->block_size - 1;
	return nvme_submit(nvme, &nvme->io, cmd);
}

int nvme__read(struct nvme *nvme, uint64_t lba, uint64_t iova, size_t len)
{
	return nvme_rw(nvme, NVME_READ, lba, iova, len);
}

int nvme__write(struct nvme *nvme, uint64_t lba, uint64_t iova, size_t len)
{
	return nvme_rw(nvme, NVME_WRITE, lba, iova, len);
}
