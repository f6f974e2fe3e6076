// SPDX-License-Identifier: GPL-2.0-only
/*
 * The domains that a device and its PASIDs are attached to.
 *
 * The callbacks run under the group's mutex of the IOMMU core, so they do not run concurrently for
 * one device. Readers (DMA, page requests) take table_rwsem. When a callback returns, no DMA uses
 * the domain that was attached before.
 *
 * Before a driver attaches it, a device is attached to mock_blocked, its default domain. Neither
 * attaching that domain nor detaching a PASID can fail.
 */
#include "mock.h"

/**
 * mock_attached() - Look up the domain that DMA uses
 * @mdev: the device
 * @pasid: the PASID, or IOMMU_NO_PASID
 *
 * A PASID without a domain uses the nested domain of the whole device, if there is one, because
 * that domain stands for the guest's whole PASID table. Otherwise it is blocked.
 *
 * Context: the caller holds table_rwsem.
 * Return: the domain, never NULL.
 */
struct iommu_domain *mock_attached(struct mock_dev *mdev, ioasid_t pasid)
{
	struct iommu_domain *domain;

	lockdep_assert_held(&mdev->table_rwsem);
	if (pasid == IOMMU_NO_PASID)
		return mdev->domain;
	domain = xa_load(&mdev->pasids, pasid);
	if (!domain && mdev->domain->type == IOMMU_DOMAIN_NESTED)
		domain = mdev->domain;
	return domain ?: &mock_blocked;
}

static bool needs_fault(const struct iommu_domain *domain)
{
	return domain && domain->iopf_handler;
}

static int check_attach(struct mock_dev *mdev, struct iommu_domain *domain)
{
	if (domain->dirty_ops && mdev->flags & MOCK_FLAGS_DEVICE_NO_DIRTY)
		return -EINVAL;
	return mock_fail_hit(&mdev->fail[MOCK_FAIL_ATTACH]);
}

/**
 * mock_attach_viommu() - Attach a device to a domain of a virtual IOMMU
 * @domain: the domain
 * @dev: the device
 * @viommu: the virtual IOMMU, or NULL if @domain belongs to none
 *
 * Context: called under the group's mutex.
 * Return: 0; -EINVAL if @domain tracks dirty pages and the device cannot; -ENOENT if the device is
 * not in @viommu; errors of mock_iopf_get(); the error that MOCK_OP_FAIL chose.
 */
int mock_attach_viommu(struct iommu_domain *domain, struct device *dev,
		       struct iommufd_viommu *viommu)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	struct iommu_domain *old;
	unsigned long virt_id = 0;
	int ret;

	/* If the core cannot attach a group it restores the old domain, which must not fail. */
	if (domain == mdev->domain)
		return 0;
	ret = check_attach(mdev, domain);
	if (ret)
		return ret;
	if (viommu) {
		ret = iommufd_viommu_get_vdev_id(viommu, dev, &virt_id);
		if (ret)
			return ret;
	}
	if (needs_fault(domain)) {
		ret = mock_iopf_get(mdev);
		if (ret)
			return ret;
	}

	mock_event_route(mdev, viommu, virt_id);
	down_write(&mdev->table_rwsem);
	old = mdev->domain;
	mdev->domain = domain;
	mdev->counts.attaches++;
	up_write(&mdev->table_rwsem);
	if (needs_fault(old))
		mock_iopf_put(mdev);
	return 0;
}

/**
 * mock_attach() - Attach a device to a domain; attach_dev() of struct iommu_domain_ops
 * @domain: the domain
 * @dev: the device
 * @old: not used
 *
 * Context: called under the group's mutex.
 * Return: as mock_attach_viommu().
 */
int mock_attach(struct iommu_domain *domain, struct device *dev, struct iommu_domain *old)
{
	return mock_attach_viommu(domain, dev, NULL);
}

static int mock_attach_blocked(struct iommu_domain *domain, struct device *dev,
			       struct iommu_domain *core_old)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	struct iommu_domain *old;

	mock_event_route(mdev, NULL, 0);
	down_write(&mdev->table_rwsem);
	old = mdev->domain;
	mdev->domain = domain;
	up_write(&mdev->table_rwsem);
	mock_iopf_drain(mdev);
	if (needs_fault(old))
		mock_iopf_put(mdev);
	return 0;
}

PORT_DEFINE_ATTACH_DEV(mock_attach_blocked);
PORT_DEFINE_DETACH_PASID(mock_detach_pasid);

static const struct iommu_domain_ops mock_blocked_ops = {
	PORT_BLOCKED_OPS(mock_attach_blocked, mock_detach_pasid),
};

/* mock_iommu_init() sets its owner. */
struct iommu_domain mock_blocked = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &mock_blocked_ops,
};

/* Fail every second attachment of PASID 1024, no matter what happens between them. */
static int check_pasid_1024(struct mock_dev *mdev, ioasid_t pasid)
{
	if (pasid != IOMMU_TEST_PASID_RESERVED)
		return 0;
	mdev->pasid_1024_fails = !mdev->pasid_1024_fails;
	return mdev->pasid_1024_fails ? 0 : -ENOMEM;
}

/**
 * mock_attach_pasid() - Attach a PASID to a domain; set_dev_pasid() of struct iommu_domain_ops
 * @domain: the domain
 * @dev: the device
 * @pasid: the PASID
 * @old: the domain that is replaced, or NULL; the core of 6.12 never replaces one
 *
 * Context: called under the group's mutex.
 * Return: 0; -EINVAL if @domain tracks dirty pages and the device cannot; -ENOMEM, also for every
 * second attachment of PASID 1024; errors of mock_iopf_get(); the error that MOCK_OP_FAIL chose.
 */
int mock_attach_pasid(struct iommu_domain *domain, struct device *dev, ioasid_t pasid,
		      struct iommu_domain *old)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	bool fault = false;
	int ret;

	ret = check_attach(mdev, domain);
	if (!ret)
		ret = check_pasid_1024(mdev, pasid);
	if (!ret && needs_fault(domain)) {
		ret = mock_iopf_get(mdev);
		fault = !ret;
	}

	down_write(&mdev->table_rwsem);
	if (!ret)
		ret = xa_err(xa_store(&mdev->pasids, pasid, domain, GFP_KERNEL));
	if (!ret)
		mdev->counts.attaches++;
	if (!ret && !old)
		mdev->counts.pasids++;
	mdev->detaching = ret || old ? pasid : IOMMU_PASID_INVALID;
	up_write(&mdev->table_rwsem);
	if (ret || old)
		mock_iopf_drain(mdev);
	if (ret ? fault : needs_fault(old))
		mock_iopf_put(mdev);
	return ret;
}

/**
 * mock_detach_pasid() - Detach a PASID; remove_dev_pasid() of struct iommu_ops
 * @dev: the device
 * @pasid: the PASID
 * @domain: the attached domain
 *
 * Context: called under the group's mutex.
 */
void mock_detach_pasid(struct device *dev, ioasid_t pasid, struct iommu_domain *domain)
{
	struct mock_dev *mdev = to_mock_dev(dev);
	struct iommu_domain *old;

	down_write(&mdev->table_rwsem);
	old = xa_erase(&mdev->pasids, pasid);
	if (old)
		mdev->counts.pasids--;
	mdev->detaching = pasid;
	up_write(&mdev->table_rwsem);
	mock_iopf_drain(mdev);
	if (needs_fault(old))
		mock_iopf_put(mdev);
}
