// SPDX-License-Identifier: GPL-2.0-only
/*
 * Collect the state of a pinned policy from the kernel, for the command show.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "model/model.h"
#include "msg.h"

/* bpffs allows no dots in the names of pins. */
#define IMAGE_PIN "_rodata_rules"
#define SOURCE_PIN "source"
#define STATS_PIN "stats"

/* The value of the map stats in bpf/policies/rules.bpf.c. */
struct stat_value {
	__u32 lock;
	__u32 unused;
	struct rules_stat stat;
};

static int add_objects(struct shown *shown, const struct former *former)
{
	unsigned int i;

	shown->programs = calloc(former->nr + 1, sizeof(*shown->programs));
	shown->maps = calloc(former->nr + 1, sizeof(*shown->maps));
	if (!shown->programs || !shown->maps)
		return -ENOMEM;
	for (i = 0; i < former->nr; i++) {
		const struct former_pin *pin = &former->pins[i];
		struct bpf_prog_info program = {};
		struct bpf_map_info map = {};
		__u32 program_size = sizeof(program), map_size = sizeof(map);
		const char *type;

		if (pin->is_program) {
			struct shown_program *to = &shown->programs[shown->nr_programs++];

			bpf_prog_get_info_by_fd(pin->fd, &program, &program_size);
			to->name = pin->name;
			memcpy(to->tag, program.tag, sizeof(to->tag));
		} else if (!bpf_map_get_info_by_fd(pin->fd, &map, &map_size) &&
			   map.type != BPF_MAP_TYPE_STRUCT_OPS) {
			type = libbpf_bpf_map_type_str(map.type);
			shown->maps[shown->nr_maps++] =
				(struct shown_map){ pin->name, type ? type : "?", map.max_entries };
		}
	}
	return 0;
}

/* Read the only value of a map, which has *size bytes; NULL with errno set. */
static void *read_value(int fd, __u32 *size)
{
	struct bpf_map_info info = {};
	__u32 info_size = sizeof(info), zero = 0;
	void *value;

	if (bpf_map_get_info_by_fd(fd, &info, &info_size))
		return NULL;
	*size = info.value_size;
	value = calloc(1, info.value_size + 8);
	if (value && bpf_map_lookup_elem(fd, &zero, value)) {
		free(value);
		return NULL;
	}
	return value;
}

static void add_rule(struct shown *shown, const struct rules_image *image, unsigned int number,
		     int stats)
{
	struct shown_rule *rule = &shown->rules[number];
	struct stat_value value = {};
	unsigned int i, j;
	__u32 key = number;
	size_t length;

	rule->rule = image->rule[number];
	/* A reason begins with the name. */
	length = strcspn(image->rule[number].texts, ":");
	if (length < sizeof(rule->name))
		memcpy(rule->name, image->rule[number].texts, length);
	for (i = 0; i < IOMMUFD_HOOKS; i++)
		for (j = 0; j < image->hook[i].nr && j < RULES_CLAUSES; j++)
			if (image->hook[i].rule[j] == number)
				rule->hooks |= 1u << i;
	if (stats >= 0 && !bpf_map_lookup_elem(stats, &key, &value))
		rule->stat = value.stat;
}

static int add_rules(struct shown *shown, const struct former *former)
{
	int image_fd = former__find(former, IMAGE_PIN, false);
	int source_fd = former__find(former, SOURCE_PIN, false);
	int stats = former__find(former, STATS_PIN, false);
	struct rules_image *image;
	unsigned int i;
	__u32 size;

	if (image_fd < 0 || source_fd < 0)
		return 0;
	shown->is_rules = true;
	shown->source = read_value(source_fd, &shown->source_size);
	image = read_value(image_fd, &size);
	if (!shown->source || !image || size != sizeof(*image)) {
		free(image);
		return image ? -EPROTO : -errno;
	}
	shown->nr_rules = image->nr_rules < RULES_MAX ? image->nr_rules : RULES_MAX;
	shown->rules = calloc(shown->nr_rules + 1, sizeof(*shown->rules));
	for (i = 0; shown->rules && i < shown->nr_rules; i++)
		add_rule(shown, image, i, stats);
	free(image);
	return shown->rules ? 0 : -ENOMEM;
}

int shown__make(struct shown *shown, const struct former *former, const struct list_row *row)
{
	char name[ERRNAME_MAX];
	int err;

	memset(shown, 0, sizeof(*shown));
	shown->row = row;
	err = loaded_params__read(&shown->params, former__params_fd(former));
	if (!err)
		err = add_objects(shown, former);
	if (!err)
		err = add_rules(shown, former);
	if (err)
		msg("%s: cannot read its maps and programs (%s)", former->name,
		    errname(-err, name));
	return err ? -EIO : 0;
}

void shown__free(struct shown *shown)
{
	loaded_params__free(&shown->params);
	free(shown->programs);
	free(shown->maps);
	free(shown->rules);
	free(shown->source);
}
