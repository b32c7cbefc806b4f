package Strongroom::Host;

# A host of its own for one test: namespaces for mounts and network, so that
# files can be used at the very paths and ports that they name. What is changed
# below the directories that are asked for is gone when the test ends, and the
# network is a loopback.

use strict;
use warnings;
use Exporter 'import';
use Socket qw(AF_INET SOCK_DGRAM);

our @EXPORT_OK = qw(own_host add_user);

my $SCRATCH = '/mnt';
my ($SIOCGIFFLAGS, $SIOCSIFFLAGS, $IFF_UP) = (0x8913, 0x8914, 1);

sub quietly { system("$_[0] >/dev/null 2>&1") == 0 }

# own_host('/etc', '/home'): '' when the test has a host with its own /etc and
# /home, or why not. Call it first: it starts the test anew.
sub own_host {
	my (@dirs) = @_;
	my $space = readlink('/proc/self/ns/mnt') // '';
	my $outer = delete $ENV{SR_OWN_HOST};
	if (!defined $outer) {
		return 'only root can have a host of its own' if $> != 0;
		return 'there are no namespaces here'
		    if !quietly('unshare -mn mount -t tmpfs none /mnt');
		$ENV{SR_OWN_HOST} = $space;
		exec 'unshare', '-mn', $^X, (map { "-I$_" } grep { !ref } @INC),
		    $0, @ARGV;
	}
	# What follows must never happen to the machine itself.
	die "no host of its own\n" if $outer eq '' || $outer eq $space;
	quietly("mount -t tmpfs -o mode=0755 none $SCRATCH")
	    or return 'nothing can be mounted here';
	for my $dir (@dirs) {
		my $name = $SCRATCH . '/' . $dir =~ tr{/}{-}r;
		mkdir $_ or die "$_: $!" for "$name.upper", "$name.work";
		chmod 0755, "$name.upper";
		quietly("mount -t overlay -o lowerdir=$dir,"
		    . "upperdir=$name.upper,workdir=$name.work none $dir")
		    or return 'there are no overlays here';
	}
	_raise_loopback();
	return '';
}

sub _raise_loopback {
	socket my $sock, AF_INET, SOCK_DGRAM, 0 or die "socket: $!";
	my $request = pack 'a16 x24', 'lo';
	ioctl $sock, $SIOCGIFFLAGS, $request or die "loopback: $!";
	my $flags = unpack 'x16 s', $request;
	$request = pack 'a16 s x22', 'lo', $flags | $IFF_UP;
	ioctl $sock, $SIOCSIFFLAGS, $request or die "loopback: $!";
}

# add_user('account', 7001, '/home/ACCOUNT'): with a home directory of its own.
sub add_user {
	my ($name, $id, $home) = @_;
	my %line = (passwd => "$name:x:$id:${id}::$home:/bin/sh\n",
	    group => "$name:x:$id:\n");
	for my $file (sort keys %line) {
		open my $fh, '>>', "/etc/$file" or die "/etc/$file: $!";
		print {$fh} $line{$file};
		close $fh or die "/etc/$file: $!";
	}
	mkdir $home, 0755 or die "$home: $!";
	chown $id, $id, $home or die "$home: $!";
}

1;
