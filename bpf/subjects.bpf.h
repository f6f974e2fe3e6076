/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The members of struct event_subject, which filters compare, from the arguments of each event of
 * the driver. For the programs of iosnoop, on every driver.
 *
 *	SUBJECTS(X)	X(name, member...) for each event; args points to a struct args_NAME
 *
 * The events refused and policy_verdict are not in the list, because they need programs of their
 * own.
 */
#ifndef _SUBJECTS_BPF_H
#define _SUBJECTS_BPF_H

#include "iommufd_filter.h"

const volatile __u32 page_shift = 12; /* a page has 1 << page_shift bytes */

#define _DEVICE .device = args->device, .sbdf = args->sbdf
#define _PASID _DEVICE, .pasid = args->pasid
#define _IOAS .ioas = args->ioas
#define _TIMED .latency_ns = args->ns
#define _RESULT .ret = args->ret
#define _RANGE .iova = args->iova, .length = args->length
#define _PAGES .length = args->pages << page_shift
#define _PINNED .latency_ns = (args->pin_ns == EVENT_UNKNOWN ? 0 : args->pin_ns) + args->map_ns

/* clang-format off */
#define SUBJECTS(X) \
	X(ctx_open) \
	X(ctx_close) \
	X(object_alloc) \
	X(object_destroy) \
	X(device_bind, _DEVICE, _RESULT) \
	X(device_unbind, _DEVICE) \
	X(device_attach, _PASID, _IOAS, _TIMED, _RESULT) \
	X(device_replace, _PASID, _IOAS, _TIMED, _RESULT) \
	X(device_detach, _PASID, _IOAS, _TIMED) \
	X(ioas_map, _IOAS, _RANGE, _RESULT, _PINNED) \
	X(ioas_map_file, _IOAS, _RANGE, _RESULT, _PINNED) \
	X(ioas_unmap, _IOAS, _RANGE, _TIMED, _RESULT) \
	X(ioas_copy, _IOAS, _RANGE, _TIMED, _RESULT) \
	X(ioas_change_process, _TIMED, _RESULT) \
	X(pin, _PAGES, _TIMED, _RESULT) \
	X(unpin, _PAGES, _TIMED) \
	X(access_pin, _IOAS, _RANGE, _TIMED, _RESULT) \
	X(access_unpin, _IOAS, _RANGE, _TIMED, _RESULT) \
	X(access_rw, _IOAS, _RANGE, _TIMED, _RESULT) \
	X(hwpt_alloc, _DEVICE, _IOAS, _TIMED, _RESULT) \
	X(hwpt_invalidate, _RESULT) \
	X(fault_report, _PASID, .iova = args->addr) \
	X(fault_response, _PASID, _TIMED, .iova = args->addr, .ret = -(__s32)args->code) \
	X(dirty_read, _IOAS, _RANGE, _TIMED, _RESULT) \
	X(pasid_alloc, _PASID, _RESULT) \
	X(pasid_free, _PASID) \
	X(pasid_attach, _PASID, _TIMED, _RESULT) \
	X(pasid_replace, _PASID, _TIMED, _RESULT) \
	X(pasid_detach, _PASID, _TIMED) \
	X(pasid_translate, .device = args->device, .pasid = args->pasid, _RESULT)
/* clang-format on */

/* An initializer of struct event_subject for an event. */
#define SUBJECT(...) \
	{ .ctx = args->ctx, \
	  .tgid = args->tgid, \
	  .ioas = EVENT_NONE, \
	  .device = EVENT_NONE, \
	  .sbdf = EVENT_NONE, \
	  .pasid = EVENT_NONE, \
	  .iova = EVENT_IOVA_NONE, \
	  __VA_ARGS__ }

#endif /* _SUBJECTS_BPF_H */
