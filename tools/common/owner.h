/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owners of the contexts and devices that existed before the programs of bpf/owner_programs.bpf.h
 * were attached. iosnoop and iommutop both find the process behind a DMA fault in these maps.
 */
#ifndef _COMMON_OWNER_H
#define _COMMON_OWNER_H

#include "iommufd_filter.h"

/* File descriptors of the maps of bpf/owner.bpf.h. */
struct owner_maps {
	int owners;
	int owned_devices;
	int owned_names;
};

/*
 * Add the contexts and devices of all processes that this one may trace. Call this once the
 * programs are attached; entries that these have made meanwhile are newer and stay.
 */
void owner__read(const struct owner_maps *maps, const struct iommufd_filter *filter);

#endif /* _COMMON_OWNER_H */
