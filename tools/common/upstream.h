/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF programs that observe the kernel's own (upstream) iommufd, see bpf/upstream_events.bpf.h:
 * which of them can be loaded, and so which events there are, follows from the functions in the BTF
 * of the running module.
 */
#ifndef _COMMON_UPSTREAM_H
#define _COMMON_UPSTREAM_H

#include <stdbool.h>
#include <linux/types.h>

#include "event.h"

struct bpf_link;
struct bpf_object;
struct bpf_program;
struct upstream;

/* Read the BTF. Returns NULL, with the reason in errno, if the module or the kernel has none. */
struct upstream *upstream__open(void);
void upstream__close(struct upstream *upstream);

bool upstream__has_function(const struct upstream *upstream, const char *function);

/*
 * Choose which programs of an object to load, for these events; returns those that there are.
 * Call it before the object is loaded.
 */
__u64 upstream__choose_programs(const struct upstream *upstream, const struct bpf_object *object,
				__u64 events);
/* The function that an event comes from; NULL: upstream has no such event. */
const char *upstream__function(const struct bpf_object *object, enum event_id event);

/* Attach the loaded programs. Stores the links, of which the object has *nr. */
int upstream__attach(const struct bpf_object *object, struct bpf_link **links, unsigned int max,
		     unsigned int *nr);

#endif /* _COMMON_UPSTREAM_H */
