// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA engine of the devices: it copies between a buffer and the memory at an IOVA.
 *
 * It works page by page. For each page it locks the attachment and the page table, translates the
 * IOVA and copies the bytes; then it drops all locks. Only the IOTLB keeps translations from one
 * page to the next, so memory that is unmapped and flushed, detached or replaced during a DMA is
 * not touched any more.
 *
 * If an IOVA is not mapped, or the mapping forbids the access, a device whose domain has a fault
 * handler raises page requests, and retries if the response is success. Otherwise the DMA ends
 * there.
 *
 * The DMA of a queue carries the PASID in the queue's register, which is also locked and read for
 * each page; see queue.c.
 *
 * In an SVA domain a miss may only mean that the IOTLB lacks the page. The engine then looks up the
 * page without holding locks, and retries.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mock.h"

#define DMA_MAX SZ_64M
/* Page requests for one page whose response is success although the page stays unmapped. */
#define DMA_RETRIES 16
/* The same for SVA, where the process may unmap the page again and again. */
#define DMA_RETRIES_SVA 1000
#define DMA_TIMEOUT_MS 10000
#define DMA_REQUESTS 64

static int copy_piece(struct iommu_domain *domain, struct mock_paging *mock, u64 iova, void *buf,
		      size_t *length, bool write)
{
	size_t left = *length;
	phys_addr_t phys;
	int ret;

	lockdep_assert_held(&mock->lock);
	if (mock_is_nested(domain)) {
		ret = mock_nested_translate(domain, iova, write, &iova, &left);
		if (ret)
			return ret;
		*length = min(*length, left);
	}
	ret = mock_paging_lookup(mock, iova, write, &phys, &left);
	if (ret)
		return ret;
	*length = min3(*length, left, PAGE_SIZE - offset_in_page(phys));
	return mock_paging_copy(mock, iova, buf, *length, write);
}

/**
 * struct dma - a DMA in progress
 * @mdev: the device
 * @cmd: the command
 * @queue: the queue that does it, or MOCK_NO_QUEUE
 * @write: true to write memory, false to read it
 * @iova: IOVA of the next byte
 * @ask: after a failed dma_page(): page requests may help
 * @sva: after a failed dma_page(): a referenced SVA domain to look up @iova in, or NULL
 */
struct dma {
	struct mock_dev *mdev;
	struct iommufd_mock_cmd *cmd;
	int queue;
	bool write;
	u64 iova;
	bool ask;
	struct mock_sva *sva;
};

static void dma_miss(struct dma *dma, struct iommu_domain *domain)
{
	dma->ask = domain->iopf_handler;
	if (mock_is_sva(domain)) {
		if (mock_sva_reaches(domain, dma->iova))
			dma->sva = mock_sva_get(domain);
		else
			dma->ask = false;
		/* domain->mm shares a union with the handler that report_iommu_fault() calls. */
		return;
	}
	if (!dma->ask)
		report_iommu_fault(domain, &dma->mdev->pdev->dev, dma->iova,
				   dma->write ? IOMMU_FAULT_WRITE : IOMMU_FAULT_READ);
}

static int dma_pasid(struct dma *dma, ioasid_t pasid, void *buf, size_t *length)
{
	struct mock_dev *mdev = dma->mdev;
	struct iommu_domain *domain;
	struct mock_paging *mock = NULL;
	int ret = -EFAULT;

	down_read(&mdev->table_rwsem);
	domain = mock_attached(mdev, pasid);
	if (mock_is_paging(domain))
		mock = to_mock_paging(domain);
	else if (mock_is_nested(domain))
		mock = mock_nested_parent(domain);
	if (mock) {
		down_read(&mock->lock);
		ret = copy_piece(domain, mock, dma->iova, buf, length, dma->write);
		up_read(&mock->lock);
	} else if (mock_is_sva(domain)) {
		ret = mock_sva_copy(domain, dma->iova, buf, length, dma->write);
	}
	if (ret && ret != -EBADE) {
		ret = -EFAULT;
		dma_miss(dma, domain);
	}
	up_read(&mdev->table_rwsem);
	return ret;
}

/*
 * Copy the bytes up to the end of a page, and return their number in @length. Fail with -EFAULT if
 * the translation fails, with -EBADE if the page is not pinned, and with -ENXIO if the queue has no
 * PASID.
 */
static int dma_page(struct dma *dma, void *buf, size_t *length)
{
	ioasid_t pasid = dma->cmd->dma.pasid;
	int ret;

	dma->ask = false;
	dma->sva = NULL;
	if (dma->queue == MOCK_NO_QUEUE)
		return dma_pasid(dma, pasid, buf, length);
	ret = mock_queues_lock(&dma->mdev->queues, dma->queue, &pasid);
	if (ret)
		return ret;
	ret = dma_pasid(dma, pasid, buf, length);
	mock_queues_unlock(&dma->mdev->queues);
	return ret;
}

static int dma_ask(struct dma *dma)
{
	const struct iommufd_mock_cmd *cmd = dma->cmd;
	struct mock_iopf_wait wait = {
		.prm = {
			.pasid = cmd->dma.pasid,
			.perm = dma->write ? IOMMU_FAULT_PERM_WRITE : IOMMU_FAULT_PERM_READ,
			.addr = ALIGN_DOWN(dma->iova, SZ_4K),
		},
	};
	int ret;

	mock_iopf_wait_begin(dma->mdev, &wait);
	ret = mock_page_request(dma->mdev, &wait.prm, dma->queue, cmd->dma.requests ?: 1, true);
	if (ret) {
		mock_iopf_wait_cancel(dma->mdev, &wait);
		return ret == -EINVAL ? -EFAULT : ret;
	}
	return mock_iopf_wait(dma->mdev, &wait, cmd->dma.timeout_ms ?: DMA_TIMEOUT_MS);
}

/* Look up the page, or raise page requests for it; return 0 if dma_page() should retry. */
static int dma_resolve(struct dma *dma, unsigned int *tries)
{
	unsigned int retries = dma->sva ? DMA_RETRIES_SVA : DMA_RETRIES;
	int ret = -EFAULT;

	if (dma->sva) {
		ret = mock_sva_fill(dma->sva, dma->iova, dma->write);
		mock_sva_put(dma->sva);
	}
	if (ret == -EFAULT && dma->ask && (*tries)++ < retries)
		ret = dma_ask(dma);
	if (!ret && fatal_signal_pending(current))
		ret = -EINTR;
	return ret;
}

static int dma_run(struct dma *dma, void *buf)
{
	struct iommufd_mock_cmd *cmd = dma->cmd;
	struct mock_dev *mdev = dma->mdev;
	unsigned int tries = 0;
	u64 done = 0;
	size_t n;
	int ret = 0;

	while (!ret && done < cmd->dma.length) {
		dma->iova = cmd->dma.iova + done;
		n = cmd->dma.length - done;
		ret = dma_page(dma, buf + done, &n);
		if (!ret) {
			done += n;
			tries = 0;
		} else if (ret == -EFAULT) {
			ret = dma_resolve(dma, &tries);
		}
		cond_resched();
	}
	cmd->dma.out_done = done;

	spin_lock(&mdev->resp_lock);
	if (dma->write)
		mdev->counts.dma_written += done;
	else
		mdev->counts.dma_read += done;
	mdev->counts.faults += ret != 0;
	spin_unlock(&mdev->resp_lock);
	return ret;
}

/* Tell whether the device has that PASID or queue. */
static bool has_label(const struct mock_dev *mdev, const struct iommufd_mock_cmd *cmd)
{
	u32 label = cmd->dma.pasid;

	if (cmd->dma.flags & MOCK_DMA_QUEUE)
		return label < MOCK_QUEUES;
	return label == IOMMU_NO_PASID ||
	       (mdev->flags & MOCK_FLAGS_DEVICE_PASID && !(label >> MOCK_PASID_WIDTH));
}

/**
 * mock_dma() - Do a DMA (MOCK_OP_DMA)
 * @mdev: the device
 * @cmd: the command; out_done is filled in
 *
 * Context: sleeps, possibly until page requests have a response.
 * Return: 0; -EINVAL for invalid arguments; -ENOMEM; -EFAULT if the IOVA is not mapped, the mapping
 * forbids the access, or the user buffer is bad; -EBADE if a page is not pinned; -ENXIO if the
 * queue has no PASID; -EIO if the response to page requests is not success; -ETIMEDOUT if there is
 * none; -EINTR if killed.
 */
int mock_dma(struct mock_dev *mdev, struct iommufd_mock_cmd *cmd)
{
	void __user *uptr = u64_to_user_ptr(cmd->dma.uptr);
	bool write = cmd->dma.flags & MOCK_DMA_WRITE;
	struct dma dma = {
		.mdev = mdev,
		.cmd = cmd,
		.queue = cmd->dma.flags & MOCK_DMA_QUEUE ? (int)cmd->dma.pasid : MOCK_NO_QUEUE,
		.write = write,
	};
	u64 last;
	void *buf;
	int ret;

	cmd->dma.out_done = 0;
	if (cmd->dma.flags & ~(MOCK_DMA_WRITE | MOCK_DMA_QUEUE) || !has_label(mdev, cmd) ||
	    !cmd->dma.length || cmd->dma.length > DMA_MAX || cmd->dma.requests > DMA_REQUESTS ||
	    check_add_overflow(cmd->dma.iova, cmd->dma.length - 1, &last))
		return -EINVAL;

	buf = kvmalloc(cmd->dma.length, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	if (write && copy_from_user(buf, uptr, cmd->dma.length)) {
		ret = -EFAULT;
		goto out_free;
	}
	ret = dma_run(&dma, buf);
	if (!write && copy_to_user(uptr, buf, cmd->dma.out_done))
		ret = -EFAULT;
out_free:
	kvfree(buf);
	return ret;
}
