// SPDX-License-Identifier: GPL-2.0-only
/*
 * Try a policy with requests, see trial.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "errname.h"
#include "iommufd_policy.h"
#include "iommufd_record.h"
#include "iopolicy.skel.h"
#include "kernel/kernel.h"
#include "kernel/maps.h"
#include "kernel/trial.h"
#include "msg.h"
#include "words.h"

#define CANNOT_TRY "cannot try a policy"

/* ---- the program that asks the driver ---- */

static int ask(struct trial *trial)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err;

	err = bpf_prog_test_run_opts(bpf_program__fd(trial->bpf->progs.try_request), &opts);
	return err ? err : (int)opts.retval;
}

static int explain_program(int err)
{
	char name[ERRNAME_MAX];

	if (err == -EPERM || err == -EACCES)
		return machine__explain_eperm(CANNOT_TRY);
	if (err == -ENODEV)
		msg("module " MODULE ": the loaded module is older than this iopolicy, and cannot "
		    "try policies; load the newer one");
	else
		msg(CANNOT_TRY " (%s)\n  libbpf: %s", errname(-err, name), msg__libbpf_warning());
	return err;
}

static int open_program(struct trial *trial)
{
	struct iopolicy_bpf *bpf = iopolicy_bpf__open();
	int err;

	trial->bpf = bpf;
	if (!bpf)
		return explain_program(-errno);
	bpf_program__set_autoload(bpf->progs.verdict, false);
	bpf_program__set_autoload(bpf->progs.list_policies, false);
	bpf_program__set_autoload(bpf->progs.list_refusals, false);
	bpf_program__set_autoload(bpf->progs.seal, false);
	bpf_program__set_autoload(bpf->progs.try_request, true);
	err = iopolicy_bpf__load(bpf);
	if (err)
		return explain_program(machine__real_error(err));
	/* No link has the id 0. */
	err = ask(trial);
	return err == -ENODEV ? explain_program(err) : 0;
}

/* ---- entries of maps ---- */

static int explain_no_map(const struct object *object, const char *wanted)
{
	char text[1024] = "";
	struct words words = { .text = text, .size = sizeof(text) };
	struct bpf_map *map;

	bpf_object__for_each_map(map, object->bpf)
		if (bpf_map__fd(map) >= 0 && map__has_entries(bpf_map__fd(map)))
			words__add(&words, "%s%s", words.length ? ", " : "", bpf_map__name(map));
	msg("--entry: the policy has no map '%s' with entries; it has %s", wanted,
	    words.length ? text : "none");
	return -EINVAL;
}

static int set_entry(struct map *map, const char *name, const char *text)
{
	char error[ERRNAME_MAX];
	void *key, *value;
	int err = -ENOMEM;

	key = calloc(1, map->key_size);
	value = calloc(1, map->value_size);
	if (key && value)
		err = map__read_entry(map, name, text, key, value);
	if (!err) {
		err = map__set(map, key, value);
		if (err)
			msg("--entry: %s: cannot set '%s' (%s); the map has room for %u entries",
			    name, text, errname(-err, error), map->max_entries);
	}
	free(key);
	free(value);
	return err;
}

/* A name of a map has no colon, but the key may have some. */
static int add_entry(const struct object *object, const char *entry)
{
	const char *colon = strchr(entry, ':');
	struct bpf_map *found = NULL;
	char name[128], error[ERRNAME_MAX];
	struct map map;
	int err;

	if (!colon || colon == entry || (size_t)(colon - entry) >= sizeof(name)) {
		msg("--entry: '%s' is not MAP:KEY=VALUE", entry);
		return -EINVAL;
	}
	memcpy(name, entry, colon - entry);
	name[colon - entry] = '\0';
	found = bpf_object__find_map_by_name(object->bpf, name);
	if (!found || bpf_map__fd(found) < 0 || !map__has_entries(bpf_map__fd(found)))
		return explain_no_map(object, name);
	err = map__open(&map, bpf_map__fd(found));
	if (err)
		msg("--entry: cannot open map %s (%s)", name, errname(-err, error));
	else
		err = set_entry(&map, name, colon + 1);
	map__close(&map);
	return err;
}

/* ---- the trial ---- */

int trial__open(struct trial *trial, struct object *object, const char *const *entries,
		unsigned int nr_entries, bool verbose)
{
	unsigned int i;
	__u32 map_id;
	int err;

	*trial = (struct trial){ .link_fd = -1 };
	err = open_program(trial);
	if (!err)
		err = object__set_trial(object);
	if (err)
		return err;
	object__pin_no_maps(object);
	err = load__object(object, verbose);
	for (i = 0; i < nr_entries && !err; i++)
		err = add_entry(object, entries[i]);
	if (!err)
		err = load__fill(object);
	if (err)
		return err;
	trial->link_fd = load__attach(object);
	if (trial->link_fd < 0)
		return trial->link_fd;
	trial->bpf->bss->trial_link = link__id(trial->link_fd, &map_id);
	return 0;
}

void trial__close(struct trial *trial)
{
	if (trial->link_fd >= 0)
		close(trial->link_fd);
	iopolicy_bpf__destroy(trial->bpf);
	*trial = (struct trial){ .link_fd = -1 };
}

int trial__ask(struct trial *trial, const struct iommufd_policy_request *request,
	       struct iommufd_policy_trial *result)
{
	char name[ERRNAME_MAX];
	int err;

	trial->bpf->bss->trial_request = *request;
	err = ask(trial);
	if (err == -ENOENT)
		msg("another process has unloaded the policy under test");
	else if (err)
		msg("the driver cannot test a request (%s)", errname(-err, name));
	else
		*result = trial->bpf->bss->trial;
	return err;
}
