# SPDX-License-Identifier: GPL-2.0-only
# iommuscope: builds everything into build/.  `make help` lists the targets.
#
# scripts/setup runs first and writes build/setup/paths.mk, which says where the kernel's headers,
# bpftool, libbpf and QEMU are.  With SETUP=no nothing is set up or changed and the variables
# below name the tools.
#
# Kernel modules are built in a folder of symbolic links, build/obj/KERNEL/, so that several kernels
# can be built from one checkout; the results are copied to MODOUT (build/).  kernel/ also builds
# alone with `make -C $KDIR M=$PWD/kernel`.
#
# KERNEL=NAME fetches another kernel of Debian with scripts/kernel and builds and tests on it.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
SHELL := /bin/bash
V ?= 0
ifeq ($(V),0)
Q := @
say = @printf '  %-8s %s\n' $(1) $(2);
else
Q :=
say =
endif

# -------- set-up --------
no_setup_goals := help clean distclean
ifneq ($(filter-out $(no_setup_goals),$(or $(MAKECMDGOALS),all)),)
ifneq ($(SETUP),no)
include build/setup/paths.mk
build/setup/paths.mk: FORCE
	@scripts/setup
endif
# As many jobs as there are processors, unless -j says otherwise.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
endif

# -------- variables that can be overridden --------
ifneq ($(KERNEL),)
ifneq ($(filter-out $(no_setup_goals),$(or $(MAKECMDGOALS),all)),)
kernel_root := $(shell scripts/kernel $(KERNEL))
ifeq ($(kernel_root),)
$(error KERNEL=$(KERNEL) cannot be had, see above)
endif
# KREL, KDIR, VMLINUZ, VFIO_SOURCE, SAMPLES_SOURCE
include $(kernel_root)/paths.mk
MODOUT ?= build/kernels/$(KREL)
test_kernel := --kernel $(VMLINUZ) --modules $(MODOUT) --skip tests/kernel.skip
ifneq ($(and $(CROSS),$(filter cross,$(MAKECMDGOALS))),)
cross_folder := $(shell scripts/cross)
ifeq ($(cross_folder),)
$(error programs of arm64 cannot be built, see above)
endif
include $(cross_folder)/paths.mk
endif
endif
endif
KDIR ?= $(or $(SETUP_KDIR),/lib/modules/$(shell uname -r)/build)
VFIO_SOURCE ?= $(SETUP_VFIO)
SAMPLES_SOURCE ?= $(SETUP_SAMPLES)
BPFTOOL ?= $(or $(SETUP_BPFTOOL),bpftool)
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
VMLINUX_BTF ?= $(or $(SETUP_KDIR),$(KDIR))/vmlinux
LIBBPF_A ?= $(or $(SETUP_LIBBPF_A),-lbpf)
comma := ,
# The BTF of the kernel is read once, see tools/common/kernel_btf.h.
libbpf = $(patsubst %,-Wl$(comma)--wrap=%,bpf_btf_get_next_id btf__load_vmlinux_btf \
	btf_get_from_fd btf__find_by_name_kind btf__free) $(LIBBPF_A)
CFLAGS ?= -O2 -g
MODOUT ?= build
# Command-line variables meant for us (CC, V) are not for the kernel's own make.
MAKEOVERRIDES :=
kbuild_args = $(foreach v,W C KCFLAGS,$(if $($v),$v='$($v)')) $(if $(Q),-s,V=1)

# -------- build results --------
TOOLS := iosnoop iommutop iopolicy
MODULES := iommufd iommufd_mock
VFIO_MODULES := vfio vfio_iommu_type1 vfio-pci-core vfio-pci mdev
SAMPLES := mtty

# Of the source that scripts/setup has unpacked.
vfio_version := $(if $(filter $(SETUP_VFIO),$(VFIO_SOURCE)),$(firstword $(subst +, ,$(SETUP_KREL))))

modules := $(MODULES:%=$(MODOUT)/%.ko)
vfio := $(VFIO_MODULES:%=$(MODOUT)/vfio/%.ko)
samples := $(if $(SAMPLES_SOURCE),$(SAMPLES:%=$(MODOUT)/%.ko))
# For the kernel's own vfio, if it has one.
test_modules := $(if $(shell grep -sw vfio_pin_pages $(KDIR)/Module.symvers),$(patsubst \
	tests/modules/%.c,$(MODOUT)/%.ko,$(wildcard tests/modules/*.c)))
tools := $(foreach t,$(TOOLS),$(if $(wildcard tools/$t/*.c),build/$t))
# tests/vm/NAME.c and tests/clients/NAME.c become NAME, the others have a prefix. Further sources of
# FOLDER/NAME.c are in FOLDER/NAME/.
client_sources := $(wildcard $(addsuffix /*.c,tests/vm tests/clients tests/fuzz tests/bench \
	tests/examples))
client_of = build/tests/$(patsubst examples/%,example-%,$(patsubst bench/%,bench-%,$(patsubst \
	fuzz/%,fuzz-%,$(patsubst clients/%,%,$(patsubst vm/%,%,$(1:tests/%.c=%))))))
clients := $(foreach c,$(client_sources),$(call client_of,$c))
policies := $(patsubst bpf/%.c,build/%.o,$(wildcard bpf/policies/*.bpf.c))
test_bpf := $(patsubst %.c,build/tests/%.o,$(notdir \
	$(wildcard tests/bpf/*.bpf.c tests/policies/*.bpf.c)))
tuis := $(patsubst tests/tui/%.c,build/tests/tui-%,$(wildcard tests/tui/*.c))
manuals := $(TOOLS:%=build/man/%.8) build/man/iommufd-events.7 build/man/iommufd-ext.4
completions := $(foreach t,$(TOOLS),$(addprefix build/completions/,$t.bash _$t $t.fish))
units := $(patsubst tests/unit/%.c,build/tests/%,$(wildcard tests/unit/unit-*.c))

all: modules vfio samples tools manuals policies tests	## build everything into build/
modules: $(modules)			## build/iommufd.ko and build/iommufd_mock.ko only
vfio: $(vfio)				## build/vfio/*.ko only
samples: $(samples) $(test_modules)	## build/mtty.ko and tests/modules only, for tests
tools: $(tools)				## the user programs only
manuals: $(manuals) $(completions)	## the manual pages and completions only
policies: $(policies)			## build/policies/*.bpf.o only
tests: test-programs $(units) $(tuis)	## the test programs only
test-programs: $(clients) $(test_bpf) build/tests/events.tsv

# need TOOL VARIABLE: one sentence when TOOL is missing
need = @command -v $(1) >/dev/null || \
	{ echo "make: $(1) is missing: install it or set $(2)" >&2; exit 1; };

# -------- kernel modules --------
KREL := $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null)
obj := build/obj/$(or $(KREL),unknown)
ksrc := $(shell find kernel include -type f \
	\( -name '*.[chS]' ! -name '*.mod.c' -o -name Kbuild -o -path '*/port/*' \) -print)

$(obj)/kdir: FORCE
	@scripts/check-kdir $(KDIR)
	@mkdir -p $(@D); echo $(abspath $(KDIR)) | cmp -s - $@ || echo $(abspath $(KDIR)) >$@

$(obj)/kernel.symvers: $(ksrc) $(obj)/kdir $(wildcard $(KDIR)/Module.symvers) scripts/link-tree
	$(call say,KMOD,"iommufd for $(KREL)")
	$(Q)scripts/link-tree kernel $(obj)/kernel && scripts/link-tree include $(obj)/include
	+$(Q)$(MAKE) -C $(KDIR) M=$(abspath $(obj)/kernel) $(kbuild_args) modules
	$(Q)cp $(obj)/kernel/Module.symvers $@

# Kept apart from kernel.symvers: changes only when the symbols do, so vfio is not always remade.
$(obj)/exports: $(obj)/kernel.symvers FORCE
	@cmp -s $< $@ || cp $< $@

$(obj)/vfio.done: $(obj)/exports vfio/Makefile vfio/options.mk
	@scripts/check-kdir $(KDIR) $(VFIO_SOURCE) $(vfio_version)
	$(call say,KMOD,"vfio for $(KREL)")
	+$(Q)$(MAKE) -C vfio KDIR=$(abspath $(KDIR)) SOURCE=$(abspath $(VFIO_SOURCE)) \
		SYMVERS=$(abspath $(obj)/exports) OUT=$(abspath $(obj)/vfio) \
		KBUILD_ARGS="$(kbuild_args)"
	$(Q)touch $@

# Of vfio's folder only the symbols matter, and they change when vfio is made again.
$(obj)/samples.done: $(obj)/vfio.done vfio/samples/Makefile
	$(call say,KMOD,"samples for $(KREL)")
	+$(Q)$(MAKE) -C vfio/samples KDIR=$(abspath $(KDIR)) SOURCE=$(abspath $(SAMPLES_SOURCE)) \
		SYMVERS="$(abspath $(obj)/exports $(obj)/vfio/Module.symvers)" \
		OUT=$(abspath $(obj)/samples) NAMES="$(SAMPLES)" KBUILD_ARGS="$(kbuild_args)"
	$(Q)touch $@

# Copied when different: which kernel's modules are in MODOUT does not follow from dates.
$(modules): $(MODOUT)/%.ko: $(obj)/kernel.symvers FORCE
	@mkdir -p $(@D); ko=$$(find $(obj)/kernel -name $*.ko); cmp -s $$ko $@ || cp $$ko $@
$(vfio): $(MODOUT)/vfio/%.ko: $(obj)/vfio.done FORCE
	@mkdir -p $(@D); ko=$$(find $(obj)/vfio -name $*.ko); cmp -s $$ko $@ || cp $$ko $@
$(samples): $(MODOUT)/%.ko: $(obj)/samples.done FORCE
	@mkdir -p $(@D); cmp -s $(obj)/samples/$*.ko $@ || cp $(obj)/samples/$*.ko $@

# The exports, because then the folders of the driver and its headers are linked, too.
$(obj)/test-modules.done: $(wildcard tests/modules/*) $(shell find kernel/port -type f) \
		$(obj)/exports scripts/link-tree
	$(call say,KMOD,"modules of tests for $(KREL)")
	$(Q)scripts/link-tree tests/modules $(obj)/test-modules
	+$(Q)$(MAKE) -C $(KDIR) M=$(abspath $(obj)/test-modules) $(kbuild_args) modules
	$(Q)touch $@
$(test_modules): $(MODOUT)/%.ko: $(obj)/test-modules.done FORCE
	@mkdir -p $(@D); ko=$(obj)/test-modules/$*.ko; cmp -s $$ko $@ || cp $$ko $@

# -------- BPF --------
# Objects do not depend on the folder that they are built in.
here := -ffile-prefix-map=$(CURDIR)=.
BPF_ARCH ?= x86
bpf_flags := $(here) -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -O2 -g -Wall -Wextra \
	-Wno-unused-parameter -mcpu=v3 -Iinclude -Ibpf -Ibuild/bpf $(SETUP_LIBBPF_INC:%=-I%)

build/bpf/vmlinux.h: $(VMLINUX_BTF)
	$(call need,$(BPFTOOL),BPFTOOL)
	$(call say,BTF,$@)
	$(Q)mkdir -p $(@D); $(BPFTOOL) btf dump file $< format c >$@

build/bpf/%.bpf.o: bpf/%.bpf.c build/bpf/vmlinux.h
	$(call need,$(CLANG),CLANG)
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D); $(CLANG) $(bpf_flags) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@.tmp
	$(Q)$(BPFTOOL) gen object $@ $@.tmp && rm $@.tmp

build/bpf/%.skel.h: build/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst -,_,$*)_bpf >$@

# Policies use the author's header and libbpf's, and no vmlinux.h. They load as compiled.
define compile_policy
	$(call need,$(CLANG),CLANG)
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D); $(CLANG) $(here) -target bpf -mcpu=v3 -O2 -g -Wall \
		-Wextra -Wno-unused-parameter -Iinclude $(SETUP_LIBBPF_INC:%=-I%) \
		-MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@
endef
build/policies/%.bpf.o: bpf/policies/%.bpf.c
	$(compile_policy)
build/tests/%.bpf.o: tests/bpf/%.bpf.c
	$(compile_policy)
build/tests/%.bpf.o: tests/policies/%.bpf.c
	$(compile_policy)

# -------- user side --------
user_flags := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow $(CFLAGS)
user_inc := -Ibuild/uapi -Iinclude -Iinclude/uapi -Itools/common -Itests/lib -Ibuild/bpf \
	$(SETUP_LIBBPF_INC:%=-I%)
common := $(patsubst %.c,build/obj/user/%.o,$(wildcard tools/common/*.c))

$(patsubst %,build/obj/%/tools/common/driver_state.o,user san fuzz): build/bpf/driver_state.skel.h
$(patsubst %,build/obj/%/tools/common/cost.o,user san fuzz): build/bpf/cost.skel.h
$(patsubst %,build/obj/%/tools/common/foreign_state.o,user san fuzz): \
	build/bpf/type1_state.skel.h build/bpf/upstream_state.skel.h

build/obj/user/%.o: %.c
	$(call need,$(CC),CC)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D); $(CC) $(user_flags) $(user_inc) $(CPPFLAGS) -MMD -MP -c $< -o $@

# A tool is made of the C files in tools/NAME, its subfolders and tools/common, and the skeletons of
# bpf/NAME.bpf.c and bpf/NAME_*.bpf.c. optgen is linked with the tool's objects, and writes the
# completions and the manual page from the tool's table of options.
optgen := $(patsubst %.c,build/obj/user/%.o,$(wildcard tools/optgen/*.c))
define tool
$(1)_objs := $$(patsubst %.c,build/obj/user/%.o,$$(wildcard tools/$(1)/*.c tools/$(1)/*/*.c))
$$($(1)_objs): private CPPFLAGS += -Itools/$(1)
$$($(1)_objs): $$(patsubst bpf/%.bpf.c,build/bpf/%.skel.h,\
	$$(wildcard bpf/$(1).bpf.c bpf/$(1)_*.bpf.c))
build/$(1): $$($(1)_objs) $$(common)
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) $$^ $$(libbpf) $$($(1)_libs) -lelf -lz $$(LDLIBS) \
		-o $$@
build/obj/optgen-$(1): $$(filter-out build/obj/user/tools/$(1)/main.o,$$($(1)_objs)) $$(common) \
		$$(optgen)
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) $$^ $$(libbpf) $$($(1)_libs) -lelf -lz $$(LDLIBS) \
		-o $$@
build/completions/$(1).bash: build/obj/optgen-$(1)
	$$(Q)mkdir -p $$(@D) && $$< bash >$$@
build/completions/_$(1): build/obj/optgen-$(1)
	$$(Q)mkdir -p $$(@D) && $$< zsh >$$@
build/completions/$(1).fish: build/obj/optgen-$(1)
	$$(Q)mkdir -p $$(@D) && $$< fish >$$@
build/man/$(1).8: build/obj/optgen-$(1) man/$(1).8.in
	$$(Q)mkdir -p $$(@D) && $$< man man/$(1).8.in >$$@
endef
iosnoop_libs := -ldw		# names of addresses in processes
iommutop_libs := -lncursesw -ltinfo
$(foreach t,$(TOOLS),$(eval $(call tool,$t)))

build/tests/unit-param: build/obj/san/tools/iopolicy/object/param.o
symbols_objs := $(patsubst %,build/obj/san/tools/iosnoop/model/%.o,symbols mapping function_table)
build/tests/unit-symbols: $(symbols_objs)
build/tests/unit-symbols: private LDLIBS += $(iosnoop_libs)
$(symbols_objs) build/obj/san/tests/unit/unit-symbols.o: \
	private CPPFLAGS += -Itools/iosnoop
recorder_objs := $(patsubst %,build/obj/san/tools/iosnoop/%.o,render/recorder render/rotation \
	render/stack)
build/tests/unit-recorder: $(recorder_objs) $(symbols_objs)
build/tests/unit-recorder: private LDLIBS += $(iosnoop_libs)
$(recorder_objs) build/obj/san/tests/unit/unit-recorder.o: private CPPFLAGS += -Itools/iosnoop
build/tests/unit-log-file: build/obj/san/tools/iosnoop/log_file.o
build/obj/san/tools/iosnoop/log_file.o build/obj/san/tests/unit/unit-log-file.o: \
	private CPPFLAGS += -Itools/iosnoop
build/tests/unit-object: $(patsubst %,build/obj/san/tools/iopolicy/object/%.o,\
	object section param)
# Of rules all but what puts them into an object.
rules_objs := $(patsubst build/obj/user/%,build/obj/san/%,$(filter-out %/install.o,\
	$(filter build/obj/user/tools/iopolicy/rules/%,$(iopolicy_objs))))
build/tests/unit-rules: $(rules_objs)
$(rules_objs) build/obj/san/tests/unit/unit-rules.o: private CPPFLAGS += -Itools/iopolicy
# The shipped policies, compiled for user space.
shipped_objs := $(patsubst %.c,build/obj/san/%.o,$(wildcard tests/unit/shipped/*.c))
build/tests/unit-shipped: $(rules_objs) $(shipped_objs)
build/obj/san/tests/unit/unit-shipped.o: private CPPFLAGS += -Itools/iopolicy
data_objs := $(patsubst %,build/obj/san/tools/iopolicy/data/%.o,shape parse format)
build/tests/unit-data: $(data_objs)
$(data_objs): private CPPFLAGS += -Itools/iopolicy
build/tests/unit-policy-list: $(patsubst %,build/obj/san/tools/iopolicy/%.o,output/text \
	output/rules_text output/map_text output/replayed_text output/tried_text output/refusals \
	output/record output/words \
	object/param) \
	$(rules_objs)
build/tests/unit-object build/tests/unit-symbols: | build/policies/quota.bpf.o
$(patsubst %,build/obj/san/tools/iopolicy/%.o,object/object object/section object/param \
	output/text output/rules_text output/map_text output/replayed_text output/tried_text \
	output/refusals output/record output/words) \
$(patsubst %,build/obj/san/tests/unit/%.o,unit-object unit-policy-list): \
	private CPPFLAGS += -Itools/iopolicy

# The table of events for tests/lib/jsond: "event NAME" and "field NAME UNIT" lines, with tabs.
build/tests/events.tsv: include/iommufd_events.h
	$(call say,CPP,$@)
	$(Q)mkdir -p $(@D); printf '%s\n' '#include "$<"' \
		'#define _E(name, short, text) @event short' \
		'#define _F(name, type, unit, text) @field name unit' \
		'IOMMUFD_EVENTS(_E, _F) IOMMUFD_HOST_EVENTS(_E, _F)' | \
		$(CC) -E -P -xc -I. - | tr '@' '\n' | \
		sed -nE 's/"//g; s/^(event|field) ([^ ]+) ?([^ ]*) *$$/\1\t\2\t\3/p' >$@

# Code that test programs share. An archive, so that only those that load policies need libbpf.
build/obj/tests.a: $(patsubst %.c,build/obj/user/%.o,\
		$(wildcard tests/lib/*.c tests/lib/policy/*.c) tools/common/kernel_btf.c)
	$(call say,AR,$@)
	$(Q)rm -f $@; $(AR) rcs $@ $^

link_test = $(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) \
	-Wl,--as-needed -Wl,--start-group $(filter %.a,$^) $(libbpf) -Wl,--end-group \
	-lelf -lz -lpthread -lcap $(LDLIBS) -o $@
define client
$(call client_of,$(1)): $(patsubst %.c,build/obj/user/%.o,$(1) $(wildcard $(1:.c=)/*.c))
endef
$(foreach c,$(client_sources),$(eval $(call client,$c)))
$(clients): build/obj/tests.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D); $(link_test)

# iosnoop follows user stacks by frame pointers: a client that has them.
build/obj/user/tests/clients/every-event.o build/obj/user/tests/lib/iommu.o: private CPPFLAGS += \
	-fno-omit-frame-pointer -fno-optimize-sibling-calls

# Unit tests and the code that they test are compiled with sanitizers; SANITIZE= switches them off.
SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
build/obj/san/%.o: %.c
	$(call need,$(CC),CC)
	$(call say,CC,"$< (for unit tests)")
	$(Q)mkdir -p $(@D); $(CC) $(user_flags) -O1 $(SANITIZE) $(user_inc) $(CPPFLAGS) -MMD -MP \
		-c $< -o $@
$(units): private LDFLAGS += $(SANITIZE)
$(units): build/tests/%: build/obj/san/tests/unit/%.o \
		$(common:build/obj/user/%=build/obj/san/%) build/obj/tests.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D); $(link_test)

# iommutop's screen without a source: tests/tui/NAME.c becomes tui-NAME.
curses := -lncursesw -ltinfo
top_objs = $(patsubst %.c,build/obj/user/%.o,$(wildcard $(1:%=tools/iommutop/%)))
screen_objs := $(call top_objs,term/*.c view/*.c screen/*.c \
	$(patsubst %,model/%.c,columns facts format hash model rows series sort))
unit_objs = $(patsubst build/obj/user/%,build/obj/san/%,$1)
build/tests/unit-keys: $(call unit_objs,$(call top_objs,view/keys.c term/draw.c))
build/tests/unit-list: $(call unit_objs,$(screen_objs))
$(addprefix build/tests/unit-,areas calls series top): $(call unit_objs,\
	$(call top_objs,model/*.c source/fdinfo.c))
build/tests/unit-replay: $(call unit_objs,$(call top_objs,model/*.c source/replay.c \
	source/recorded.c))
$(call unit_objs,$(iommutop_objs)): private CPPFLAGS += -Itools/iommutop
build/tests/unit-keys build/tests/unit-list: private LDLIBS += $(curses)
$(patsubst %,build/obj/san/tests/unit/unit-%.o,areas calls keys list series top replay) \
$(tuis:build/tests/tui-%=build/obj/user/tests/tui/%.o): private CPPFLAGS += -Itools/iommutop
$(tuis): build/tests/tui-%: build/obj/user/tests/tui/%.o $(screen_objs) $(common)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D); $(CC) $(CFLAGS) $(LDFLAGS) $^ $(libbpf) -lelf -lz $(curses) \
		$(LDLIBS) -o $@

# The driver's own code in user space, for unit-umem, unit-file, unit-space and unit-dirty: see
# tests/unit/kshim. Without headers of a kernel these are made, too, and skip themselves.
kshim := build/obj/kshim
kshim_inc := $(patsubst %/linux/rbtree_augmented.h,%,$(firstword $(wildcard $(addsuffix \
	/include/linux/rbtree_augmented.h,$(SETUP_KDIR:-amd64=-common) $(KDIR) $(KDIR)/source \
	$(KDIR:-amd64=-common)))))
kshim_flags := $(SANITIZE) -O1 -g -Itests/unit/kshim -I$(kshim)/include -Ikernel -Iinclude
umem_objs := $(addprefix umem/,umem pin charge file segment users)
space_objs := iopt/space
dirty_objs := iopt/lock iopt/space iopt/dirty
file_objs := $(umem_objs)

kshim_src := $(wildcard kernel/umem/*.[ch] kernel/iopt/*.[ch]) kernel/trace/emit.h
$(kshim)/headers: tests/unit/kshim/headers $(kshim_src)
	$(Q)mkdir -p $(@D); $< $(kshim)/include "$(kshim_inc)" $(kshim_src) && touch $@
$(kshim)/%.o: kernel/%.c $(kshim)/headers
	$(call say,CC,"$< (for unit tests)")
	$(Q)mkdir -p $(@D); $(CC) -std=gnu11 -Wall $(kshim_flags) -MMD -MP -c $< -o $@
$(kshim)/kshim.o: tests/unit/kshim/kshim.c $(kshim)/headers
	$(call say,CC,$<)
	$(Q)$(CC) -std=gnu11 -Wall $(kshim_flags) -MMD -MP -c $< -o $@
define kshim_unit
build/obj/san/tests/unit/unit-$(1).o: private CPPFLAGS += $$(kshim_flags)
build/obj/san/tests/unit/unit-$(1).o: $$(kshim)/headers
build/tests/unit-$(1): $$(if $$(kshim_inc),$$($(1)_objs:%=$$(kshim)/%.o) $$(kshim)/kshim.o)
endef
$(foreach u,umem space file dirty,$(eval $(call kshim_unit,$u)))
-include $(wildcard $(kshim)/*.d $(kshim)/*/*.d)

# Fuzzers of the input of the tools: tests/fuzz/tools/TOOL-NAME.c is linked with all objects of the
# tool but main.o, another NAME.c with tools/common alone. A target that includes a C file of the
# tool, to call its static functions, is linked without the object of that file.
fuzz_san := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz_targets := $(patsubst tests/fuzz/tools/%.c,%,$(filter-out %/fuzz.c,\
	$(wildcard tests/fuzz/tools/*.c)))
fuzz_tool = $(filter $(firstword $(subst -, ,$1)),$(TOOLS))
fuzz_common := $(patsubst build/obj/user/%,build/obj/fuzz/%,$(common))
fuzz_without_iommutop-fdinfo := %/source/fdinfo.o
fuzz_without_iosnoop-symbols := %/model/symbols.o
fuzz_without_iosnoop-elf := %/model/symbols.o
build/obj/fuzz/%.o: %.c
	$(call need,$(CLANG),CLANG)
	$(call say,CC,"$< (for fuzzing)")
	$(Q)mkdir -p $(@D); $(CLANG) $(user_flags) -O1 -fsanitize=fuzzer-no-link $(fuzz_san) \
		$(user_inc) $(CPPFLAGS) -MMD -MP -c $< -o $@
build/fuzz/runtime:
	$(call need,$(CLANG),CLANG)
	@mkdir -p $(@D); echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
		$(CLANG) -xc - -fsanitize=fuzzer -o $@ 2>/dev/null || \
		{ echo "make: $(CLANG) cannot link with libFuzzer: install its runtime" \
		"(libclang-rt-VERSION-dev) or set CLANG" >&2; exit 1; }
define fuzz_tool_objs
fuzz_$(1)_objs := $$(patsubst build/obj/user/%,build/obj/fuzz/%,\
	$$(filter-out %/main.o,$$($(1)_objs)))
$$(fuzz_$(1)_objs): private CPPFLAGS += -Itools/$(1)
$$(fuzz_$(1)_objs): | $$(patsubst bpf/%.bpf.c,build/bpf/%.skel.h,\
	$$(wildcard bpf/$(1).bpf.c bpf/$(1)_*.bpf.c))
endef
$(foreach t,$(TOOLS),$(eval $(call fuzz_tool_objs,$t)))
define fuzz_target
build/obj/fuzz/tests/fuzz/tools/$(1).o: private CPPFLAGS += \
	$$(patsubst %,-Itools/%,$$(call fuzz_tool,$(1)))
build/fuzz/$(1)/target: $(patsubst %,build/obj/fuzz/tests/fuzz/tools/%.o,$(1) fuzz) \
		$$(filter-out $$(fuzz_without_$(1)),$$(fuzz_$$(call fuzz_tool,$(1))_objs)) \
		$$(fuzz_common) | build/fuzz/runtime
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D); $$(CLANG) -fsanitize=fuzzer $$(fuzz_san) $$(LDFLAGS) $$^ \
		$$(libbpf) $$($$(call fuzz_tool,$(1))_libs) -lelf -lz $$(LDLIBS) -o $$@
endef
$(foreach t,$(fuzz_targets),$(eval $(call fuzz_target,$t)))

-include $(shell find build/obj/user build/obj/fuzz build/obj/san build/policies build/tests \
	-name '*.d' 2>/dev/null)
# Only those of present programs: objects of an older tree may depend on the skeleton of another
# one, which make would try to compile.
-include $(patsubst bpf/%.c,build/bpf/%.d,$(wildcard bpf/*.bpf.c))
# Kept, so that a second make finds them.
.SECONDARY:

# -------- another architecture --------
# The programs for a guest of arm64, of the same sources by the same rules: in a folder that has
# links to ours and a build folder of its own. Test programs know the size of a page, tools do not.
cross_tree := build/arm64$(if $(filter %-16k,$(KREL)),-16k)
cross_lib := $(CROSS_ROOT)/usr/lib/aarch64-linux-gnu
cross_make = MAKEFLAGS= $(MAKE) SETUP=no AR=$(CROSS)ar \
	CC='$(CROSS)gcc-$(CROSS_GCC) --sysroot=$(CROSS_ROOT)' \
	BPF_ARCH=arm64 BPFTOOL=$(abspath $(BPFTOOL)) KDIR=$(KDIR) VMLINUX_BTF=$(KDIR)/vmlinux \
	LIBBPF_A=$(cross_lib)/libbpf.a SETUP_LIBBPF_INC=$(CROSS_ROOT)/include
cross:					## programs and tests for the guest of KERNEL=...-arm64
	$(if $(CROSS),,@echo "make: cross wants KERNEL=, one of arm64" >&2; exit 1)
	@for t in $(sort build/arm64 $(cross_tree)); do mkdir -p $$t/build && \
		ln -sfn $(abspath build/uapi) $$t/build/uapi && \
		for f in Makefile bpf include kernel man scripts tests tools vfio; do \
			ln -sfn $(CURDIR)/$$f $$t/$$f; done; done
	+$(Q)$(cross_make) -C build/arm64 tools policies
	+$(Q)CPPFLAGS='$(if $(filter %-16k,$(KREL)),-DMEM_PAGE=16384UL)' \
		$(cross_make) -C $(cross_tree) test-programs
	$(if $(filter %-16k,$(KREL)),@cp -a $(TOOLS:%=build/arm64/build/%) \
		build/arm64/build/policies $(cross_tree)/build/)

# -------- targets that run something --------
demo: all			## boot the virtual machine with a workload and watch it live
	@scripts/demo
test: all				## run all tests
	@tests/run $(test_kernel)
matrix: all			## build for the kernels of Debian, test on them, print a table
	@tests/matrix
lint: modules tools manuals	## check style, common mistakes, manual pages, layers
	@scripts/lint
test-debug: all			## run the guest tests on a kernel with KASAN, lockdep, kmemleak
	@debug=$$(scripts/debug-kernel) && \
	MAKEFLAGS= $(MAKE) modules vfio samples KDIR=$$debug MODOUT=build/debug && \
	tests/run --kernel $$debug/arch/x86/boot/bzImage --modules build/debug --mem 4G \
		--timeout 7200 --skip tests/debug.skip --guest
upstream_kernel := $(if $(KERNEL),UPSTREAM_KERNEL=$(KREL))
# The others are about the stock kernel alone.
upstream_tests := upstream upstream-top upstream-screen upstream-pasid sources $(if $(KERNEL),,\
	upstream-cost upstream-differ own-iommufd)
upstream: setup				## build the kernel's own iommufd, for the tests on it
	@$(upstream_kernel) scripts/upstream
test-upstream: all upstream		## run the tests of the tools on the kernel's own iommufd
	@$(upstream_kernel) UPSTREAM_TESTS=1 tests/run $(if $(KERNEL),\
		--kernel $(VMLINUZ) --modules $(MODOUT)) $(upstream_tests)
test-packages: tests			## build, install, boot and remove the Debian packages
	@tests/packages/run
SECONDS ?= 10
fuzz_built := $(fuzz_targets:%=build/fuzz/%/target)
fuzz-tools: tools policies $(fuzz_built)	## fuzz the tools for SECONDS (10) each
	@tests/fuzz/tools/run --seconds $(SECONDS)
# PROFILE=ROW: the instructions of this row by function. ROWS=PATTERN: these rows alone. JSON=FILE,
# SVG=FILE: the figures, and a chart of them.
bench: all $(if $(PROFILE),build/tests/bench-profile.so)	## print the speed tables
	@$(if $(PROFILE),tests/bench/profile/run '$(PROFILE)',tests/bench/run \
		$(if $(ROWS),--rows '$(ROWS)') $(if $(JSON),--json '$(JSON)') \
		$(if $(SVG),--svg '$(SVG)'))
build/tests/bench-profile.so: tests/bench/profile/plugin.c \
		$(wildcard tests/bench/profile/*.h)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D); $(CC) $(user_flags) -fvisibility=hidden -fPIC -shared -o $@ $<
# For scripts/lint.
show-user-flags:
	@echo $(user_flags) $(user_inc)
setup:					## only set up this machine (make does it by itself)

build/man/%-events.7: scripts/events-man include/iommufd_events.h
	$(call need,$(CC),CC)
	$(Q)mkdir -p $(@D) && scripts/events-man $(CC) >$@
build/man/%-ext.4: scripts/ext-man include/uapi/linux/iommufd_ext.h
	$(Q)mkdir -p $(@D) && $< >$@
include scripts/install.mk

clean:					## remove the build results, but keep the set-up
	$(Q)[[ ! -d build ]] || find build -mindepth 1 -maxdepth 1 ! -name setup ! -name uapi \
		! -name conformance -exec rm -rf {} +
distclean:				## remove build/ altogether
	$(Q)rm -rf build

help:					## list the targets
	@echo "Targets:"
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile scripts/install.mk | \
		expand -t 18 | sed 's/^/  /'
	@echo "Variables: KDIR (kernel to build for), KERNEL (one of Debian's, see" \
		"scripts/kernel), MODOUT (where the modules go, build), V=1, CC, CLANG," \
		"BPFTOOL," | fmt -w 100
	@echo "  DESTDIR, PREFIX, W=1 C=1 (for the kernel's make), SETUP=no (set nothing up)"

FORCE:
# Not for a make in a test.
unexport KERNEL
.PHONY: all modules vfio samples tools policies tests test-programs cross demo test matrix \
	test-debug test-packages upstream test-upstream \
	bench setup fuzz-tools clean distclean help lint show-user-flags FORCE
