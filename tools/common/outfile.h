/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that a tool writes because the user named them (-o). All tools use these functions.
 *
 *	err = outfile__open(&out, path, 0644, OUTFILE_REPLACE);
 *	if (err)
 *		return err;
 *	fprintf(out.file, ...);
 *	err = outfile__publish(&out);
 *	outfile__close(&out);
 *
 * Symbolic links are followed, as far as the kernel allows it (fs.protected_symlinks). Anything
 * else than a regular file, like a device, a FIFO or a socket, is written to. A regular file is
 * replaced by renaming: the data goes to a temporary file in the same folder, whose name cannot be
 * predicted, and outfile__publish() gives it the name of the old file. Until then readers see the
 * old file, and a failure leaves it as it was. The new file has the mode of the old one, and its
 * owner and group if the process may set them.
 */
#ifndef _COMMON_OUTFILE_H
#define _COMMON_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct outfile {
	FILE *file;
	const char *name; /* as the user gave it, for messages; it belongs to the caller */
	char *target; /* the regular file to replace, links resolved; NULL: written directly */
	char *temporary; /* path of the temporary file; NULL: none, or published */
	bool is_kept; /* do not replace a file that appears until outfile__publish() */
};

enum outfile_existing {
	OUTFILE_REPLACE,
	OUTFILE_KEEP, /* refuse a regular file that is not empty */
};

/*
 * Refuse a path as outfile__open() with OUTFILE_KEEP does, before the work begins. Returns 0, or
 * -EEXIST after a message.
 */
int outfile__check(const char *path);

/*
 * Open a file for writing. A file that does not exist gets this mode, whatever the umask is.
 * Returns 0, or -errno after a message.
 */
int outfile__open(struct outfile *out, const char *path, mode_t mode,
		  enum outfile_existing existing);

/*
 * Flush the data, and put the temporary file in the place of the old file. More may be written
 * afterwards. Returns 0, or -errno after a message; -EPIPE, when the reader of a pipe went away,
 * comes without one.
 */
int outfile__publish(struct outfile *out);

/* Close the file, and remove it if it was not published. */
void outfile__close(struct outfile *out);

#endif /* _COMMON_OUTFILE_H */
