// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/userfaultfd.h>

#include "mem.h"
#include "stall.h"
#include "tap.h"

char *stall_page;
static int uffd = -1;

int stall__init(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_WP };

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0)
		return -errno;
	stall_page =
		mmap(NULL, MEM_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(stall_page, 0, MEM_PAGE);
	reg.range = (struct uffdio_range){ .start = (uintptr_t)stall_page, .len = MEM_PAGE };
	if (ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return 0;
}

int stall__protect(bool on)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = (uintptr_t)stall_page, .len = MEM_PAGE },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(uffd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

bool stall__reached(void)
{
	struct pollfd pfd = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	return poll(&pfd, 1, TAP_PATIENCE_MS) == 1 &&
	       read(uffd, &msg, sizeof(msg)) == sizeof(msg) && msg.event == UFFD_EVENT_PAGEFAULT;
}

static void *call_main(void *arg)
{
	struct call *call = arg;

	call->ret = call->fn(call);
	atomic_store(&call->done, true);
	return NULL;
}

void call__start(struct call *call, int (*fn)(struct call *call), struct mock *m)
{
	call->fn = fn;
	call->m = m;
	atomic_store(&call->done, false);
	pthread_create(&call->thread, NULL, call_main, call);
}

bool call__done(struct call *call, int ms)
{
	while (!atomic_load(&call->done) && ms-- > 0)
		usleep(1000);
	return atomic_load(&call->done);
}
