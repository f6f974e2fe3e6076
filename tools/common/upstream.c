// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs and events of the kernel's own iommufd, see upstream.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kernel_btf.h"
#include "upstream.h"

#define MODULE "iommufd"

#define FILLING \
	(EVENT_MASK(EVENT_ioas_map) | EVENT_MASK(EVENT_ioas_map_file) | EVENT_MASK(EVENT_ioas_copy))

struct upstream {
	struct btf *kernel;
	struct btf *module; /* NULL: the driver is built in */
};

/* Programs that collect figures, with the events that have these. */
static const struct {
	const char *program;
	__u64 events;
} helpers[] = {
	{ "up_fill_begin", FILLING },
	{ "up_fill_end", FILLING },
	{ "up_pin_begin", FILLING },
	{ "up_pin_end", FILLING },
	{ "up_unfill_begin", EVENT_MASK(EVENT_ioas_unmap) },
	{ "up_unfill_end", EVENT_MASK(EVENT_ioas_unmap) },
};

struct upstream *upstream__open(void)
{
	struct upstream *upstream = calloc(1, sizeof(*upstream));

	if (!upstream)
		return NULL;
	upstream->kernel = btf__load_vmlinux_btf();
	if (!upstream->kernel) {
		free(upstream);
		return NULL;
	}
	upstream->module = kernel_btf__module(MODULE, upstream->kernel);
	if (upstream->module || upstream__has_function(upstream, "iommufd_device_bind"))
		return upstream;
	upstream__close(upstream);
	errno = ENOENT;
	return NULL;
}

void upstream__close(struct upstream *upstream)
{
	if (!upstream)
		return;
	btf__free(upstream->module);
	btf__free(upstream->kernel);
	free(upstream);
}

bool upstream__has_function(const struct upstream *upstream, const char *function)
{
	/* The look-up in a module's BTF includes that of the kernel. */
	const struct btf *btf = upstream->module ? upstream->module : upstream->kernel;

	return btf__find_by_name_kind(btf, function, BTF_KIND_FUNC) > 0;
}

/* The section is "fentry/" or "fexit/" and the name of the function. */
static const char *function_of(const struct bpf_program *program)
{
	const char *slash = strchr(bpf_program__section_name(program), '/');

	return slash ? slash + 1 : "";
}

#define PREFIX "up_"

/*
 * The events that a program is needed for. Its name is that of the event, with a prefix, and may
 * have a suffix. An object may have other programs, without the prefix.
 */
static __u64 events_of(const struct bpf_program *program)
{
	const char *name = bpf_program__name(program), *end;
	enum event_id event;
	unsigned int i;

	if (strncmp(name, PREFIX, strlen(PREFIX)))
		return 0;

	for (i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		if (!strcmp(name, helpers[i].program))
			return helpers[i].events;
	name += strlen(PREFIX);
	end = strstr(name, "__");
	event = event__by_name(name, end ? (size_t)(end - name) : strlen(name));
	return event < NR_EVENTS ? EVENT_MASK(event) : 0;
}

static bool is_helper(const struct bpf_program *program)
{
	unsigned int i;

	for (i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++)
		if (!strcmp(bpf_program__name(program), helpers[i].program))
			return true;
	return false;
}

__u64 upstream__choose_programs(const struct upstream *upstream, const struct bpf_object *object,
				__u64 events)
{
	struct bpf_program *program;
	__u64 there = 0;
	bool is_there;

	bpf_object__for_each_program(program, object) {
		if (!events_of(program)) {
			bpf_program__set_autoload(program, false);
			continue;
		}
		is_there = events & events_of(program) &&
			   upstream__has_function(upstream, function_of(program));
		bpf_program__set_autoload(program, is_there);
		if (is_there && !is_helper(program))
			there |= events_of(program);
	}
	return there;
}

const char *upstream__function(const struct bpf_object *object, enum event_id event)
{
	const struct bpf_program *program;
	char name[64];

	snprintf(name, sizeof(name), PREFIX "%s", event_infos[event].name);
	program = bpf_object__find_program_by_name(object, name);
	if (program)
		return function_of(program);
	return event == EVENT_object_destroy ? "iommufd_object_remove" : NULL;
}

int upstream__attach(const struct bpf_object *object, struct bpf_link **links, unsigned int max,
		     unsigned int *nr)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		if (!events_of(program) || !bpf_program__autoload(program))
			continue;
		if (*nr == max)
			return -E2BIG;
		links[*nr] = bpf_program__attach(program);
		if (!links[*nr])
			return -errno;
		++*nr;
	}
	return 0;
}
