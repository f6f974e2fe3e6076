// SPDX-License-Identifier: GPL-2.0-only
/*
 * Define the tracepoints of include/trace/events/iommufd.h.
 */
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include <trace/events/iommufd.h>
