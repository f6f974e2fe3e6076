/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hitting the tracepoints of include/trace/events/iommufd.h, without losing events.
 */
#ifndef _IOMMUFD_EMIT_H
#define _IOMMUFD_EMIT_H

#include <linux/preempt.h>

#include <trace/events/iommufd.h>

/**
 * iommufd_trace() - hit a tracepoint
 * @event: its name without "iommufd_"
 *
 * The arguments are evaluated only if the event is enabled; they must not sleep.
 *
 * Linux 7 calls the BPF programs of a tracepoint with preemption, but runs none on a processor
 * where it runs already. So the events of a task that preempts another one in the middle of a
 * program would be lost. Before, the kernel disabled preemption itself.
 */
#define iommufd_trace(event, ...) \
	do { \
		if (trace_iommufd_##event##_enabled()) { \
			preempt_disable_notrace(); \
			trace_iommufd_##event(__VA_ARGS__); \
			preempt_enable_notrace(); \
		} \
	} while (0)

#endif
