// SPDX-License-Identifier: GPL-2.0-only
/* IOMMU_GET_HW_INFO, and the ATS, PRI and PASID capabilities of a PCI device. */
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/pci-ats.h>
#include <linux/slab.h>

#include "device/device.h"

/**
 * iommufd_device_shares_pri() - check whether page requests go through another device's interface
 * @dev: any device
 *
 * A PCI virtual function sends its page requests through the interface of its physical function. An
 * IOMMU driver that fails a request there stops the requests of all functions.
 *
 * Return: true for such a virtual function.
 */
bool iommufd_device_shares_pri(struct device *dev)
{
#ifdef CONFIG_PCI_PRI
	if (dev_is_pci(dev))
		return to_pci_dev(dev)->is_virtfn && pci_pri_supported(to_pci_dev(dev));
#endif
	return false;
}

/**
 * iommufd_device_has_pri() - check whether a device can make page requests
 * @dev: a device with an IOMMU
 *
 * Devices that are not on PCI are reported as able if the IOMMU driver answers requests at all. The
 * driver knows better only when a page table with a fault handler is attached.
 *
 * Return: true if the device can make page requests and its IOMMU driver can answer them. Never in
 * a kernel without CONFIG_IOMMU_IOPF, like Debian's for arm64.
 */
bool iommufd_device_has_pri(struct device *dev)
{
	if (!IS_ENABLED(CONFIG_IOMMU_IOPF) || !iommu_core_ops(dev)->page_response)
		return false;
	if (!dev_is_pci(dev))
		return true;
#ifdef CONFIG_PCI_PRI
	return pci_pri_supported(to_pci_dev(dev)) && !iommufd_device_shares_pri(dev);
#else
	return false;
#endif
}

/**
 * iommufd_device_pci_caps() - get a device's PCI ATS and PASID capabilities
 * @dev: any device
 *
 * Return: IOMMUFD_NEW_HW_CAP_*; IOMMUFD_NEW_HW_CAP_NO_ATS for a device that is not on PCI.
 */
u64 iommufd_device_pci_caps(struct device *dev)
{
	u64 caps = IOMMUFD_NEW_HW_CAP_NO_ATS;
	struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return caps;
	pdev = to_pci_dev(dev);
#ifdef CONFIG_PCI_ATS
	if (pci_ats_supported(pdev))
		caps = 0;
#endif
#ifdef CONFIG_PCI_PASID
	/* IOMMU drivers enable PASIDs on probe, with all features that the device offers. */
	if (pdev->pasid_enabled && pdev->pasid_features & PCI_PASID_CAP_EXEC)
		caps |= IOMMUFD_NEW_HW_CAP_PASID_EXEC;
	if (pdev->pasid_enabled && pdev->pasid_features & PCI_PASID_CAP_PRIV)
		caps |= IOMMUFD_NEW_HW_CAP_PASID_PRIV;
#endif
	return caps;
}

/**
 * iommufd_hw_info_data() - get the IOMMU driver's own description of a device's IOMMU
 * @dev: a device with an IOMMU
 * @type: in: enum iommu_hw_info_type to ask for, IOMMU_HW_INFO_TYPE_NONE for any; out: type of the
 *	data
 * @length: out: length of the data, in bytes
 *
 * Context: may sleep.
 * Return: the data, for kfree(); NULL if the driver has none; ERR_PTR(-EOPNOTSUPP) if it has none
 * of that type; an error of the driver.
 */
void *iommufd_hw_info_data(struct device *dev, u32 *type, u32 *length)
{
	const struct iommu_ops *ops = iommu_core_ops(dev);
	u32 wanted = *type;
	void *data;

	*length = 0;
	if (!ops->hw_info) {
		*type = IOMMU_HW_INFO_TYPE_NONE;
		return NULL;
	}
	data = ops->hw_info(dev, length, type);
	if (IS_ERR(data))
		return data;
	/* 6.12's drivers have one type each and ignore the type that was asked for. */
	if (WARN_ON_ONCE(*type == IOMMU_HW_INFO_TYPE_NONE) ||
	    (wanted != IOMMU_HW_INFO_TYPE_NONE && wanted != *type)) {
		kfree(data);
		return ERR_PTR(-EOPNOTSUPP);
	}
	return data;
}

/* Get the driver's data, which the caller frees, and fill in the rest of @cmd. */
static void *get_info(struct device *dev, struct iommu_hw_info *cmd, u32 *length)
{
	void *data = iommufd_hw_info_data(dev, &cmd->out_data_type, length);

	if (IS_ERR(data))
		return data;
	cmd->out_capabilities = iommufd_device_pci_caps(dev);
	if (device_iommu_capable(dev, IOMMU_CAP_DIRTY_TRACKING))
		cmd->out_capabilities |= IOMMU_HW_CAP_DIRTY_TRACKING;
	cmd->out_max_pasid_log2 = dev->iommu->max_pasids ? ilog2(dev->iommu->max_pasids) : 0;
	return data;
}

/**
 * iommufd_get_hw_info() - IOMMU_GET_HW_INFO
 * @ucmd: struct iommu_hw_info
 *
 * Return: 0, or an errno documented in <linux/iommufd.h>; -EOPNOTSUPP also for a type of data that
 * the IOMMU driver does not have, or a device without IOMMU.
 */
int iommufd_get_hw_info(struct iommufd_ucmd *ucmd)
{
	struct iommu_hw_info *cmd = ucmd->cmd;
	void __user *uptr = u64_to_user_ptr(cmd->data_uptr);
	void *data = ERR_PTR(-EOPNOTSUPP);
	struct iommufd_device *idev;
	u32 length, n;
	int ret = 0;

	if ((cmd->flags & ~IOMMUFD_NEW_HW_INFO_INPUT_TYPE) || cmd->__reserved[0] ||
	    cmd->__reserved[1] || cmd->__reserved[2])
		return -EOPNOTSUPP;
	if (!(cmd->flags & IOMMUFD_NEW_HW_INFO_INPUT_TYPE))
		cmd->out_data_type = IOMMU_HW_INFO_TYPE_NONE;

	idev = iommufd_get_device(ucmd->ctx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (idev->group->group)
		data = get_info(idev->dev, cmd, &length);
	/*
	 * Put the device before touching user memory: a page fault there must not delay unbinding.
	 */
	iommufd_object_put(ucmd->ctx, &idev->obj);
	if (IS_ERR(data))
		return PTR_ERR(data);

	n = min(cmd->data_len, length);
	if (copy_to_user(uptr, data, n) || clear_user(uptr + n, cmd->data_len - n))
		ret = -EFAULT;
	kfree(data);
	cmd->data_len = length;
	return ret ? ret : iommufd_ucmd_respond(ucmd, sizeof(*cmd));
}
