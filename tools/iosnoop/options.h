/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line of iosnoop. model/model.h describes how its folders depend on each other; the
 * files beside this one put them together:
 *
 *	options.c	the command line
 *	output.c	the sink of the sources: chooses renderers and hands them the events
 *	log_file.c	the file of --log
 *	check.c		--check
 *	at.c at_print.c	--at
 *	main.c		the steps of a run, and the exit code
 */
#ifndef _IOSNOOP_OPTIONS_H
#define _IOSNOOP_OPTIONS_H

#include "at.h"
#include "model/model.h"
#include "render/render.h"

struct options {
	struct run_request run;
	struct at at; /* --at */
	const char *fields; /* --fields; NULL: not given */
	const char *record; /* file names; NULL: none */
	const char *log;
	const char *trace;
	const char *report;
	const char *replay;
	const char *since;
	const char *until;
	struct segment_limits limits; /* of a folder of recordings, or of the log */
	bool force; /* overwrite record or trace */
	bool timestamps;
	bool wide;
	bool json;
	bool csv;
	bool histogram;
	bool sizes;
	bool summary;
	bool stacks;
	bool folded;
	bool quiet;
	bool strict;
	bool check;
	bool verbose;
	bool help;
	bool version;
};

int options__parse(struct options *options, int argc, char **argv);
void options__print_help(void);

#endif /* _IOSNOOP_OPTIONS_H */
