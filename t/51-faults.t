#!/usr/bin/perl
# Broken clients, stalled clients, no file descriptors, no space, no lock: the
# worker keeps serving.

use strict;
use warnings;
use Fcntl qw(:flock);
use IO::Poll qw(POLLIN POLLHUP);
use IO::Select;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_send
    fcgi_record fcgi_stdin fcgi_abort fcgi_closed fcgi_read);
use Strongroom::Proc qw(start stop run running wait_until at_end pause now
    parallel);

my $body = with_auth('{"access_token":"t"}');
my $healthy = sub { $_[0]->fcgi(method => 'GET', path => '/healthz',
    key => undef, body => '', length => undef) };

# The very process that was started still does its work.
sub serves {
	my ($house, $after) = @_;
	ok(running($house->{worker}{pid}), "the process lives after $after");
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	answer_is($healthy->($house), 200, '{"status":"ok"}', "health $after");
	my $answer;
	wait_until(60, sub {
		$answer = $house->fcgi(body => $body);
		return $answer->{status} != 503;
	});
	saved_ok($answer, "a save after $after");
}

sub can_read { IO::Select->new($_[0])->can_read(0) }

# Whether the other end is closed, whatever is still to be read.
sub has_hung_up {
	my $poll = IO::Poll->new;
	$poll->mask($_[0] => POLLIN);
	$poll->poll(0);
	return $poll->events($_[0]) & POLLHUP;
}

my $house = house();
my $worker = $house->worker;
my @params = $house->fcgi_params_of(body => $body);
my $begin = fcgi_begin(0);
my $whole = $begin . fcgi_params(@params) . fcgi_stdin($body);

# Connections that break at every byte of a request, politely or not.
my $rows = @{ $house->integrations };
for (my $cut = 0; $cut < length $whole; $cut += 3) {
	my $sock = fcgi_connect($worker->{socket}) or die "connect: $!";
	fcgi_send($sock, substr $whole, 0, $cut);
	close $sock;
}
serves($house, 'connections that break at every byte');
cmp_ok(scalar @{ $house->integrations } - $rows, '<=', 2,
    'which saved nothing');
for (1 .. 100) {
	my $sock = fcgi_connect($worker->{socket}) or die "connect: $!";
	fcgi_send($sock, $whole);
	close $sock;
}
serves($house, 'clients that do not wait for the answer');
for my $part ($begin, $begin . fcgi_params(@params),
    $begin . fcgi_params(@params) . fcgi_record(5, substr $body, 0, 10)) {
	my $sock = fcgi_connect($worker->{socket});
	fcgi_send($sock, $part . fcgi_abort());
	close $sock;
}
serves($house, 'requests that were aborted');

# Bytes that are no FastCGI, or an odd one.
srand 20240115;
my %garbage = (
    'an HTTP request' => "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    'zeros' => "\0" x 4096, 'all ones' => "\xff" x 4096,
    'another version' => pack('CCnnCx', 9, 1, 1, 8, 0) . "\0\1\0\0\0\0\0\0",
    'an unknown type' => fcgi_record(99, 'x' x 8) . $whole,
    'an authorizer' => fcgi_record(1, pack 'nCx5', 2, 0),
    'an unknown role' => fcgi_record(1, pack 'nCx5', 77, 0),
    'a short begin' => fcgi_record(1, ''),
    'two begins' => $begin . $whole,
    'no begin' => substr($whole, length $begin),
    'stdin before params' => $begin . fcgi_stdin($body) . fcgi_params(@params),
    'another request id' => $begin . fcgi_record(4, 'xx', 7),
    'get values' => fcgi_record(9, "\x0e\0FCGI_MPXS_CONNS", 0) . $whole,
    'unknown values' => fcgi_record(9, "\x01\0x" x 500, 0),
    'params cut in a length' => $begin . fcgi_record(4, "\x80\0")
	. fcgi_record(4, ''),
    'params longer than they are' => $begin . fcgi_record(4, "\x05\x50abc")
	. fcgi_record(4, ''),
    'a param of 16 MiB that is not there' => $begin
	. fcgi_record(4, "\x05\x81\0\0\0abcde") . fcgi_record(4, ''),
    'params without names' => $begin . fcgi_record(4, "\0\0" x 20_000)
	. fcgi_record(4, '') . fcgi_record(5, ''),
    'a name with a NUL' => $begin . fcgi_params('A' . "\0" . 'B' => 'x'),
    'no params at all' => $begin . fcgi_params() . fcgi_stdin(''),
    'a large param' => $begin . fcgi_params(@params, HTTP_X => 'x' x 300_000)
	. fcgi_stdin($body),
    'ten thousand params' => $begin . fcgi_params(@params,
	map { ("HTTP_X_$_" => $_) } 1 .. 10_000) . fcgi_stdin($body),
    map({ ("noise $_" => join '', map { chr rand 256 } 1 .. 2000) } 1 .. 20),
    map({ my $at = 16 + int rand(length($whole) - 16);
	("a flipped byte at $at" => substr($whole, 0, $at)
	    . chr(255 ^ ord substr $whole, $at, 1) . substr($whole, $at + 1)) }
	1 .. 60),
);
for my $name (sort keys %garbage) {
	my $sock = fcgi_connect($worker->{socket}) or die "connect: $!";
	fcgi_send($sock, $garbage{$name}, 10);
	shutdown $sock, 1;
	my $answer = fcgi_read($sock, 60 * slow());
	close $sock;
	running($worker->{pid}) or last;
}
serves($house, 'garbage');

# The lock is held by somebody else.
open my $lock, '+<', "$house->{database}.lock" or die "lock: $!";
flock $lock, LOCK_EX or die "flock: $!";
$rows = @{ $house->integrations };
my $answer = $house->fcgi(body => $body);
error_is($answer, 503, 'Database is busy', 'a save without the lock');
like($answer->{headers}{'retry-after'}, qr/\A\d+\z/, 'with Retry-After');
is($house->cgi(body => $body)->{status}, 503, 'by CGI too');
answer_is($healthy->($house), 200, '{"status":"ok"}', 'readers go on');
answer_is($house->fcgi(key => 'x', body => $body), 401,
    '{"detail":"Invalid API key"}', 'keys are looked up');
is(scalar @{ $house->integrations }, $rows, 'a 503 has stored nothing');
close $lock;
serves($house, 'the lock was had by another');

# Without a write-ahead log, and a database that cannot be read at all.
my $plain = house(conf => { journal_mode => 'truncate',
	busy_timeout_ms => 500 });
$plain->worker;
serves($plain, 'its start with journal_mode truncate');
ok(!-e "$plain->{database}-wal", 'there is no write-ahead log');
pipe my $from, my $to or die "pipe: $!";
my $said = "$plain->{dir}/said";
my $holder = start(cmd => ['sqlite3', $plain->{database}], stdin => $from,
    stdout => $said, stderr => $said);
close $from;
syswrite $to, "PRAGMA busy_timeout = 20000;\nBEGIN EXCLUSIVE;\n.print locked\n";
ok(wait_until(60, sub { slurp($said) =~ /locked/ }), 'a lock on all of it');
$answer = $plain->fcgi(body => $body);
like($answer->{status}, qr/\A50[03]\z/, 'a key that cannot be looked up: 5xx');
like($answer->{body}, qr/\A\{"success":false,"data":null,"error":"Failed to save integration: Database (?:connection failed|is busy)"\}\z/,
    'in the envelope');
$answer = $healthy->($plain);
is($answer->{status}, 503, '/healthz: 503');
like($answer->{body}, qr/\A\{"status":"unavailable","reason":"[\w ]+"\}\z/,
    'with the name of the reason');
close $to;
stop($holder);
serves($plain, 'the database could not be read');

# No file descriptors left.
my $narrow = house();
$narrow->worker(fds => 64);
my @hoard = map { fcgi_connect($narrow->{worker}{socket}) } 1 .. 200;
cmp_ok(scalar(grep { defined } @hoard), '>', 100, 'connections are open');
ok(running($narrow->{worker}{pid}), 'the process lives without descriptors');
close $_ for grep { defined } @hoard;
@hoard = ();
ok(wait_until(60, sub { $healthy->($narrow)->{status} == 200 }),
    'health comes back');
serves($narrow, 'its descriptors were exhausted');

# Nor for a start: who waits at the socket already takes nothing that it needs.
my $rushed = house();
my ($listen, $socket) = $rushed->listener('rushed');
@hoard = map { fcgi_connect($socket) } 1 .. 200;
my $first = $rushed->worker(via => 'inherit', listen => $listen,
    socket => $socket, fds => 64, ready => 0);
ok(wait_until(60, sub {
	!running($first->{pid}) || slurp($first->{log}) =~ /serves, /;
}), 'a worker is started with 200 connections at its socket');
ok(running($first->{pid}), 'and does');
close $_ for grep { defined } @hoard;
@hoard = ();
ok(wait_until(60, sub { $healthy->($rushed)->{status} == 200 }),
    'it is healthy when they are gone');
serves($rushed, 'such a start');

# Idle, stalled and dribbling clients are cut off.
my $hasty = house(conf => { io_timeout_ms => 1000 });
$hasty->worker;
my $path = $hasty->{worker}{socket};
@params = $hasty->fcgi_params_of(body => $body);
my %stalled = ('after one byte' => "\1", 'after its begin' => $begin,
    'amid its params' => $begin . substr(fcgi_params(@params), 0, 50),
    'after its params' => $begin . fcgi_params(@params),
    'amid its body' => $begin . fcgi_params(@params) . fcgi_record(5, '{'));
for my $where (sort keys %stalled) {
	my $sock = fcgi_connect($path);
	fcgi_send($sock, $stalled{$where});
	my $seconds = fcgi_closed($sock, 60 * slow());
	ok(defined $seconds, "stalled $where: cut off");
	cmp_ok($seconds // 99, '<', 10 * slow(), 'in time');
	cmp_ok($seconds // 0, '>', 0.8, 'and not at once');
}
my $dribble = fcgi_connect($path);
fcgi_send($dribble, $begin . fcgi_params(@params));
my $from_time = now();
my $cut = wait_until(60 * slow(), sub {
	pause(0.1);
	return !fcgi_send($dribble, fcgi_record(5, '{'), 5);
});
ok($cut, 'a client that sends a byte now and then is cut off')
    || diag('after ' . (now() - $from_time));
my @crowd = map { my $s = fcgi_connect($path);
	fcgi_send($s, $begin); $s } 1 .. 12;
saved_ok($hasty->fcgi(body => $body, seconds => 60 * slow()),
    'beside a dozen stalled clients: still served');
close $_ for @crowd;
my $large = '{"name":"n","integration_type":"jira","metadata":{"x":"'
    . 'x' x 1_000_000 . '"}}';
my $request = $begin . fcgi_params($hasty->fcgi_params_of(body => $large))
    . fcgi_stdin($large);
my @deaf = map { my $s = fcgi_connect($path); fcgi_send($s, $request); $s }
    1 .. 8;
my $honest;
wait_until(60, sub {	# eight large saves may still fill the queue
	$honest = $hasty->fcgi(body => $body, seconds => 60 * slow());
	return $honest->{status} != 503;
});
saved_ok($honest, 'clients that never read their answers do not stop it');
close $_ for @deaf;
@crowd = map { fcgi_connect($path) } 1 .. 12;
saved_ok($hasty->fcgi(body => $body, seconds => 60 * slow()),
    'nor do idle ones');
close $_ for @crowd;
serves($hasty, 'slow clients');

# Nor may an answer take longer than io_timeout_ms, however it is not read:
# not at all, or so slowly that the worker gets rid of a part now and then.
SKIP: {
	my $held = slurp('/proc/sys/net/core/wmem_default');
	skip 'the system holds a whole answer for the reader', 1
	    if $held > 1_000_000;
	my $unread = house(conf => { io_timeout_ms => 1000,
		max_body => 8_000_000 });
	$unread->worker;
	$large = '{"name":"n","integration_type":"jira","metadata":{"x":"'
	    . 'x' x 6_000_000 . '"}}';
	$request = $begin . fcgi_params($unread->fcgi_params_of(
	    body => $large)) . fcgi_stdin($large);
	my $idle = fcgi_connect($unread->{worker}{socket});
	my $slow = fcgi_connect($unread->{worker}{socket});
	fcgi_send($_, $request) for $idle, $slow;
	my ($read, $n) = (0, 1);
	while ($n) {
		wait_until(60 * slow(), sub { can_read($slow) }) or last;
		$read += $n = sysread $slow, my $bytes, 300_000;
		pause(0.4);
	}
	is($n // 0, 0, 'a client that reads its answer slowly is cut off');
	cmp_ok($read, '>', 300_000, 'amid the answer');
	cmp_ok($read, '<', 6_000_000, 'and not at its end');
	ok(wait_until(60 * slow(), sub { has_hung_up($idle) }),
	    'and so is one that does not read it');
	my $got = fcgi_read($idle, 60 * slow());
	ok(!$got->{ended}, 'which has a part of it');
	close $_ for $idle, $slow;
	serves($unread, 'unread answers');
	is($unread->admin('check')->{exit}, 0, 'check: all is well');
}

# A worker that was killed leaves its socket; the next one takes it over.
stop($worker->{pid}, signal => 'KILL');
$worker->{stopped} = 1;
ok(-S $worker->{socket}, 'a socket is left by a killed worker');
$house->worker(socket => $worker->{socket});
serves($house, 'a worker was killed');

# A full disk.
SKIP: {
	skip 'only root can mount', 1 if $> != 0;
	my $full = house(init => 0);
	mkdir "$full->{dir}/data", 0700 or die $!;
	my $mount = run(cmd => ['mount', '-t', 'tmpfs', '-o',
	    'size=3m,mode=0700', 'strongroom-test', "$full->{dir}/data"]);
	skip "cannot mount: $mount->{err}", 1 if $mount->{exit} ne '0';
	at_end(sub { system 'umount', '-l', "$full->{dir}/data" });
	$full->admin_ok('init');
	$full->worker;
	saved_ok($full->fcgi(body => $body), 'a save while there is space');
	my $ballast = "$full->{dir}/data/ballast";
	open my $fh, '>', $ballast or die $!;
	1 while syswrite $fh, 'x' x 4096;
	close $fh;
	my $heavy = with_auth('{"access_token":"' . 'x' x 500_000 . '"}');
	$rows = @{ $full->integrations };
	for (1 .. 3) {
		error_is($full->fcgi(body => $heavy), 507, 'Database is full',
		    'a save without space');
	}
	my ($id) = map { $_->{integration_id} } @{ $full->integrations };
	answer_is($full->fcgi(method => 'PATCH', path =>
	    "/api/v2/integrations/$id", body => '{"auth_data":{"more":"'
	    . 'x' x 500_000 . '"}}'), 507, '{"success":false,"data":null,'
	    . '"error":"Failed to change integration: Database is full"}',
	    'a change without space');
	my @answers = parallel(16, sub { $full->fcgi(body => $heavy)->{status} });
	is(join(' ', map { @$_ } @answers), join(' ', (507) x 16),
	    'sixteen at once');
	answer_is($healthy->($full), 200, '{"status":"ok"}', 'health');
	answer_is($full->fcgi(body => '{'), 422, '{"detail":[{"loc":["body",1],'
	    . '"msg":"' . (($full->fcgi(body => '{')->{body}
	    =~ /"msg":"(.*?)","type"/)[0] // '') . '",'
	    . '"type":"value_error.jsondecode"}]}', 'other requests');
	is($full->cgi(body => $heavy)->{status}, 507, 'by CGI too');
	unlink $ballast or die $!;
	is(scalar @{ $full->integrations }, $rows, 'a 507 has stored nothing');
	serves($full, 'the disk was full');
	saved_ok($full->fcgi(body => $heavy), 'and large saves too');
	is($full->admin('check')->{exit}, 0, 'check: all is well');
	is($full->stop_worker->{exit}, 0, 'the worker ends');
}
is($_->admin('check')->{exit}, 0, 'check: all is well')
    for $house, $plain, $narrow, $hasty;

finish();
