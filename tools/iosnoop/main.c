// SPDX-License-Identifier: GPL-2.0-only
/*
 * iosnoop: traces iommufd event by event: DMA mappings, devices, PASIDs, faults, policies.
 *
 * This file has the steps of a run and the exit code. options.h lists the other files here,
 * model/model.h the folders.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "exitcode.h"
#include "human.h"
#include "kernel_btf.h"
#include "msg.h"
#include "outfile.h"
#include "output.h"
#include "process.h"
#include "render/field.h"
#include "source/source.h"
#include "version.h"

/* Print messages on the counters of a live run, and on lost events. */
static void explain_counters(const struct options *options, const struct run_result *result)
{
	const struct event_counters *counters = &result->counters;
	char size[HUMAN_MAX];

	if (options->verbose)
		msg("events seen: %llu; filtered: %llu, submitted: %llu, lost: %llu; shown: %llu",
		    counters->seen, counters->filtered, counters->submitted, counters->lost,
		    result->shown);
	if (counters->lost > result->not_run)
		msg("lost %llu of %llu event%s because the buffer of %s was full\n"
		    "  enlarge it with --buffer-size, or trace fewer events with -e, -p, -x",
		    counters->lost, counters->seen - counters->filtered,
		    counters->seen - counters->filtered == 1 ? "" : "s",
		    human__bytes(size, options->run.buffer_bytes));
	if (result->not_run)
		msg("lost %llu event%s because the kernel did not run iosnoop's program for %s: "
		    "one was already running on that CPU",
		    result->not_run, result->not_run == 1 ? "" : "s",
		    result->not_run == 1 ? "it" : "them");
}

static int check_file(const char *path, bool force)
{
	return path && !force ? outfile__check(path) : 0;
}

static int trace(const struct options *options, struct run_result *result)
{
	/* The reader of a file is not the one of stdout. */
	const int reader_fd = options->record || options->trace || options->report ? -1 :
										     STDOUT_FILENO;
	struct session session;
	struct output output;
	int err;

	/* Before the programs are loaded and attached, which costs the machine something. */
	if (check_file(options->record, options->force) ||
	    check_file(options->trace, options->force) ||
	    check_file(options->report, options->force))
		return -EEXIST;
	output__init(&output, options);
	err = session__load(&session, &options->run);
	if (!err)
		err = output__open(&output, NULL, &session);
	if (!err)
		err = session__attach(&session, &options->run);
	kernel_btf__release();
	if (!err)
		err = stream__run(&session, &output.sink, &options->run, reader_fd, result);
	if (result->reason)
		explain_counters(options, result);
	if (err)
		output__fail(&output);
	output__close(&output);
	session__close(&session);
	return err;
}

static int replay(const struct options *options, struct run_result *result)
{
	struct recording *recording;
	struct output output;
	int err = -EINVAL;

	output__init(&output, options);
	recording = recording__open_at(options->replay, options->run.since_ns);
	if (recording)
		err = output__open(&output, recording__header(recording), NULL);
	if (!err)
		err = replay__run(recording, &output.sink, &options->run, result);
	/* Other formats show losses themselves. */
	if (options->folded && result->counters.lost)
		msg("the stacks of %llu event%s are missing, which the recording had lost",
		    result->counters.lost, result->counters.lost == 1 ? "" : "s");
	if (err)
		output__fail(&output);
	output__close(&output);
	recording__close(recording);
	return err;
}

static enum exitcode exit_code(int err, const struct options *options,
			       const struct run_result *result)
{
	if (err == -EPERM)
		return EXITCODE_PRIVILEGES;
	if (err == -ENODEV)
		return EXITCODE_UNSUITED;
	if (err)
		return EXITCODE_FAILED;
	if (options->strict && result->counters.lost)
		return EXITCODE_LOST;
	return EXITCODE_OK;
}

static bool is_help(const char *fields)
{
	return fields && !strcmp(fields, "help");
}

int main(int argc, char **argv)
{
	struct run_result result = {};
	struct options options;
	int err;

	process__occupy_standard_files();
	setlocale(LC_CTYPE, "");
	msg__set_tool("iosnoop");
	err = options__parse(&options, argc, argv);
	if (err)
		return err == -ENODEV ? EXITCODE_UNSUITED : EXITCODE_USAGE;
	if (options.help || options.version || is_help(options.fields)) {
		if (options.help)
			options__print_help();
		else if (!options.version)
			fields__print_known(stdout);
		else
			printf("iosnoop (iommuscope) " IOMMUSCOPE_VERSION "\n");
		return fflush(stdout) ? EXITCODE_FAILED : EXITCODE_OK;
	}
	msg__capture_libbpf(options.verbose);
	if (options.check)
		err = check__run(options.run.driver);
	else if (options.at.is_given)
		err = at__run(&options.at, options.run.driver, options.json);
	else if (options.replay)
		err = replay(&options, &result);
	else
		err = trace(&options, &result);
	if ((options.check || options.at.is_given) && fflush(stdout))
		return EXITCODE_FAILED;
	return exit_code(err, &options, &result);
}
