/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * source/: where events come from. A source delivers to a sink and does not know the use of
 * the events. It uses model/ and common/, never render/.
 *
 *	session.c	the BPF programs: load, attach, count, detach
 *	foreign.c	the programs for the kernel's own iommufd
 *	type1.c		the programs for VFIO type1
 *	faults.c	explanations of faults
 *	explain.c	reasons and remedies if loading or attaching failed
 *	stream.c	the live source: takes records from the ring buffer
 *	policies.c	the names of the loaded policies
 *	replay.c	the other source: a recording
 */
#ifndef _IOSNOOP_SOURCE_H
#define _IOSNOOP_SOURCE_H

#include <stdbool.h>
#include <linux/types.h>

#include "dma_fault.h"
#include "event.h"
#include "iommufd_pins.h"
#include "model/model.h"

/* ---- the BPF programs ---- */

struct iosnoop_bpf;
struct iosnoop_host_bpf;
struct iosnoop_upstream_bpf;
struct upstream;
struct driver_state;
struct bpf_object;
struct bpf_link;

/* The explanations of faults that are seen live. */
struct faults {
	struct why_source source;
	struct driver_state *driver; /* NULL: no objects and areas */
	int stacks_fd; /* -1: none */
	struct iommufd_object_info *objects;
	unsigned int nr;
	unsigned int room;
	unsigned int nr_areas; /* searched since read_ns */
	__u64 read_ns; /* when objects were read; 0: never */
};

/* Begin the history. stacks_fd: -1 without stacks. Returns 0, or -ENOMEM after a message. */
int faults__open(struct faults *faults, int pasts_fd, int stacks_fd, struct driver_state *driver);
/* Explain an event; false: it is no fault, or nothing is known. */
bool faults__explain(struct faults *faults, const struct event_record *record,
		     struct why_full *full);
void faults__close(struct faults *faults);

/* The functions of VFIO type1 that are probed. */
enum type1_function {
	TYPE1_REMOTE, /* pins for page tables; first, since it is a part of maps */
	TYPE1_IOCTL,
	TYPE1_PIN, /* by mediated devices */
	TYPE1_UNPIN,
	TYPE1_RW, /* vfio_dma_rw() of their drivers */
	NR_TYPE1_FUNCTIONS
};

struct type1_links {
	struct bpf_link *begin, *end;
	bool by_btf; /* fentry and fexit programs, not kprobes */
};

#define TYPE1_BITS \
	(EVENT_MASK(EVENT_type1_map) | EVENT_MASK(EVENT_type1_unmap) | \
	 EVENT_MASK(EVENT_type1_dirty) | EVENT_MASK(EVENT_type1_pin) | \
	 EVENT_MASK(EVENT_type1_unpin) | EVENT_MASK(EVENT_type1_rw))

struct session {
	enum driver_kind driver_kind; /* where the events of the driver come from */
	struct iosnoop_bpf *bpf; /* tracepoints of the driver; the maps of all programs */
	struct iosnoop_host_bpf *host; /* VFIO type1 and hardware faults; needs the kernel's BTF */
	/* With DRIVER_UPSTREAM: */
	struct iosnoop_upstream_bpf *foreign; /* functions of the kernel's own iommufd */
	struct upstream *upstream;
	struct bpf_link *foreign_links[64];
	unsigned int nr_foreign_links;
	__u64 foreign_events; /* that there are programs for */
	struct bpf_link *links[NR_EVENTS];
	struct type1_links type1[NR_TYPE1_FUNCTIONS];
	struct bpf_link *type1_release; /* NULL: containers have no numbers */
	struct bpf_link *exec_link; /* with stacks */
	struct dma_fault_links dma_fault;
	struct bpf_link *owner_links[5]; /* with has_owners */
	struct bpf_link *pins_links[2]; /* with counts_pins */
	bool is_recorded; /* so that names of devices are needed */
	bool maps_tell_owner; /* of contexts whose faults are traced */
	bool has_owners; /* events are traced that come from other threads */
	struct iommufd_filter filter; /* the request's, with the cgroup of the machine */
	struct driver_state *driver; /* for snapshots and faults; NULL: without */
	struct faults faults; /* with has_past */
	bool has_past; /* the events that explain faults are kept */
	__u64 asked; /* events to attach that the run needs, see session.c */
	__u64 wanted; /* these, and those that only explain faults */
	__u64 events; /* chosen and attached */
	int errors[NR_EVENTS]; /* why a host event cannot be attached */
	/* Known after detaching: */
	__u64 not_run; /* events for which the kernel ran no program */
	__u64 unfinished; /* type1 calls in progress */
	__u64 unended; /* type1 calls whose end was missed */
};

int session__load(struct session *session, const struct run_request *request);
int session__attach(struct session *session, const struct run_request *request);
/* Detach all programs; the counters are final afterwards. */
void session__detach(struct session *session);
int session__ring_fd(const struct session *session);
int session__counters(const struct session *session, struct event_counters *sum);
/* When a process last called exec, in CLOCK_MONOTONIC; 0 if it did not while stacks are traced. */
__u64 session__exec_ns(const struct session *session, __u32 tgid);
/* Take the pins of a process since the last call; false if they are not counted. */
bool session__take_pins(const struct session *session, const struct pins_key *key,
			struct pins *pins);
void session__close(struct session *session);
/* The name of the tracepoint or function that the program of an event is attached to. */
const char *session__target(const struct session *session, enum event_id event, char text[64]);

#define EXPLAIN_MAX 256

/* ---- the kernel's own iommufd, as a part of a session ---- */

/* After the other programs, whose maps these use. Return 0, or -errno after a message. */
int foreign__load(struct session *session, const struct run_request *request);
int foreign__attach(struct session *session);
const struct bpf_object *foreign__object(const struct session *session);
/* Return a clause on why there are no events of this kind. */
const char *foreign__explain(const struct session *session, enum event_id event,
			     char text[EXPLAIN_MAX]);
void foreign__detach(struct session *session);
void foreign__close(struct session *session);

/* ---- VFIO type1, as a part of a session ---- */

/* Number the containers that there are, if type1 is the source: before type1__choose(). */
void type1__find_containers(struct session *session, bool is_recorded);
/* Choose the programs to load for the wanted events. Returns 0 or -errno. */
int type1__choose(struct session *session, struct iosnoop_host_bpf *host, bool may_use_btf);
/* Whether programs were chosen that use the BTF of the module. */
bool type1__uses_btf(const struct session *session);
/* The events that need a function. */
__u64 type1__events(enum type1_function function);
/* Attach the programs of a function, after loading. Returns 0 or -errno. */
int type1__attach(struct session *session, enum type1_function function);
const char *type1__target(const struct session *session, enum event_id event, char text[64]);
/*
 * Stop counting new calls, and give those in progress a moment to end. A call that is still in
 * progress then counts as filtered, one whose end was missed as lost.
 */
void type1__finish(struct session *session);
void type1__close(struct session *session);

/* ---- explanations ---- */

/* Each prints a message and returns the error that iosnoop ends with. */
int explain__privileges(void); /* 0 if there is nothing to explain */
int explain__no_module(void);
int explain__load(int err, const struct run_request *request);
int explain__attach(enum event_id event, int err);
/* Return a clause on why a host event cannot be attached. */
const char *explain__host(enum event_id event, int err, char text[EXPLAIN_MAX]);

/* ---- names of policies ---- */

/* Ask the running kernel for a name when the first event of a policy needs it. */
void policies__read_names(void);

/* ---- the sources ---- */

/*
 * Deliver events to the sink until something ends the run, then detach the session and deliver the
 * rest. The run ends, too, when the reader of reader_fd goes away; -1: there is none to watch.
 */
int stream__run(struct session *session, struct sink *sink, const struct run_request *request,
		int reader_fd, struct run_result *result);
/* Deliver the events of a recording that pass the request. */
int replay__run(struct recording *recording, struct sink *sink, const struct run_request *request,
		struct run_result *result);

#endif /* _IOSNOOP_SOURCE_H */
