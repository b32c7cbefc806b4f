#!/usr/bin/perl
# ./configure --enable-static-binary: programs that run in a directory where
# there is nothing else, not even a /dev.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_request parse_cgi);
use Strongroom::Proc qw(run start stop running wait_until);

plan skip_all => 'sanitizers cannot be linked statically' if slow() > 1;
my $house = house(init => 0);
my $dir = $house->{dir};
my %env = (PATH => $ENV{PATH}, LC_ALL => 'C');

# A source that is configured in place can be built nowhere else, so what is
# built is a copy of what the programs are made of. Neither may have a path
# with spaces.
my $made = run(seconds => 300, env => { %env, SRC => source(), TO => $dir,
    defined $ENV{CC} ? (CC => $ENV{CC}) : () },
    cmd => ['/bin/sh', '-euc', <<'SH']);
mkdir "$TO/tree" && cd "$SRC"
find src -name '*.[ch]' -exec cp --parents -t "$TO/tree" {} +
cd "$TO/tree"
for name in configure configure.ac aclocal.m4 Makefile.am Makefile.in \
    config.h.in build-aux doc schema t; do
	ln -s "$SRC/$name" .
done
mkdir ../made && cd ../made
../tree/configure --quiet --enable-static-binary \
    --disable-dependency-tracking CFLAGS='-O0'
make -s strongroom.fcgi strongroom
SH
is($made->{exit}, 0, 'it is configured and built')
    || BAIL_OUT($made->{err} . $made->{out});

my $root = "$dir/root";
mkdir $_ or die "$_: $!" for $root, map { "$root/$_" } qw(bin etc data);
for my $name ('strongroom', 'strongroom.fcgi') {
	my $head = run(cmd => ['readelf', '-lWd', "$dir/made/$name"],
	    env => \%env);
	unlike($head->{out}, qr/INTERP|NEEDED/, "$name needs no library");
	like($head->{out}, qr/\bDYN\b/, "$name can lie at any address");
	run(cmd => ['cp', "$dir/made/$name", "$root/bin/"])->{exit} eq '0'
	    or die "$name cannot be copied";
}
# A name service that no program of another libc can load.
spew("$root/etc/nsswitch.conf", "group: systemd none files\n");
spew("$root/etc/group", "web:x:0:\n");
spew("$root/etc/strongroom.conf", "database = /data/strongroom.db\n"
    . "master_key_file = /data/master.key\n");

my @jail = $> == 0 ? ('chroot', $root)
    : ('unshare', '--map-root-user', 'chroot', $root);
SKIP: {
	skip 'no directory can be made a root here', 1
	    if run(cmd => [@jail, '/bin/strongroom', 'version'],
	    env => \%env)->{exit} ne '0';
	my @conf = ('--config', '/etc/strongroom.conf');
	my $said = run(cmd => [@jail, '/bin/strongroom', @conf, 'init'],
	    env => \%env);
	is($said->{exit}, 0, 'init') || diag($said->{err});
	$said = run(cmd => [@jail, '/bin/strongroom', @conf, 'key', 'create',
	    '--user', 'u'], env => \%env);
	like($said->{out}, qr/\Asrk_\w+/, 'key create');
	chomp(my $key = $said->{out});

	my $body = '{"name":"n","integration_type":"jira","auth_data":{}}';
	my %request = (GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'POST',
	    PATH_INFO => SAVE, CONTENT_LENGTH => length $body,
	    HTTP_X_API_KEY => $key);
	$said = run(cmd => [@jail, '/bin/strongroom.fcgi', @conf], env =>
	    { PATH => $ENV{PATH}, %request }, stdin => $body);
	is($said->{exit}, 0, 'CGI ends in order') || diag($said->{err});
	saved_ok(parse_cgi($said->{out}), 'and saves');

	for my $group ('web', 0) {
		my $log = "$dir/log/worker-$group";
		my $pid = start(cmd => [@jail, '/bin/strongroom.fcgi', @conf,
		    '--socket', '/data/sock', '--socket-group', $group],
		    env => \%env, stderr => $log);
		wait_until(60, sub { -S "$root/data/sock" || !running($pid) });
		my $answer;
		wait_until(60, sub {
			$answer = fcgi_request("$root/data/sock",
			    params => [%request], body => $body);
			$answer->{status} != 599 || !running($pid);
		});
		saved_ok($answer, "FastCGI saves, with the socket of group $group")
		    || diag(slurp($log));
		is(stop($pid)->{exit}, 0, 'and ends in order');
	}
	$said = run(cmd => [@jail, '/bin/strongroom', @conf, 'check'],
	    env => \%env);
	is($said->{exit}, 0, 'check: all boxes open') || diag($said->{err});
}
finish();
