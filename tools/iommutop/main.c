// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommutop: shows which processes hold how much DMA memory, how long pinning takes, and which
 * devices fault. See iommutop.h for the folders.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "exitcode.h"
#include "iommutop.h"
#include "msg.h"
#include "output/output.h"
#include "process.h"
#include "screen/screen.h"
#include "segments.h"
#include "source/source.h"
#include "version.h"

static int refresh(void *source, struct model *model)
{
	return source__refresh(source, model);
}

static int seek(void *source, struct model *model, __u64 time_ns, void (*refreshed)(void *ctx),
		void *ctx)
{
	return source__seek(source, model, time_ns, refreshed, ctx);
}

static int show_screen(struct model *model, struct source *source, const struct options *options)
{
	char path[SETTINGS_PATH_MAX];
	const struct screen_options screen = {
		.refresh_model = refresh,
		.seek_model = seek,
		.source = source,
		.interval_ns = options->interval_ns,
		.has_interval = options->has_interval,
		.settings = options->no_config ? NULL : screen__settings_path(path),
		.now_ns = options->replay ? segments__last_ns(options->replay) : 0,
		.is_at = options->at_ns,
		.refreshes = options->count,
		.duration_ns = options->duration_ns,
		.view = options->view,
		.sort = options->sort,
		.ascending = options->ascending,
		.wide = options->wide,
		.ascii = options->ascii,
		.no_color = options->no_color,
		.self_stats = options->self_stats,
	};

	return screen__run(model, &screen);
}

static int show(const struct options *options)
{
	const struct source_options source_options = {
		.recording = options->replay,
		.driver = options->driver,
		.filter = options->filter,
		.interval_ns = options->interval_ns,
		.at_ns = options->at_ns,
		.self_stats = options->self_stats,
	};
	struct source *source = NULL;
	struct model model;
	int err;

	err = model__init(&model);
	if (err)
		return err;
	/* Also while a recording is read up to a moment. */
	if (options->view && !strcmp(options->view, "detail"))
		model.want.history = options->filter.ctx;
	err = source__open(&source, &model, &source_options);
	if (err)
		goto close_model;
	process__catch_signals();
	if (options->at_ns)
		err = source__seek(source, &model, options->at_ns, NULL, NULL);
	if (err)
		goto close_source;
	if (options->format == FORMAT_SCREEN)
		err = show_screen(&model, source, options);
	if (options->format != FORMAT_SCREEN || err == -ENOTTY)
		err = batch__run(&model, source, options);
close_source:
	source__close(source);
close_model:
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
	int err;

	process__occupy_standard_files();
	setlocale(LC_CTYPE, "");
	msg__set_tool("iommutop");
	err = options__parse(&options, argc, argv);
	if (err)
		return err == -ENODEV ? EXITCODE_UNSUITED : EXITCODE_USAGE;
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
	err = options.diff ? diff__run(&options) : show(&options);
	if (err && options.format == FORMAT_JSON)
		output__print_error(clock__now());
	return exit_code(err);
}
