// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output streams and files, see output.h.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errname.h"
#include "msg.h"
#include "output/output.h"

void output__init(struct output *output, const struct output_format *format,
		  const struct output_options *options, FILE *out)
{
	*output = (struct output){ .format = format, .options = options, .out = out };
	json__init(&output->json, out);
}

static int flush(FILE *out, const char *name)
{
	char text[ERRNAME_MAX];
	int err;

	errno = EIO;
	if (!fflush(out) && !ferror(out))
		return 0;
	err = -errno;
	if (err != -EPIPE)
		msg("cannot write to %s: %s", name, errname(-err, text));
	return err;
}

int output__start(struct output *output, const struct model *model)
{
	if (!output->format->start)
		return 0;
	output->format->start(output, model);
	return flush(output->out, "stdout");
}

int output__sample(struct output *output, const struct model *model)
{
	output->format->sample(output, model);
	output->samples++;
	output->last_line = model->nr_lines;
	return flush(output->out, "stdout");
}

int output__finish(struct output *output, const struct model *model, const char *reason)
{
	if (!output->format->finish)
		return 0;
	output->format->finish(output, model, reason);
	return flush(output->out, "stdout");
}

/*
 * Write a temporary file, then rename it, so that a reader never sees half of a sample. It lies in
 * the same directory, with a suffix that node exporters ignore.
 */
int output__replace_file(const char *path, const struct output_format *format,
			 const struct output_options *options, const struct model *model)
{
	char temporary[4096], text[ERRNAME_MAX];
	struct output output;
	FILE *file;
	int err;

	if (snprintf(temporary, sizeof(temporary), "%s.%d.tmp", path, getpid()) >=
	    (int)sizeof(temporary)) {
		msg("%s: the name is too long", path);
		return -ENAMETOOLONG;
	}
	file = fopen(temporary, "we");
	if (!file) {
		err = -errno;
		msg("cannot create %s: %s", temporary, errname(-err, text));
		return err;
	}
	/* A node exporter runs as another user. */
	fchmod(fileno(file), 0644);
	output__init(&output, format, options, file);
	format->sample(&output, model);
	err = flush(file, temporary);
	fclose(file);
	if (!err && rename(temporary, path)) {
		err = -errno;
		msg("cannot replace %s: %s", path, errname(-err, text));
	}
	if (err)
		unlink(temporary);
	return err;
}
