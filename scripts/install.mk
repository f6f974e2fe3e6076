# SPDX-License-Identifier: GPL-2.0-only
# make install and make uninstall, included by the Makefile.
#
# Lists name each installed file as KIND:SOURCE:TARGET. install and uninstall read the same
# lists, so uninstall removes exactly what install put there, and then the folders that are ours and
# empty. KIND is the file's mode, or "text" for a file whose /usr/local and @SBINDIR@ become the
# real folders, and whose @VERSION@ the version.
#
#   PREFIX     /usr/local; a package sets /usr
#   MODULEDIR  root of the kernel modules, /lib/modules
#   DESTDIR    put before all of them; then neither depmod nor systemd nor udev is told

PREFIX ?= /usr/local
VERSION ?= $(shell sed -n 's/^.define IOMMUSCOPE_VERSION "\(.*\)"/\1/p' tools/common/version.h)
MODULEDIR ?= /lib/modules
sbindir := $(PREFIX)/sbin
libdir := $(PREFIX)/lib/iommuscope
incdir := $(PREFIX)/include/iommuscope
docdir := $(PREFIX)/share/doc/iommuscope
unitdir := $(PREFIX)/lib/systemd/system
zshdir := $(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
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
	$(patsubst %,text:%:$(PREFIX)/lib/udev/rules.d/,$(wildcard systemd/*.rules))
policy_files := $(policies:%=644:%:$(libdir)/policies/) \
	$(patsubst %,text:include/%:$(incdir)/,iommufd_policy.h iommufd_policy.bpf.h) \
	$(patsubst %,644:%:$(incdir)/linux/,$(wildcard include/uapi/linux/*.h)) \
	$(patsubst %,644:%:$(docdir)/examples/,$(wildcard bpf/policies/*.bpf.c))
module_files = $(patsubst %,644:%:$(moddir)/,$(filter-out %_mock.ko,$(modules))) \
	$(vfio:%=644:%:$(moddir)/vfio/)
# Folders for what the machine's owner puts there: only an empty one is removed.
own_folders := /etc/iommufd/policy.d
# Folders that nobody else uses, the deepest first.
our_folders = $(libdir)/policies $(libdir) $(incdir)/linux $(incdir) $(docdir)/examples $(docdir) \
	$(own_folders) /etc/iommufd $(moddir)/vfio $(moddir)

# A target that ends with a slash is a folder.
place = $(if $(filter %/,$1),$1$(notdir $2),$1)
part = $(word $1,$(subst :, ,$2))
target_of = $(DESTDIR)$(call place,$(call part,3,$1),$(call part,2,$1))
define put
$(if $(filter text,$(call part,1,$1)),sed 's$(comma)@SBINDIR@$(comma)$(sbindir)$(comma)g; \
s$(comma)@VERSION@$(comma)$(VERSION)$(comma)g; \
s$(comma)/usr/local/$(comma)$(PREFIX)/$(comma)g' $(call part,2,$1) | \
install -D -m 644 /dev/stdin $(call target_of,$1),install -D -m $(call part,1,$1) \
$(call part,2,$1) $(call target_of,$1))

endef
comma := ,
put_all = $(foreach f,$1,$(call put,$f))

install: install-tools install-policies install-modules	## install all but tests
	$(if $(DESTDIR),,-udevadm control --reload 2>/dev/null)
	$(if $(DESTDIR),,-systemctl daemon-reload 2>/dev/null)
install-tools: tools manuals	## install only the tools, manuals, completions and units
	$(call put_all,$(tool_files))
	install -d $(own_folders:%=$(DESTDIR)%)
install-policies: policies		## install only policies, and headers for programs
	$(call put_all,$(policy_files))
install-modules: modules vfio		## install only the kernel modules, for KDIR's kernel
	$(call put_all,$(module_files))
	$(if $(DESTDIR),,depmod $(KREL))
uninstall:				## remove all that install has installed
	rm -f $(foreach f,$(tool_files) $(policy_files) $(module_files),$(call target_of,$f))
	@for d in $(our_folders:%=$(DESTDIR)%); do \
		[[ ! -d $$d ]] || rmdir --ignore-fail-on-non-empty $$d; done
	$(if $(DESTDIR),,-systemctl daemon-reload 2>/dev/null)
	$(if $(DESTDIR),,depmod $(KREL))
.PHONY: install install-tools install-policies install-modules uninstall
