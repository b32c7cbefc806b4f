#!/usr/bin/perl
# The turns that nobody takes on purpose: odd options and sockets, another
# database's key file, rows that make no sense, a lock that is not given back.

use strict;
use warnings;
use Fcntl qw(:flock);
use IO::Socket::INET;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run start reap);

my $house = house(conf => { busy_timeout_ms => 300 });
my $body = with_auth('{"access_token":"t"}', '"unique_identifier":"u",');

# -- the command line

like($house->admin_ok('--help'), qr/\Ausage: strongroom /, '--help');
like($house->admin_ok('--version'), qr/\Astrongroom \d/, '--version');
is($house->admin(@$_)->{exit}, 2, "usage: @$_")
    for [qw(key list too many words)], [qw(key list one)],
	[qw(-- key list one)], ['--version', 'a', 'b', 'c'];
is($house->admin('key', 'create', '--user', 'u', '--name', '')->{exit}, 2,
    'a key without a name');
is($house->admin('key', 'import', '--user', '', { stdin => 'x' x 20 })->{exit},
    2, 'an imported key without a user');
my $import = $house->admin('key', 'import', '--user', 'dos',
    { stdin => "a-key-of-another-system\r\n" });
is($import->{exit}, 0, 'a key with a line end of DOS');
saved_ok($house->cgi(key => 'a-key-of-another-system', body => $body),
    'is the key without it');

saved_ok($house->cgi(body => $body), 'a save');
my ($id) = map { $_->{integration_id} } grep { $_->{created_by} ne 'dos' }
    @{ $house->integrations };
is_deeply(decode($house->admin_ok(qw(integration reveal --json), $id)),
    { integration_id => $id, auth_data => { access_token => 't' } },
    'reveal --json');
is_deeply(decode($house->admin_ok(qw(check --json))), { integrations => 2,
    boxes => 2, faults => 0, complaints => [] }, 'check --json: all is well');

open my $lock, '+<', "$house->{database}.lock" or die "lock: $!";
flock $lock, LOCK_EX or die "flock: $!";
like($house->admin('key', 'create', '--user', 'u')->{err},
    qr/the database's lock was not had in 300 ms/, 'a lock that is held');
close $lock;

my $other = house();
$house->write_conf(master_key_file => $other->{master_key});
for my $words (['check'], ['key', 'create', '--user', 'u'],
    ['integration', 'reveal', $id]) {
	my $refused = $house->admin(@$words);
	isnt($refused->{exit}, 0, "another key file: @$words");
	like($refused->{err}, qr/is not the one that database /,
	    'and it is told');
}
$house->write_conf(busy_timeout_ms => 300);
is($house->admin('init')->{exit}, 1, 'init again');

my $blocked = house(init => 0);
spew("$blocked->{dir}/keys", '');
like($blocked->admin('init')->{err}, qr/directory .* cannot be made|keys/,
    'init where a file is in the way');

SKIP: {
	skip 'only root becomes another user', 3 if $> != 0;
	my $owned = house(init => 0);
	mkdir "$owned->{dir}/$_", 0700 or die $! for qw(data keys);
	chmod 0755, $owned->{top}, $owned->{dir};
	chown 65534, 65534, map { "$owned->{dir}/$_" } qw(data keys);
	$owned->admin_ok('init');
	is((stat $owned->{database})[4], 65534,
	    "root's command is its owner's");
	like($house->admin('check', { env => { STRONGROOM_DATABASE =>
	    '/nowhere/at/all/strongroom.db' } })->{err},
	    qr/ error /, 'a database that is nowhere');
}

# -- rows that make no sense

for my $case (['created_at = hex(zeroblob(99))', 'created_at'],
    ["status = 'strange'", 'status']) {
	my ($change, $name) = @$case;
	my $strange = house();
	saved_ok($strange->cgi(body => $body), 'a save');
	$strange->tamper('PRAGMA ignore_check_constraints = 1; '
	    . "UPDATE integrations SET $change;");
	my $again = $strange->cgi(body => $body);
	is($again->{status}, 500, "$name that makes no sense: 500");
	like($again->{err}, qr/row does not make sense/, 'and it is told');
}
my $keys = house();
my $key = $keys->key;
$keys->tamper('UPDATE api_keys SET expires_at = hex(zeroblob(99))');
my $senseless = $keys->cgi(body => $body);
is($senseless->{status}, 500, "a key's row that makes no sense: 500");
like($senseless->{err}, qr/API key's row does not make sense/,
    'and it is told');
my $boxes = house();
saved_ok($boxes->cgi(body => $body), 'a save');
$boxes->tamper("UPDATE integrations SET auth_data = zeroblob(301);");
my $check = $boxes->admin(qw(check --json));
is($check->{exit}, 1, 'check: a box that does not open');
my $said = decode($check->{out});
is($said->{faults}, 1, 'is one fault');
like($said->{complaints}[0]{complaint}, qr/does not open/, 'in its words');

# -- the worker's options and sockets

my $tcp = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or
    die "bind: $!";
sub refused {
	my ($exit, $like, $name, %o) = @_;
	my $log = "$house->{dir}/log/refused." . ++$house->{count};
	my $pid = start(cmd => [program('strongroom.fcgi'), '--config',
	    $house->{conf}, @{ $o{args} // [] }], stdin => $o{stdin},
	    stdout => $log, stderr => $log);
	is((reap($pid, 60) // -1) >> 8, $exit, $name);
	like(slurp($log), $like, 'and it is told');
}
refused(78, qr/is not a UNIX socket/, 'a TCP socket', stdin => $tcp);
my $sock = "$house->{dir}/x.sock";
refused(2, qr/extra is no option/, 'a word too many',
    args => ['--socket', $sock, 'extra']);
refused(71, qr/at most \d+ bytes/, 'a path that is too long',
    args => ['--socket', "$house->{dir}/" . 'x' x 120]);
spew($sock, 'a file');
refused(71, qr/x\.sock/, 'a file where the socket should be',
    args => ['--socket', $sock]);
unlink $sock;
my $group = getgrgid((split ' ', $))[0]);
my $worker = $house->worker(args => defined $group
    ? ['--socket-group', $group] : []);
is((stat $worker->{socket})[5], (split ' ', $))[0], 'a group of its own');
my ($mask) = slurp("/proc/$worker->{pid}/status") =~ /^Umask:\s+(\d+)/m;
is($mask, sprintf('%04o', umask), 'the mask of modes is what it was');
refused(71, qr/in use|\Q$worker->{socket}\E/, 'a socket that is in use',
    args => ['--socket', $worker->{socket}]);

# -- system calls that fail

SKIP: {
	skip 'a sanitizer makes calls of its own', 1 if slow() > 1;
	my $probe = run(cmd => ['strace', '-qqq', '-o', '/dev/null', 'true']);
	skip 'strace cannot trace here', 1 if $probe->{exit} ne '0';
	my @cgi = (GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'GET',
	    SCRIPT_NAME => '/healthz');
	for my $case (['fsync', 'EIO', 1, 'init', qr/directory .* cannot be ma/],
	    ['prlimit64', 'EPERM', 2, 'cgi', qr/core files cannot be turned/],
	    ['prctl', 'EPERM', 1, 'cgi', qr/the process stays dumpable/],
	    ['flock', 'ENOLCK', 1, 'key', qr/lock file .*: /],
	    ['epoll_create1', 'EMFILE', 1, 'worker', qr/cannot be waited for/],
	    ['clone3,clone', 'EAGAIN', 1, 'worker', qr/thread does not start/],
	    ['clone3,clone', 'EAGAIN', '2+', 'worker', qr/thread does not s/],
	    ['clone3,clone', 'EAGAIN', '3+', 'worker', qr/a thread (?:that reads )?does not/],
	    ['clone3,clone', 'EAGAIN', '1+', 'cgi', qr/ info request /]) {
		my ($call, $error, $when, $what, $like) = @$case;
		my $odd = house(init => $what ne 'init');
		my @words = $what eq 'init' ? ('strongroom', 'init')
		    : $what eq 'key' ? qw(strongroom key create --user u)
		    : $what eq 'cgi' ? ('strongroom.fcgi')
		    : ('strongroom.fcgi', '--socket', "$odd->{dir}/s");
		my $program = program(shift @words);
		my $done = run(cmd => ['strace', '-f', '-qqq', '-o',
		    '/dev/null', '-e', "trace=$call", '-e',
		    "inject=$call:error=$error:when=$when", '--', $program,
		    '--config', $odd->{conf}, @words],
		    env => { $what eq 'cgi' ? @cgi : () });
		like($done->{err}, $like, "$call fails ($what): it is told");
		isnt($done->{exit}, 0, 'and is the end') if $what ne 'cgi';
		ok(!-e $odd->{master_key}, 'no half a key file is left')
		    if $what eq 'init';
	}
}

# -- methods

for my $door (qw(fcgi cgi)) {
	my $head = $house->$door(method => 'HEAD', path => '/healthz',
	    key => undef, type => undef, length => undef);
	is($head->{body}, '', "$door: HEAD has no body");
}

finish();
