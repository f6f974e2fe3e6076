// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of addresses in the stacks of processes.
 *
 * The processes map a small library, which the test makes, at the same address: it has the function
 * whose name the test chooses at FUNCTION, then a label without a size, and another function.
 *
 * Finds these faults: an address in a mapped file that is relocatable ends iosnoop; a file of
 * another mount namespace is looked for in ours; names stay after an exec and when a process gets
 * the id of another; an address behind a function, or behind a library, is named after it; a file
 * that is truncated meanwhile ends iosnoop.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/common/clock.h"
#include "../../tools/iosnoop/model/model.h"
#include "../lib/tap.h"

#define RELOCATABLE "build/policies/quota.bpf.o"
#define SIZE 4096

#define BASE 0x20000000ul /* where processes map the library */
#define LIB_SIZE 0x3000
#define TEXT 0x1000
#define FUNCTION 0x1100
#define FUNCTION_SIZE 0x40
#define LABEL 0x1200
#define AFTER 0x1300
#define AFTER_SIZE 0x20

static char dir[] = "/tmp/unit-symbols.XXXXXX", lib[64];
static struct symbols *symbols;
static __u64 exec_at; /* the answer of exec_ns() */

static __u64 exec_ns(void *ctx, __u32 tgid)
{
	(void)ctx;
	(void)tgid;
	return exec_at;
}

/* ---- the library ---- */

static uint32_t add_text(char *texts, size_t *used, const char *text)
{
	uint32_t at = *used;

	strcpy(texts + at, text);
	*used += strlen(text) + 1;
	return at;
}

static bool write_lib(const char *path, const char *function)
{
	static unsigned char image[LIB_SIZE];
	Elf64_Ehdr *header = (void *)image;
	Elf64_Phdr *load = (void *)(image + sizeof(*header));
	Elf64_Sym *symbols_of = (void *)(image + 0x2000);
	char *texts = (char *)image + 0x2200;
	Elf64_Shdr *sections = (void *)(image + 0x2400);
	size_t used = 1;
	int fd;

	memset(image, 0, sizeof(image));
	*header = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(*header),
		.e_ehsize = sizeof(*header),
		.e_phentsize = sizeof(*load),
		.e_phnum = 1,
		.e_shoff = 0x2400,
		.e_shentsize = sizeof(*sections),
		.e_shnum = 4,
		.e_shstrndx = 3,
	};
	*load = (Elf64_Phdr){ .p_type = PT_LOAD,
			      .p_flags = PF_R | PF_X,
			      .p_filesz = LIB_SIZE,
			      .p_memsz = LIB_SIZE,
			      .p_align = 0x1000 };
	symbols_of[1] = (Elf64_Sym){ .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
				     .st_shndx = 1,
				     .st_value = FUNCTION,
				     .st_size = FUNCTION_SIZE,
				     .st_name = add_text(texts, &used, function) };
	symbols_of[2] = (Elf64_Sym){ .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE),
				     .st_shndx = 1,
				     .st_value = LABEL,
				     .st_name = add_text(texts, &used, "label") };
	symbols_of[3] = (Elf64_Sym){ .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
				     .st_shndx = 1,
				     .st_value = AFTER,
				     .st_size = AFTER_SIZE,
				     .st_name = add_text(texts, &used, "after") };
	sections[1] = (Elf64_Shdr){ .sh_type = SHT_PROGBITS,
				    .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				    .sh_addr = TEXT,
				    .sh_offset = TEXT,
				    .sh_size = 0x1000,
				    .sh_name = add_text(texts, &used, ".text") };
	sections[2] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
				    .sh_offset = 0x2000,
				    .sh_size = 4 * sizeof(Elf64_Sym),
				    .sh_link = 3,
				    .sh_info = 1,
				    .sh_entsize = sizeof(Elf64_Sym),
				    .sh_name = add_text(texts, &used, ".symtab") };
	sections[3] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
				    .sh_offset = 0x2200,
				    .sh_size = 0x200,
				    .sh_name = add_text(texts, &used, ".strtab") };
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, image, sizeof(image)) != sizeof(image))
		return false;
	return !close(fd);
}

/* Map the library, with a page without a file behind it. */
static bool map_lib(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *map = mmap((void *)BASE, LIB_SIZE, PROT_READ | PROT_EXEC,
			 MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);

	if (fd < 0 || map == MAP_FAILED)
		return false;
	close(fd);
	map = mmap((void *)(BASE + LIB_SIZE), SIZE, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	return map != MAP_FAILED;
}

/* ---- processes that map it ---- */

static int ready[2];

/* The steps of a process before it waits to be killed. Returns false if one failed. */
static bool run(const char *how)
{
	if (!strcmp(how, "elsewhere") &&
	    (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	     mount("none", dir, "tmpfs", 0, NULL) || !write_lib(lib, "another_build")))
		return false;
	if (!map_lib(lib))
		return false;
	if (!strcmp(how, "deleted"))
		unlink(lib);
	if (!strcmp(how, "truncated") && truncate(lib, 0))
		return false;
	return true;
}

static void child(const char *how, int ready_fd)
{
	char done = run(how) ? 'y' : 'n';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(ready_fd, &done, 1) != 1)
		_exit(1);
	/* A byte is the order to call exec. */
	if (!strcmp(how, "exec") && read(STDIN_FILENO, &done, 1) == 1) {
		char fd[16];

		snprintf(fd, sizeof(fd), "%d", ready_fd);
		execl("/proc/self/exe", "unit-symbols", "--map", lib, fd, NULL);
	}
	for (;;)
		pause();
}

static bool is_ready(void)
{
	char done = 'n';

	return read(ready[0], &done, 1) == 1 && done == 'y';
}

/* Start a process, with that id if it is not 0. Returns its id, or -1. */
static pid_t start(const char *how, pid_t wanted)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid;

	fflush(stdout);
	if (wanted) {
		args.set_tid = (uintptr_t)&wanted;
		args.set_tid_size = 1;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		child(how, ready[1]);
	return pid > 0 && is_ready() ? pid : -1;
}

static void end(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- look-ups ---- */

/* "name+0x12" of an address in the library; "-" without a name. */
static const char *name_at(pid_t pid, __u64 at, __u64 time_ns)
{
	const struct symbols_owner owner = { pid, pid, time_ns };
	static char text[300];
	const char *name;
	__u32 offset;
	bool is_new;

	name = symbols__find(symbols, &owner, BASE + at, &offset, &is_new);
	if (!name)
		return "-";
	snprintf(text, sizeof(text), "%s+0x%x", name, offset);
	return text;
}

static void is_name(pid_t pid, __u64 at, const char *want, const char *what)
{
	const char *got = name_at(pid, at, clock__now());

	if (!tap__ok(!strcmp(got, want), "%s", what))
		tap__diag("%s, not %s", got, want);
}

static void test_ranges(void)
{
	pid_t pid = start("plain", 0);

	if (!tap__ok(pid > 0, "a process that has mapped the library"))
		return;
	is_name(pid, FUNCTION + 5, "one_build+0x5", "an address in a function");
	is_name(pid, FUNCTION + FUNCTION_SIZE, "[lib.so]+0x1140", "the address behind its end");
	is_name(pid, LABEL + 0xff, "label+0xff", "a symbol without a size reaches to the next one");
	is_name(pid, AFTER + 1, "after+0x1", "and not further");
	is_name(pid, AFTER + AFTER_SIZE, "[lib.so]+0x1320", "behind the last function");
	is_name(pid, LIB_SIZE + 8, "-", "memory behind the library has no name");
	end(pid);
	is_name(pid, FUNCTION + 5, "-", "nor has anything when the process is gone");
}

static void test_files(void)
{
	pid_t here = start("plain", 0), there = start("elsewhere", 0), deleted, truncated;

	is_name(here, FUNCTION, "one_build+0x0", "a process in our mount namespace");
	if (there > 0)
		is_name(there, FUNCTION, "another_build+0x0",
			"another build under the same path in another mount namespace");
	else
		tap__skip("no mount namespace", "a process in another mount namespace");
	is_name(here, FUNCTION + 1, "one_build+0x1", "and the first one again");
	end(there);
	end(here);
	truncated = start("truncated", 0);
	tap__ok(truncated > 0 &&
			strcmp(name_at(truncated, FUNCTION, clock__now()), "one_build+0x0"),
		"a file that was truncated has no functions, and does no harm");
	end(truncated);
	write_lib(lib, "one_build");
	deleted = start("deleted", 0);
	write_lib(lib, "new_build");
	is_name(deleted, FUNCTION, "one_build+0x0", "a file that was replaced");
	end(deleted);
	write_lib(lib, "one_build");
}

static void test_exec(void)
{
	__u64 before;
	int orders[2], saved = dup(STDIN_FILENO);
	pid_t pid;

	if (pipe(orders))
		return;
	dup2(orders[0], STDIN_FILENO);
	pid = start("exec", 0);
	dup2(saved, STDIN_FILENO);
	is_name(pid, FUNCTION, "one_build+0x0", "a process before exec");
	unlink(lib);
	write_lib(lib, "next_program");
	before = clock__now();
	if (!tap__ok(write(orders[1], "e", 1) == 1 && is_ready(), "it called exec"))
		return;
	exec_at = clock__now();
	is_name(pid, FUNCTION, "next_program+0x0",
		"after exec it has the names of the new program");
	tap__ok(!strcmp(name_at(pid, FUNCTION, before), "-"),
		"an event from before exec has none any more");
	exec_at = 0;
	end(pid);
	unlink(lib);
	write_lib(lib, "one_build");
}

static void test_reuse(void)
{
	pid_t first = start("plain", 0), second;
	__u64 before = clock__now();

	is_name(first, FUNCTION, "one_build+0x0", "a process");
	end(first);
	unlink(lib);
	write_lib(lib, "heir");
	/* The kernel has the start of a process in ticks of 10 ms. */
	while (clock__now() - before < NS_PER_SEC / 20)
		usleep(1000);
	second = start("plain", first);
	if (second != first) {
		tap__skip("no permission to choose a process id", "a process id in use again");
	} else {
		is_name(second, FUNCTION, "heir+0x0", "another process with the same id");
		tap__ok(!strcmp(name_at(second, FUNCTION, before), "-"),
			"an event of the first one has no names any more");
	}
	end(second);
	unlink(lib);
	write_lib(lib, "one_build");
}

int main(int argc, char **argv);

static void test_self(void)
{
	const struct symbols_owner owner = { getpid(), getpid(), clock__now() };
	int fd = open(RELOCATABLE, O_RDONLY | O_CLOEXEC);
	char *map = mmap(NULL, SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	const char *name;
	__u32 offset;
	bool is_new;

	if (!tap__ok(fd >= 0 && map != MAP_FAILED, RELOCATABLE))
		return;
	name = symbols__find(symbols, &owner, (uintptr_t)main, &offset, &is_new);
	tap__ok(name && !strcmp(name, "main") && !offset && is_new, "the name of a function");
	symbols__find(symbols, &owner, (uintptr_t)main, &offset, &is_new);
	tap__ok(!is_new, "which is new only once");
	name = symbols__find(symbols, &owner, (uintptr_t)map + 100, &offset, &is_new);
	tap__ok(name && !strcmp(name, "[quota.bpf.o]") && offset == 100,
		"an address in a relocatable file has its name");
	munmap(map, SIZE);
	name = symbols__find(symbols, &owner, (uintptr_t)map + 100, &offset, &is_new);
	tap__ok(!name && is_new, "but not when it is no longer mapped");
	close(fd);
}

/* A module's last symbol does not reach beyond the module. */
static void test_kernel(void)
{
	const struct symbols_owner kernel = {};
	__u32 offset;
	bool is_new;

	tap__ok(!symbols__find(symbols, &kernel, ~0ULL, &offset, &is_new),
		"the last address is in no function of the kernel");
}

static void test_recorded(void)
{
	const struct symbols_options options = {};
	const struct symbols_owner owner = { 7, 7, 0 };
	struct symbols *recorded = symbols__new(&options);
	const char *name;
	__u32 offset;
	bool is_new;

	symbols__add(recorded, 7, 0x1000, 4, "first");
	name = symbols__find(recorded, &owner, 0x1000, &offset, &is_new);
	tap__ok(name && !strcmp(name, "first") && offset == 4, "a recorded name");
	symbols__add(recorded, 7, 0x1000, 8, "second");
	name = symbols__find(recorded, &owner, 0x1000, &offset, &is_new);
	tap__ok(name && !strcmp(name, "second") && offset == 8, "a later one takes its place");
	symbols__add(recorded, 7, 0x1000, 0, "");
	tap__ok(!symbols__find(recorded, &owner, 0x1000, &offset, &is_new),
		"also when it is empty");
	symbols__free(recorded);
}

int main(int argc, char **argv)
{
	const struct symbols_options options = { .is_live = true, .exec_ns = exec_ns };

	if (argc == 4 && !strcmp(argv[1], "--map")) {
		snprintf(lib, sizeof(lib), "%s", argv[2]);
		child("plain", atoi(argv[3]));
	}
	tap__start();
	if (!mkdtemp(dir) || pipe(ready))
		return tap__bail("no temporary folder");
	snprintf(lib, sizeof(lib), "%s/lib.so", dir);
	if (!write_lib(lib, "one_build"))
		return tap__bail("cannot write the library");
	symbols = symbols__new(&options);
	test_self();
	test_ranges();
	test_files();
	test_exec();
	test_reuse();
	test_kernel();
	test_recorded();
	symbols__free(symbols);
	unlink(lib);
	rmdir(dir);
	return tap__done();
}
