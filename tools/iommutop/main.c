// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop: who holds how much DMA memory, how long pinning takes, which device faults.
 *
 * Here is the order of things and the exit code; iommutop.h says what is where.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "env.h"
#include "exitcode.h"
#include "iommutop.h"
#include "msg.h"
#include "process.h"
#include "screen/screen.h"
#include "source/source.h"
#include "version.h"

#define MODULE "iommufd"

static int no_module(void)
{
	msg("module " MODULE ": not loaded, there is nothing to show\n"
	    "  load it: modprobe iommufd, or insmod build/iommufd.ko where iommuscope was built");
	return -ENODEV;
}

int source__open(struct source **source, struct model *model, const struct options *options)
{
	char names[ENV_NAMES_MAX];
	__u64 missing;

	model->state->filter = options->filter;
	if (options->replay)
		return replay__open(source, model, options);
	if (!env__has_module(NULL, MODULE))
		return no_module();
	if (env__missing_caps(NULL, ENV_CAP_BPF | ENV_CAP_PERFMON, &missing))
		missing = 0;  /* can't tell: the kernel will */
	if (!missing)
		return live__open(source, model, options);
	snprintf(model->missing, sizeof(model->missing),
		 "only own processes, and no rates, latencies, faults and policies: %s missing; "
		 "run iommutop with sudo",
		 env__cap_names(names, missing));
	return fdinfo__open(source, model, options);
}

static int show_screen(struct model *model, struct source *source, const struct options *options)
{
	const struct screen_options screen = {
		.interval_ns = options->interval_ns,
		.refreshes = options->count,
		.duration_ns = options->duration_ns,
		.tables = options->view ? view__tables(options->view) : 0,
		.sort = options->sort,
		.ascending = options->ascending,
		.wide = options->wide,
		.ascii = options->ascii,
		.no_color = options->no_color,
		.self_stats = options->self_stats,
	};

	return screen__run(model, source, &screen);
}

static int show(const struct options *options)
{
	struct source *source = NULL;
	struct model model;
	int err;

	err = model__init(&model);
	if (err)
		return err;
	err = source__open(&source, &model, options);
	if (err)
		goto close;
	process__catch_signals();
	if (options->format == FORMAT_SCREEN)
		err = show_screen(&model, source, options);
	if (options->format != FORMAT_SCREEN || err == -ENOTTY)
		err = batch__run(&model, source, options);
close:
	source__close(source);
	model__close(&model);
	return err;
}

static enum exitcode exit_code(int err)
{
	if (err == -EPERM)
		return EXITCODE_PRIVILEGES;
	if (err == -ENODEV)
		return EXITCODE_UNSUITED;
	return err ? EXITCODE_FAILED : EXITCODE_OK;
}

int main(int argc, char **argv)
{
	struct options options;

	process__occupy_standard_files();
	setlocale(LC_CTYPE, "");
	msg__set_tool("iommutop");
	if (options__parse(&options, argc, argv))
		return EXITCODE_USAGE;
	if (options.help || options.version || options.columns) {
		if (options.help)
			options__print_help();
		else if (options.columns)
			options__print_columns();
		else
			printf("iommutop (iommuscope) " IOMMUSCOPE_VERSION "\n");
		return fflush(stdout) ? EXITCODE_FAILED : EXITCODE_OK;
	}
	msg__capture_libbpf(options.verbose);
	return exit_code(show(&options));
}
