// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices' DMA engine: copies between a buffer and what an IOVA leads to.
 *
 * It goes page by page. For each page the attachment and the page table are locked, the address is
 * looked up, and the bytes are copied; then all locks are dropped. Nothing is remembered from one
 * page to the next, so what is unmapped, detached or replaced is not touched any more, be it in the
 * midst of a DMA.
 *
 * Where nothing is mapped, or not with enough rights, a device whose page table has a fault handler
 * raises page requests, and tries again after a success. Otherwise the DMA ends there.
 *
 * In the page table of a process a miss may mean only that the IOTLB does not have the page. So it
 * is looked up first, without locks, and the DMA tries again.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mock.h"

#define DMA_MAX		SZ_64M
/* Requests for one page that were answered with success, and yet nothing is there. */
#define DMA_RETRIES	16
/* The same for a process, which may take pages away all the time; but not without end. */
#define DMA_RETRIES_SVA	1000
#define DMA_TIMEOUT_MS	10000
#define DMA_REQUESTS	64

static int copy_piece(struct iommu_domain *domain, struct mock_domain *mock, u64 iova, void *buf,
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
	ret = mock_pt_lookup(mock, iova, write, &phys, &left);
	if (ret)
		return ret;
	*length = min3(*length, left, PAGE_SIZE - offset_in_page(phys));
	return mock_pt_copy(mock, iova, buf, *length, write);
}

/**
 * struct miss - why a page could not be done
 * @ask: page requests may help
 * @sva: or else, first, a look-up in this process's page table, to be put
 */
struct miss {
	bool ask;
	struct mock_sva *sva;
};

static void dma_miss(struct mock_dev *mdev, struct iommu_domain *domain, u64 iova, bool write,
		     struct miss *miss)
{
	miss->ask = domain->iopf_handler;
	if (mock_is_sva(domain)) {
		if (mock_sva_reaches(domain, iova))
			miss->sva = mock_sva_get(domain);
		else
			miss->ask = false;
		/* Where others have a handler for faults it has its mm. */
		return;
	}
	if (!miss->ask)
		report_iommu_fault(domain, &mdev->pdev->dev, iova,
				   write ? IOMMU_FAULT_WRITE : IOMMU_FAULT_READ);
}

/* Do the bytes up to the end of a page; @length says how many. -EFAULT: cannot be done. */
static int dma_page(struct mock_dev *mdev, u32 pasid, u64 iova, void *buf, size_t *length,
		    bool write, struct miss *miss)
{
	struct iommu_domain *domain;
	struct mock_domain *mock = NULL;
	int ret = -EFAULT;

	*miss = (struct miss) {};
	down_read(&mdev->table_rwsem);
	domain = mock_attached(mdev, pasid);
	if (mock_is_paging(domain))
		mock = to_mock_domain(domain);
	else if (mock_is_nested(domain))
		mock = mock_nested_parent(domain);
	if (mock) {
		down_read(&mock->lock);
		ret = copy_piece(domain, mock, iova, buf, length, write);
		up_read(&mock->lock);
	} else if (mock_is_sva(domain)) {
		ret = mock_sva_copy(domain, iova, buf, length, write);
	}
	if (ret) {
		ret = -EFAULT;
		dma_miss(mdev, domain, iova, write, miss);
	}
	up_read(&mdev->table_rwsem);
	return ret;
}

static int dma_ask(struct mock_dev *mdev, const struct iommufd_mock_cmd *cmd, u64 iova, bool write)
{
	struct iommu_fault_page_request prm = {
		.pasid = cmd->dma.pasid,
		.perm = write ? IOMMU_FAULT_PERM_WRITE : IOMMU_FAULT_PERM_READ,
		.addr = ALIGN_DOWN(iova, SZ_4K),
	};
	u32 sequence = mock_fault_sequence(mdev, &prm.grpid);
	int ret;

	ret = mock_fault_report(mdev, &prm, cmd->dma.requests ?: 1, true);
	if (ret)
		return ret == -EINVAL ? -EFAULT : ret;
	return mock_fault_wait(mdev, &prm, sequence, cmd->dma.timeout_ms ?: DMA_TIMEOUT_MS);
}

static int dma_run(struct mock_dev *mdev, struct iommufd_mock_cmd *cmd, void *buf)
{
	bool write = cmd->dma.flags & MOCK_DMA_WRITE;
	unsigned int tries = 0, retries;
	struct miss miss;
	u64 done = 0;
	size_t n;
	int ret = 0;

	while (done < cmd->dma.length) {
		u64 iova = cmd->dma.iova + done;

		n = cmd->dma.length - done;
		ret = dma_page(mdev, cmd->dma.pasid, iova, buf + done, &n, write, &miss);
		cond_resched();
		if (!ret) {
			done += n;
			tries = 0;
			continue;
		}
		retries = miss.sva ? DMA_RETRIES_SVA : DMA_RETRIES;
		if (miss.sva) {
			ret = mock_sva_fill(miss.sva, iova, write);
			mock_sva_put(miss.sva);
		}
		if (ret == -EFAULT && miss.ask && tries++ < retries)
			ret = dma_ask(mdev, cmd, iova, write);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (ret)
			break;
	}
	cmd->dma.out_done = done;

	spin_lock(&mdev->resp_lock);
	if (write)
		mdev->counts.dma_written += done;
	else
		mdev->counts.dma_read += done;
	mdev->counts.faults += ret != 0;
	spin_unlock(&mdev->resp_lock);
	return ret;
}

/**
 * mock_dma() - MOCK_OP_DMA
 * @mdev: the device
 * @cmd: what to do; out_done is set
 *
 * Return: 0; -EINVAL for arguments that make no sense; -ENOMEM; -EFAULT if nothing is mapped, it
 * must not be done, or the buffer is bad; -EIO if page requests were refused; -ETIMEDOUT if they
 * were not answered; -EINTR if killed
 */
int mock_dma(struct mock_dev *mdev, struct iommufd_mock_cmd *cmd)
{
	void __user *uptr = u64_to_user_ptr(cmd->dma.uptr);
	bool write = cmd->dma.flags & MOCK_DMA_WRITE;
	u64 last;
	void *buf;
	int ret;

	cmd->dma.out_done = 0;
	if (cmd->dma.flags & ~MOCK_DMA_WRITE || !cmd->dma.length || cmd->dma.length > DMA_MAX ||
	    cmd->dma.requests > DMA_REQUESTS ||
	    check_add_overflow(cmd->dma.iova, cmd->dma.length - 1, &last))
		return -EINVAL;
	if (cmd->dma.pasid != IOMMU_NO_PASID &&
	    (!(mdev->flags & MOCK_FLAGS_DEVICE_PASID) || cmd->dma.pasid >> MOCK_PASID_WIDTH))
		return -EINVAL;

	buf = kvmalloc(cmd->dma.length, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	if (write && copy_from_user(buf, uptr, cmd->dma.length)) {
		ret = -EFAULT;
		goto out_free;
	}
	ret = dma_run(mdev, cmd, buf);
	if (!write && copy_to_user(uptr, buf, cmd->dma.out_done))
		ret = -EFAULT;
out_free:
	kvfree(buf);
	return ret;
}
