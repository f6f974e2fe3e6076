# SPDX-License-Identifier: GPL-2.0-only
# make install and make uninstall, included by the Makefile.
#
# Lists name each installed file as KIND:SOURCE:TARGET. install and uninstall read the same lists:
# uninstall removes exactly what install put there, and then the folders that are ours and empty.
# KIND is the file's mode. "text" and "text+MODE" stand for a file whose /usr/local and @SBINDIR@
# become the real folders, and whose @VERSION@ becomes the version.
#
#   PREFIX     /usr/local; a package sets /usr
#   MODULEDIR  root of the kernel modules, /lib/modules
#   VERSION    that of the tools, for the DKMS source in /usr/src/iommuscope-VERSION
#   DESTDIR    put before all of them; then neither depmod nor systemd nor udev is told
#   RUNNING    release of the running kernel; install warns if the modules are for another one

PREFIX ?= /usr/local
VERSION ?= $(shell sed -n 's/^.define IOMMUSCOPE_VERSION "\(.*\)"/\1/p' tools/common/version.h)
MODULEDIR ?= /lib/modules
RUNNING ?= $(shell uname -r)
sbindir := $(PREFIX)/sbin
libdir := $(PREFIX)/lib/iommuscope
sharedir := $(PREFIX)/share/iommuscope
incdir := $(PREFIX)/include/iommuscope
docdir := $(PREFIX)/share/doc/iommuscope
unitdir := $(PREFIX)/lib/systemd/system
zshdir := $(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
srcdir := /usr/src/iommuscope-$(VERSION)
moddir = $(MODULEDIR)/$(KREL)/updates

man := $(wildcard man/*.[1-9]) $(manuals)
man_target = $(PREFIX)/share/man/man$(subst .,,$(suffix $1))/$(notdir $1)
completion_target = $(PREFIX)/share/$(strip $(if $(filter %.bash,$1), \
	bash-completion/completions/$(notdir $(1:.bash=)),$(if $(filter %.fish,$1), \
	fish/vendor_completions.d,zsh/$(zshdir))/$(notdir $1)))

tool_files := $(tools:%=755:%:$(sbindir)/) \
	$(foreach m,$(man),text:$m:$(call man_target,$m)) \
	$(foreach c,$(completions),644:$c:$(call completion_target,$c)) \
	$(foreach u,$(wildcard systemd/*.in),text:$u:$(unitdir)/$(notdir $(u:.in=))) \
	$(patsubst %,text:%:$(PREFIX)/lib/udev/rules.d/,$(wildcard systemd/*.rules)) \
	$(patsubst %,644:%:$(sharedir)/,$(wildcard fleet/*))
policy_files := $(policies:%=644:%:$(libdir)/policies/) \
	$(patsubst %,text:include/%:$(incdir)/,iommufd_policy.h iommufd_policy.bpf.h) \
	$(patsubst %,644:%:$(incdir)/linux/,$(wildcard include/uapi/linux/*.h)) \
	$(patsubst %,644:%:$(docdir)/examples/,$(filter-out %/rules.bpf.c,\
	$(wildcard bpf/policies/*.bpf.c) $(wildcard bpf/policies/*.rules))) \
	$(patsubst %,text:%:$(docdir)/examples/,$(wildcard bpf/policies/*.cases))
module_files = $(patsubst %,644:%:$(moddir)/,$(filter-out %_mock.ko,$(modules))) \
	$(vfio:%=644:%:$(moddir)/vfio/)
# Source for DKMS, which only looks in /usr/src.
dkms_source := $(shell find kernel include vfio -type f \( -name '*.[ch]' ! -name '*.mod.c' \
	-o -name Kbuild -o -name '*.mk' -o -path kernel/port/probe -o -path vfio/Makefile \) | sort)
dkms_files := $(foreach f,$(dkms_source),644:$f:$(srcdir)/$f) \
	text+755:dkms/build:$(srcdir)/ 755:dkms/vfio-source:$(srcdir)/ \
	text:dkms/dkms.conf:$(srcdir)/ \
	644:dkms/depmod.conf:$(PREFIX)/lib/depmod.d/iommuscope.conf
# Folders for what the machine's owner puts there: only an empty one is removed.
own_folders := /etc/iommufd/policy.d
# Folders that nobody else uses, the deepest first.
our_folders = $(libdir)/policies $(libdir) $(sharedir) $(incdir)/linux $(incdir) \
	$(docdir)/examples $(docdir) $(own_folders) /etc/iommufd $(moddir)/vfio $(moddir)

# A target that ends with a slash is a folder.
place = $(if $(filter %/,$1),$1$(notdir $2),$1)
part = $(word $1,$(subst :, ,$2))
target_of = $(DESTDIR)$(call place,$(call part,3,$1),$(call part,2,$1))
real_folders := s,@SBINDIR@,$(sbindir),g; s,@VERSION@,$(VERSION),g; s,/usr/local/,$(PREFIX)/,g
define put
install -D -m $(patsubst text,644,$(patsubst text+%,%,$(call part,1,$1))) $(call part,2,$1) \
	$(call target_of,$1)
$(if $(filter text%,$(call part,1,$1)),sed -i '$(real_folders)' $(call target_of,$1))

endef
put_all = $(foreach f,$1,$(call put,$f))
# With DESTDIR, the files may be for another machine.
other_kernel = $(if $(or $(DESTDIR),$(filter $(KREL),$(RUNNING))),,@echo "make: warning: the \
	modules are for kernel $(KREL), but $(RUNNING) is running: boot $(KREL), or run: make \
	install KERNEL=$(RUNNING)" >&2)

install: install-tools install-policies install-modules	## install all but tests
	$(if $(DESTDIR),,-udevadm control --reload 2>/dev/null)
	$(if $(DESTDIR),,-systemctl daemon-reload 2>/dev/null)
	$(other_kernel)
install-tools: tools manuals	## install only the tools, manuals, completions and units
	$(call put_all,$(tool_files))
	install -d $(own_folders:%=$(DESTDIR)%)
install-policies: policies		## install only policies, and headers for programs
	$(call put_all,$(policy_files))
install-modules: modules vfio		## install only the kernel modules, for KDIR's kernel
	$(call put_all,$(module_files))
	@cat $(obj)/exports $(obj)/vfio/Module.symvers >$(obj)/all.symvers; scripts/replaced \
		$(DESTDIR)$(MODULEDIR)/$(KREL) $(obj)/all.symvers $(notdir $(modules) $(vfio))
	$(if $(DESTDIR),,depmod $(KREL))
	$(if $(filter install,$(MAKECMDGOALS)),,$(other_kernel))
install-dkms:				## install only the source of the modules, for DKMS
	$(call put_all,$(dkms_files))
	@echo "now run: dkms install iommuscope/$(VERSION)"
uninstall:				## remove all that install has installed
	rm -f $(foreach f,$(tool_files) $(policy_files) $(module_files) $(dkms_files), \
		$(call target_of,$f))
	@[[ ! -d $(DESTDIR)$(srcdir) ]] || find $(DESTDIR)$(srcdir) -depth -type d -empty -delete
	@for d in $(our_folders:%=$(DESTDIR)%); do \
		[[ ! -d $$d ]] || rmdir --ignore-fail-on-non-empty $$d; done
	$(if $(DESTDIR),,-systemctl daemon-reload 2>/dev/null)
	$(if $(DESTDIR),,depmod $(KREL))
.PHONY: install install-tools install-policies install-modules install-dkms uninstall
