package Strongroom::Machine;

# A machine of its own for systemd: systemd-nspawn boots a root directory, with
# a network that ends at its loopback. It ends with the test.

use strict;
use warnings;
use Exporter 'import';
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Find qw(find);
use Strongroom;
use Strongroom::Proc qw(launch start stop running wait_until at_end now);

our @EXPORT_OK = qw(machine cannot bare_root install_to load);

my %env = (PATH => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin'
    . ':/bin', LC_ALL => 'C', TERM => 'dumb');

# Why there can be no machine here; nothing when there can.
sub cannot {
	return 'only root can boot a machine' if $> != 0;
	for my $program (qw(systemd-nspawn nsenter)) {
		return "$program is missing"
		    if !grep { -x "$_/$program" } split /:/, $env{PATH};
	}
	return 'systemd is missing' if !-x '/lib/systemd/systemd';
	return '/usr is not merged here' if !-l '/lib';
	my $made = Strongroom::Proc::run(cmd => [qw(unshare --mount --pid
	    --ipc --uts --net --fork mount -t tmpfs none /mnt)], env => \%env);
	return 'no namespaces can be made here, as in most containers'
	    if $made->{exit} ne '0';
	return;
}

# "make install" of the build under test to below a directory. Comes back with
# the prefix that it was built for.
sub install_to {
	my ($dir) = @_;
	my $done = Strongroom::Proc::run(cmd => ['make', '-s', '-C',
	    dirname(program('strongroom')), 'install', "DESTDIR=$dir"],
	    env => { %env, HOME => '/' }, seconds => 300);
	die "make install: $done->{err}" if $done->{exit} ne '0';
	my $unit;
	find(sub {
		$unit = $File::Find::name if $_ eq 'strongroom.service';
	}, $dir);
	return defined $unit
	    ? $unit =~ s{\A\Q$dir\E(.*)/lib/systemd/.*}{$1}rs : undef;
}

# A root directory that is made of this machine's /usr and nothing else. What
# is in the hash is put there besides: path => text.
sub bare_root {
	my ($dir, %file) = @_;
	mkdir $_ or die "$_: $!" for $dir, map { "$dir/$_" }
	    qw(etc usr var run tmp proc sys dev root);
	for my $link (grep { -l } glob '/bin /sbin /lib*') {
		symlink readlink($link), "$dir$link" or die "$link: $!";
	}
	copy('/etc/os-release', "$dir/etc/os-release") or die "os-release: $!";
	# With it systemd takes this for no first boot, and enables nothing.
	spew("$dir/etc/machine-id", ('0123456789abcdef' x 2) . "\n");
	for my $path (keys %file) {
		my $at = $dir;
		my @part = split m{/}, $path =~ s{\A/}{}r;
		pop @part;
		-d ($at .= "/$_") || mkdir $at or die "$at: $!" for @part;
		spew("$dir$path", $file{$path}, 0644);
	}
	return $dir;
}

# machine(root => directory, binds => ['/from:/to'], log => file,
# unit => what to boot into); dies when it does not come up.
sub machine {
	my (%o) = @_;
	my $pid = start(name => 'systemd-nspawn', env => \%env,
	    stdout => $o{log}, stderr => $o{log}, cmd => ['systemd-nspawn',
	    '--quiet', '--register=no', '--keep-unit', '--private-network',
	    '--link-journal=no', '--resolv-conf=off', '--timezone=off',
	    '--console=read-only', '-D', $o{root},
	    # Left out of what nspawn lets through by itself.
	    '--system-call-filter=@memlock landlock_create_ruleset '
	    . 'landlock_add_rule landlock_restrict_self',
	    '--machine=' . ($o{name} // "strongroom-$$"), '--boot',
	    (map { "--bind-ro=$_" } @{ $o{binds} // [] }),
	    'systemd.unit=' . ($o{unit} // 'multi-user.target')]);
	my $self = bless { %o, nspawn => $pid }, __PACKAGE__;
	$self->{init} = wait_until(60, sub {
		die "no machine: " . slurp($o{log}) if !running($pid);
		return _init_of($pid);
	}) or die "no machine: " . slurp($o{log});
	my $state;
	wait_until(120, sub {
		my $said = $self->try('systemctl', 'is-system-running');
		$state = $said->{out} =~ s/\s+\z//r;
		return $state =~ /\A(?:running|degraded)\z/ || !running($pid);
	});
	die "machine is '$state': " . slurp($o{log})
	    if $state !~ /\A(?:running|degraded)\z/;
	return $self;
}

# The child that is process 1 of a namespace of its own.
sub _init_of {
	my ($pid) = @_;
	my $children = eval { slurp("/proc/$pid/task/$pid/children") } // '';
	for my $child (split ' ', $children) {
		my $status = eval { slurp("/proc/$child/status") } // '';
		return $child if $status =~ /^NSpid:\t.*\t1$/m
		    && (readlink("/proc/$child/exe") // '') =~ /systemd\z/;
	}
	return 0;
}

# Run in it, as Strongroom::Proc::run. A hash at the end: stdin, seconds.
sub try {
	my ($self, @cmd) = @_;
	my %o = ref $cmd[-1] ? %{ pop @cmd } : ();
	return Strongroom::Proc::run(cmd => ['nsenter', '-a', '-t',
	    $self->{init}, '--', @cmd], env => \%env, %o);
}

# The output of a command that has to succeed.
sub ok_run {
	my ($self, @cmd) = @_;
	my $done = $self->try(@cmd);
	die "@{[grep { !ref } @cmd]}: exit $done->{exit}: $done->{out}"
	    . $done->{err} if $done->{exit} ne '0';
	return $done->{out};
}

# A path of the machine, seen from here.
sub path { "/proc/$_[0]{init}/root$_[1]" }

sub property {
	my ($self, $unit, $name) = @_;
	return $self->ok_run('systemctl', 'show', '--value', '-p', $name,
	    $unit) =~ s/\s+\z//r;
}

sub journal {
	my ($self, $unit) = @_;
	return $self->ok_run('journalctl', '--no-pager', '-o', 'cat', '-u',
	    $unit);
}

# Four clients that save, one name after the other, until the code that comes
# back is called. It returns how many saves failed, and the names of the rest.
sub load {
	my ($house, $tag, $save) = @_;
	my $stop = "$house->{dir}/stop-$tag";
	my $until = now() + 300;
	my $join = launch(4, sub {
		my ($i) = @_;
		my ($wrong, @saved) = (0);
		for (my $n = 0; !-e $stop && now() < $until; $n++) {
			my $name = "$tag-$i-$n";
			if ($save->($name)->{status} == 200) {
				push @saved, $name;
			} else {
				$wrong++;
			}
		}
		return ($wrong, @saved);
	});
	return sub {
		spew($stop, '');
		my ($wrong, @saved) = (0);
		for ($join->()) {
			my ($n, @names) = @$_;
			die "@$_" if $n eq 'died';
			$wrong += $n;
			push @saved, @names;
		}
		return ($wrong, @saved);
	};
}

sub end { stop($_[0]{nspawn}, seconds => 60) }

1;
