// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command list.
 */
#include <errno.h>
#include <stdlib.h>

#include "command/command.h"
#include "driver.h"
#include "errname.h"
#include "kernel/kernel.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "store/shared.h"
#include "store/store.h"

/* The store is locked, so that pins do not change between reading the kernel and the store. */
static int make_list(struct list *list, const struct store *store)
{
	struct store_policy *pins = NULL;
	struct shared_map *maps = NULL;
	unsigned int nr_maps = 0;
	struct loaded loaded;
	char name[ERRNAME_MAX], missing[DRIVER_MISSING_MAX];
	unsigned int nr_pins;
	int err;

	err = loaded__read(&loaded);
	if (err)
		return err;
	err = store__list(store, &pins, &nr_pins);
	if (!err)
		err = list__make(list, &loaded, pins, nr_pins);
	driver__missing_policies(NULL, missing);
	if (!err)
		err = list__add_missing(list, missing);
	if (!err)
		err = shared__list(&maps, &nr_maps, false);
	if (!err)
		err = list__add_maps(list, maps, nr_maps);
	if (err)
		msg(STORE ": cannot list the pins (%s)", errname(-err, name));
	free(pins);
	free(maps);
	loaded__free(&loaded);
	return err;
}

static int print_list(const struct options *options, const struct costs *costs)
{
	struct store store = { .fd = -1 };
	struct list list = {};
	int err;

	/* A store that does not exist is no error: then no policy is pinned. */
	err = store__open(&store, true);
	if (err)
		return err;
	err = make_list(&list, &store);
	if (!err && costs)
		err = list__add_costs(&list, costs);
	if (!err)
		output__choose(options->json)->list(&list, options->wide);
	list__free(&list);
	store__close(&store);
	return err;
}

int command__list(const struct options *options)
{
	struct costs costs;
	int err;

	err = machine__check();
	if (err)
		return err;
	if (!options->cost_ns)
		return print_list(options, NULL);
	/* Not with the store locked, because other commands would wait. */
	process__catch_signals();
	err = costs__measure(&costs, options->cost_ns);
	if (!err)
		err = print_list(options, &costs);
	costs__free(&costs);
	return err;
}
