#!/usr/bin/perl
# The worker's sandbox: around every thread, switched by its key, on a kernel
# that has not all of it, and not in the way of what the worker has to do.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run stop);

my $program = slurp(program('strongroom.fcgi'));
my $is_sanitized = $program =~ /__[at]san_init/;
plan skip_all => 'this build has no whole sandbox'
    if !$is_sanitized && $program !~ /seccomp_load/;
my $body = with_auth('{"access_token":"t"}');

# How the kernel sees each thread: "NoNewPrivs Seccomp", and how many do.
sub threads_of {
	my ($pid) = @_;
	opendir my $dh, "/proc/$pid/task" or die "$pid: $!";
	my %seen;
	for my $task (grep { /\A\d+\z/ } readdir $dh) {
		my $status = slurp("/proc/$pid/task/$task/status");
		my ($privs) = $status =~ /^NoNewPrivs:\s+(\d)/m;
		my ($calls) = $status =~ /^Seccomp:\s+(\d)/m;
		$seen{"$privs $calls"}++;
	}
	return \%seen;
}

sub said { $_[0]->log_says($_[1]) }

# On a kernel that lacks a system call; strace stays in the background.
sub without {
	my ($call) = @_;
	return ('strace', '-D', '-f', '-qqq', '-o', '/dev/null', '-e',
	    "trace=$call", '-e', "inject=$call:error=ENOSYS", '--');
}

# -- with a sanitizer, as far as it goes

if ($is_sanitized) {
	my $house = house();
	$house->worker;
	saved_ok($house->fcgi(body => $body), 'saves without a sandbox');
	ok(said($house, qr/ warning there is no sandbox: /), 'and says so');
	$house->write_conf(sandbox => 'on');
	my $refused = run(cmd => [program('strongroom.fcgi'), '--config',
	    $house->{conf}, '--socket', "$house->{dir}/s.sock"]);
	is($refused->{exit}, 71, 'asked for one, it does not start');
	finish();
	exit;
}

# -- on and off

my $house = house();
my $worker = $house->worker;
saved_ok($house->fcgi(body => $body), 'auto: saves');
is_deeply(threads_of($worker->{pid}), { '1 2' => 8 },
    'auto: each of eight threads has no new privileges, and a filter');
ok(said($house, qr/ info the sandbox is closed: Landlock \d+, seccomp\n/),
    'auto: it says what the sandbox is made of');
is($house->stop_worker->{exit}, 0, 'auto: a signal still ends it');
ok(!-e $worker->{socket}, 'auto: its socket is removed');

$house->write_conf(sandbox => 'off');
$worker = $house->worker;
saved_ok($house->fcgi(body => $body), 'off: saves');
is_deeply(threads_of($worker->{pid}), { '0 0' => 8 },
    'off: no thread has anything');
ok(said($house, qr/ warning the sandbox is off, as configured\n/),
    'off: it warns');
$house->stop_worker;

$house->write_conf(sandbox => 'on');
$worker = $house->worker;
saved_ok($house->fcgi(body => $body), 'on: saves');
is_deeply(threads_of($worker->{pid}), { '1 2' => 8 }, 'on: as auto');
$house->stop_worker;

$house->write_conf(sandbox => 'perhaps');
like($house->admin('check')->{err},
    qr/sandbox must be one of: auto on off/, 'no other value');

# -- the kernel lacks something

SKIP: {
	my $probe = run(cmd => ['strace', '-qqq', '-o', '/dev/null', 'true']);
	skip 'strace cannot trace here', 1 if $probe->{exit} ne '0';
	my %cgi = (GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'GET',
	    SCRIPT_NAME => '/healthz');
	for (['landlock_create_ruleset', 'Landlock'],
	    ['landlock_restrict_self', 'Landlock']) {
		my ($call, $name) = @$_;
		$house->write_conf(sandbox => 'auto');
		my $worker = $house->worker(before => [without($call)]);
		saved_ok($house->fcgi(body => $body), "no $call: saves");
		ok(said($house,
		    qr/ info the sandbox has no $name \(Function not imp/),
		    'and says so');
		is_deeply([keys %{ threads_of($worker->{pid}) }], ['1 2'],
		    'what there is, is used');
		$house->stop_worker;
		$house->write_conf(sandbox => 'on');
		my @cmd = (without($call), program('strongroom.fcgi'),
		    '--config', $house->{conf});
		my $refused = run(cmd => [@cmd, '--socket',
		    "$house->{dir}/s.sock"]);
		is($refused->{exit}, 71, 'on: it does not start');
		like($refused->{err}, qr/ error the sandbox has no $name /,
		    'and says why');
		$refused = run(cmd => \@cmd, env => { %cgi });
		like($refused->{out}, qr/\AStatus: 500 /, 'CGI: 500');
	}
}

# -- a kernel is asked for what its Landlock knows, and no more

SKIP: {
	my $probe = run(cmd => ['strace', '-qqq', '-o', '/dev/null', 'true']);
	skip 'strace cannot trace here', 1 if $probe->{exit} ne '0';
	$house->write_conf(sandbox => 'auto');
	# Rights to files, and the size of what has them, by version.
	my %asked = (1 => '0x1fff 8', 2 => '0x3fff 8', 3 => '0x7fff 8',
	    4 => '0x7fff 16', 5 => '0xffff 16', 6 => '0xffff 24',
	    7 => '0xffff 24');
	my $trace = "$house->{dir}/trace";
	for my $version (sort keys %asked) {
		unlink $trace;
		run(cmd => ['strace', '-qq', '-o', $trace, '-X', 'raw', '-e',
		    'trace=landlock_create_ruleset', '-e',
		    "inject=landlock_create_ruleset:retval=$version:when=1",
		    '--', program('strongroom.fcgi'), '--config',
		    $house->{conf}], env => {
		    GATEWAY_INTERFACE => 'CGI/1.1', REQUEST_METHOD => 'GET',
		    SCRIPT_NAME => '/healthz' });
		my ($rights, $size) = slurp($trace)
		    =~ /\{handled_access_fs=(\w+)[^}]*\}, (\d+)/;
		is(($rights // '') . ' ' . ($size // ''), $asked{$version},
		    "version $version");
	}
}

# -- what the worker has to do goes on

for my $mode (qw(wal truncate)) {
	my $house = house(conf => { journal_mode => $mode, sandbox => 'on' });
	$house->worker;
	saved_ok($house->fcgi(body => $body), "$mode: saves");
	my $large = with_auth('{"x":"' . 'x' x 900_000 . '"}');
	saved_ok($house->fcgi(body => $large), "$mode: a large one")
	    for 1 .. 12;
	$house->stop_worker;
	unlike(slurp($house->{worker}{log}), qr/ (?:error|warning) /,
	    "$mode: without a complaint");
	is($house->admin('check')->{exit}, 0, "$mode: all is well");
}
my $home = house(conf => { sandbox => 'on' });
my $first = $home->worker;
saved_ok($home->fcgi(body => $body), 'a save');
stop($first->{pid}, signal => 'KILL');
$first->{stopped} = 1;
unlink "$home->{database}-shm" or die $!;
$home->worker;
saved_ok($home->fcgi(body => $body), 'after a kill the log is recovered');
is(scalar @{ $home->integrations }, 2, 'with all rows');
$home->stop_worker;
saved_ok($home->cgi(body => $body), 'CGI inside its sandbox: saves');
is($home->cgi(body => $body)->{err} =~ tr/\n//, 1,
    'and its log has the line of the request alone');

finish();
