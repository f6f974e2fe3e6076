// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output streams and files, see output.h.
 */
#include <errno.h>
#include <stdio.h>

#include "errname.h"
#include "msg.h"
#include "outfile.h"
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
	output->last_refusal = model->nr_refusals;
	if (model__nr(model, MODEL_HISTORY))
		output->last_moment = model__key(model__row(model, MODEL_HISTORY,
							    model__nr(model, MODEL_HISTORY) - 1))
					      ->number;
	return flush(output->out, "stdout");
}

int output__finish(struct output *output, const struct model *model, const char *reason)
{
	if (!output->format->finish)
		return 0;
	output->format->finish(output, model, reason);
	return flush(output->out, "stdout");
}

int output__write_file(const char *path, const struct output_format *format,
		       const struct output_options *options, const struct model *model)
{
	struct output output;
	struct outfile out;
	int err;

	/* A node exporter runs as another user, and leaves out the temporary file. */
	err = outfile__open(&out, path, 0644, OUTFILE_REPLACE);
	if (err)
		return err;
	output__init(&output, format, options, out.file);
	format->sample(&output, model);
	err = outfile__publish(&out);
	outfile__close(&out);
	return err;
}
