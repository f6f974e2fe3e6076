/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace: tracepoints, and refusals for which errno alone is not enough.
 *
 * A refusal hits the tracepoint iommufd_refused with the values, and prints a line to the kernel
 * log: the refused operation, the reason, and a remedy. The log has one line for each process,
 * reason and device, and later ones at growing intervals with the number of repetitions. For each
 * reason a user gets at most 20 lines, and one more each minute; all users together get 10 lines in
 * 5 s.
 *
 * All functions take plain values, and for a refusal of a device the struct device, whose subsystem
 * and name dev_warn() adds to the line. They may be called from any folder and under any lock, and
 * do not sleep. This folder calls no other one; its only lock, reports_lock, is a leaf.
 */
#ifndef _IOMMUFD_REFUSE_H
#define _IOMMUFD_REFUSE_H

#include <linux/types.h>

#include <iommufd_refusal.h>

struct device;

u32 iommufd_device_sbdf(const struct device *dev);

/**
 * struct iommufd_span - a range of IOVA
 * @start: first IOVA
 * @last: last IOVA
 */
struct iommufd_span {
	unsigned long start;
	unsigned long last;
};

void iommufd_refuse_memlock(u32 ctx, bool per_user, unsigned long limit, unsigned long need,
			    unsigned long present);
void iommufd_refuse_coherency(u32 ctx, const struct device *dev, bool has_iommu);
void iommufd_refuse_interrupts(u32 ctx, const struct device *dev);
void iommufd_refuse_map(u32 ctx, struct iommufd_span map, struct iommufd_span reserved);
void iommufd_refuse_device(u32 ctx, const struct device *dev, struct iommufd_span map,
			   struct iommufd_span reserved);
void iommufd_refuse_sva(u32 ctx, const struct device *dev);
void iommufd_refuse_pool(u32 ctx, unsigned int limit, unsigned int present);
void iommufd_refuse_policy(u32 ctx, u32 hook, const char *name);
void iommufd_refuse_pasid(u32 ctx, const struct device *dev, u32 pasid);

#endif
