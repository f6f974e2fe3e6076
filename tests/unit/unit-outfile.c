// SPDX-License-Identifier: GPL-2.0-only
/*
 * Output files: a regular file is replaced in one step and keeps its mode, links are followed,
 * devices and FIFOs are written to, and nothing is left behind.
 *
 * Finds these faults: -o turns a device, FIFO or link into a regular file, a failure destroys the
 * old file, a reader sees half of the new one, another user can predict the temporary name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "outfile.h"
#include "tap.h"

static char dir[] = "/tmp/unit-outfile.XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(name, "w");

	fputs(text, file);
	fclose(file);
	chmod(name, mode);
}

static const char *get(const char *name)
{
	static char text[64];
	FILE *file = fopen(name, "r");

	memset(text, 0, sizeof(text));
	if (!file)
		return "no file";
	if (!fread(text, 1, sizeof(text) - 1, file))
		text[0] = '\0';
	fclose(file);
	return text;
}

static bool has(const char *name, const char *text)
{
	if (!strcmp(get(name), text))
		return true;
	tap__diag("%s has: %s", name, get(name));
	return false;
}

static mode_t mode_of(const char *name)
{
	struct stat status = {};

	lstat(name, &status);
	return status.st_mode;
}

/* Count the temporary files, and copy the name of one of them. */
static int temporaries(char name[256])
{
	struct dirent *entry;
	int found = 0;
	DIR *all = opendir(".");

	while ((entry = readdir(all)))
		if (!strncmp(entry->d_name, ".iommuscope-", 12)) {
			found++;
			strcpy(name, entry->d_name);
		}
	closedir(all);
	return found;
}

static int write_all(const char *name, const char *text, enum outfile_existing existing)
{
	struct outfile out;
	int err;

	err = outfile__open(&out, name, 0640, existing);
	if (err)
		return err;
	fputs(text, out.file);
	err = outfile__publish(&out);
	outfile__close(&out);
	return err;
}

static void test_new(void)
{
	char name[256];
	mode_t mask = umask(077);

	tap__err(write_all("new", "1\n", OUTFILE_KEEP), 0, "write a file that does not exist");
	umask(mask);
	tap__ok(has("new", "1\n"), "it has the data");
	tap__ok(mode_of("new") == (S_IFREG | 0640), "it has the mode asked for");
	tap__is(temporaries(name), 0, "no temporary file is left");
}

static void test_replace(void)
{
	char first[256], second[256];
	struct outfile out;

	put("old", "old\n", 0604);
	tap__err(outfile__open(&out, "old", 0640, OUTFILE_REPLACE), 0, "open a file that exists");
	fputs("new\n", out.file);
	fflush(out.file);
	tap__ok(has("old", "old\n"), "readers see the old data until the end");
	tap__is(temporaries(first), 1, "the new data is in a temporary file");
	tap__err(outfile__publish(&out), 0, "publish it");
	tap__ok(has("old", "new\n") && mode_of("old") == (S_IFREG | 0604),
		"the file has the new data and its old mode");
	fputs("more\n", out.file);
	outfile__close(&out);
	tap__ok(has("old", "new\nmore\n"), "data written afterwards is appended");

	outfile__open(&out, "old", 0640, OUTFILE_REPLACE);
	fputs("half", out.file);
	temporaries(second);
	outfile__close(&out);
	tap__ok(has("old", "new\nmore\n"), "data that is not published changes nothing");
	tap__ok(strcmp(first, second), "the temporary name is another one each time");
	tap__is(temporaries(second), 0, "and the file is removed");
}

static void test_keep(void)
{
	struct outfile out;

	put("full", "data\n", 0600);
	put("empty", "", 0600);
	tap__err(outfile__check("full"), -EEXIST, "a file with data is found in advance");
	tap__err(outfile__check("empty"), 0, "an empty file is none");
	tap__err(outfile__check("absent"), 0, "nor is an absent one");
	tap__err(write_all("full", "x", OUTFILE_KEEP), -EEXIST, "a file with data is refused");
	tap__ok(has("full", "data\n"), "and stays as it is");
	tap__err(write_all("empty", "x", OUTFILE_KEEP), 0, "an empty file is replaced");
	outfile__open(&out, "late", 0600, OUTFILE_KEEP);
	put("late", "other\n", 0600);
	tap__err(outfile__publish(&out), -EEXIST, "so is one that appears meanwhile");
	outfile__close(&out);
	tap__ok(has("late", "other\n"), "which stays as well");
}

static void test_links(void)
{
	char name[256];

	mkdir("sub", 0700);
	put("sub/target", "old\n", 0640);
	tap__ok(!symlink("sub/target", "link") && !symlink("link", "chain") &&
			!symlink("sub/later", "dangling") && !symlink("around", "around"),
		"make links");
	tap__err(write_all("chain", "new\n", OUTFILE_REPLACE), 0, "write through two links");
	tap__ok(S_ISLNK(mode_of("chain")) && S_ISLNK(mode_of("link")), "they remain links");
	tap__ok(has("sub/target", "new\n"), "the target has the data");
	tap__err(write_all("link", "x", OUTFILE_KEEP), -EEXIST, "the data of a target is kept");
	tap__err(write_all("dangling", "made\n", OUTFILE_KEEP), 0, "write through a dangling link");
	tap__ok(S_ISLNK(mode_of("dangling")) && has("sub/later", "made\n"), "its target is made");
	tap__err(write_all("around", "x", OUTFILE_REPLACE), -ELOOP, "a link to itself is refused");
	tap__is(temporaries(name), 0, "no temporary file beside the links");
	chdir("sub");
	tap__is(temporaries(name), 0, "nor beside the target");
	chdir("..");
}

static void test_others(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char text[8] = "", name[256];
	struct stat before, after;
	int fd, listener;

	mkfifo("fifo", 0600);
	fd = open("fifo", O_RDONLY | O_NONBLOCK);
	tap__err(write_all("fifo", "data\n", OUTFILE_KEEP), 0, "write to a FIFO");
	tap__ok(read(fd, text, sizeof(text)) == 5 && !memcmp(text, "data\n", 5),
		"its reader gets the data");
	tap__ok(S_ISFIFO(mode_of("fifo")), "it remains a FIFO");
	close(fd);
	strcpy(address.sun_path, "socket");
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	tap__ok(!bind(listener, (struct sockaddr *)&address, sizeof(address)) &&
			!listen(listener, 1),
		"make a socket");
	tap__err(write_all("socket", "data\n", OUTFILE_REPLACE), 0, "write to the socket");
	memset(text, 0, sizeof(text));
	fd = accept(listener, NULL, NULL);
	tap__ok(read(fd, text, sizeof(text)) == 5 && S_ISSOCK(mode_of("socket")),
		"its listener gets the data");
	close(fd);
	close(listener);
	tap__err(write_all("socket", "data\n", OUTFILE_REPLACE), -ECONNREFUSED,
		 "a socket without a listener is refused");
	/* Not /dev/null itself: without the fix this test would replace it. */
	fd = mknod("null", S_IFCHR | 0666, makedev(1, 3)) ? -1 : open("null", O_WRONLY);
	if (fd >= 0) {
		close(fd);
		stat("null", &before);
		tap__err(write_all("null", "data\n", OUTFILE_REPLACE), 0, "write to a device");
		stat("null", &after);
		tap__ok(S_ISCHR(after.st_mode) && before.st_ino == after.st_ino,
			"it remains the same device");
	} else {
		tap__skip("cannot make a device here", "write to a device");
		tap__skip("cannot make a device here", "it remains the same device");
	}
	tap__err(write_all("/dev/full", "data\n", OUTFILE_REPLACE), -ENOSPC, "a full device");
	tap__err(write_all("sub", "x", OUTFILE_REPLACE), -EISDIR, "a folder is refused");
	tap__err(write_all("absent/file", "x", OUTFILE_KEEP), -ENOENT, "so is one in no folder");
	tap__is(temporaries(name), 0, "no temporary file is left by failures");
}

static void test_owner(void)
{
	struct stat status;

	if (geteuid()) {
		tap__skip("needs root", "the owner stays");
		return;
	}
	put("theirs", "old\n", 0660);
	if (chown("theirs", 1234, 2345)) {
		tap__skip("cannot change owners here", "the owner stays");
		return;
	}
	write_all("theirs", "new\n", OUTFILE_REPLACE);
	stat("theirs", &status);
	tap__ok(status.st_uid == 1234 && status.st_gid == 2345 &&
			status.st_mode == (S_IFREG | 0660),
		"the owner stays");
}

int main(void)
{
	char command[64];

	tap__start();
	if (!mkdtemp(dir) || chdir(dir))
		return tap__bail("cannot make %s", dir);
	test_new();
	test_replace();
	test_keep();
	test_links();
	test_others();
	test_owner();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		return tap__bail("cannot remove %s", dir);
	return tap__done();
}
