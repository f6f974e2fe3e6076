// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop's programs for the kernel's own (upstream) iommufd, which has no tracepoints: fentry and
 * fexit programs on its functions. The object shares the maps of iosnoop.bpf.c, and sends the same
 * records. It needs CAP_SYS_ADMIN, because it uses the BTF of a module.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "record.bpf.h"
#include "owner.bpf.h"
#define PAST_WITH_STACKS
#include "owner_update.bpf.h"
#include "show.bpf.h"
#include "subjects.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile bool with_past; /* keep the past that explains faults */

#define EMIT(name, ...) \
	static __always_inline __attribute__((unused)) void emit_##name( \
		void *ctx, const struct args_##name *args) \
	{ \
		struct event_subject subject = SUBJECT(__VA_ARGS__); \
\
		if (with_past) \
			note_past(ctx, EVENT_##name, args); \
		if (is_chosen(EVENT_##name)) \
			show(ctx, EVENT_##name, args, EVENT_NR_ARGS(name), &subject, NULL); \
	}

#pragma clang diagnostic push
/* A member in the variable arguments overrides its default. */
#pragma clang diagnostic ignored "-Winitializer-overrides"
SUBJECTS(EMIT)
#pragma clang diagnostic pop

#include "upstream_events.bpf.h"
#include "upstream_table.bpf.h"
