#!/usr/bin/perl
# The end of a worker whose peers or fellows would hold it up.

use strict;
use warnings;
use Fcntl qw(:flock);
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_send);
use Strongroom::Proc qw(start stop running pause wait_until launch now);

my $house = house();
my $limit = 15 * slow();	# seconds; peers would go on for twice as long

# Whether a process of one of our programs sleeps until its input comes.
sub waits_for_input {
	my ($pid) = @_;
	return slurp("/proc/$pid/stat") =~ /\A\d+ \(strongroom\S*\) S /;
}

# Peers that begin a request only when the stop has begun, and dribble.
my $worker = $house->worker;
my @peers = map { fcgi_connect($worker->{socket}) } 1 .. 3;
saved_ok($house->fcgi(json => { name => 'n', integration_type => 'jira' }),
    'the worker serves beside idle peers');
kill 'TERM', $worker->{pid};
my $begun = now();
my @bytes = map { [split //, fcgi_begin(0) . fcgi_begin(0)] } @peers;
my $since = 0;
while (running($worker->{pid}) && $since < 2 * $limit) {
	for my $i (0 .. $#peers) {
		next if $since < 1.1 * $i || !@{ $bytes[$i] };
		fcgi_send($peers[$i], shift @{ $bytes[$i] });
	}
	pause(0.2);
	$since = now() - $begun;
}
$worker->{stopped} = 1;
my $end = stop($worker->{pid});
is($end->{exit}, 0, 'dribbling peers: the worker exits 0');
cmp_ok(now() - $begun, '<=', $limit, 'in time');

# A peer that keeps its connection and never pauses.
$worker = $house->worker;
$house->key;
my $begun_file = "$house->{dir}/begun";
my $load = launch(2, sub {
	my $sock = fcgi_connect($worker->{socket});
	my ($served, $until) = (0, now() + 2 * $limit);
	while (now() < $until) {
		my $said = $house->fcgi(sock => $sock, keep => 1, json => {
		    name => 'n', integration_type => 'jira' });
		last if $said->{status} == 599;
		spew($begun_file, '') if ++$served == 20;
	}
	return $served;
});
ok(wait_until(60, sub { -e $begun_file }), 'busy peers are served');
$worker->{stopped} = 1;
$end = stop($worker->{pid}, seconds => 60);
is($end->{exit}, 0, 'busy peers: the worker exits 0');
cmp_ok($end->{seconds}, '<=', $limit, 'in time');
$load->();

# Somebody who takes no lock of ours writes, and does not end: saves may wait
# for half a minute, but not the stop, and meanwhile the lock is free for others.
my $patient = house(conf => { busy_timeout_ms => 30_000 });
$worker = $patient->worker;
$patient->key;
my $said = "$patient->{dir}/said";
my $foreign = start(cmd => ['/bin/sh', '-c', 'exec 3>&1; { echo "BEGIN '
    . 'IMMEDIATE;"; echo ".print begun"; sleep 120; } | exec sqlite3 -batch "$0"',
    $patient->{database}], stdout => $said, name => 'sqlite3');
ok(wait_until(60, sub { -s $said }), 'a foreign writer has begun');
# By a connection that the worker has, for the stop accepts no other.
my $known = "$patient->{dir}/known";
$load = launch(1, sub {
	my $sock = fcgi_connect($worker->{socket});
	$patient->fcgi(sock => $sock, keep => 1, method => 'GET',
	    path => '/healthz');
	spew($known, '');
	return $patient->fcgi(sock => $sock, json => { name => 'n',
	    integration_type => 'jira' })->{status};
});
ok(wait_until(60, sub { -e $known }), 'who saves is known to the worker');
open my $lock, '<', "$patient->{database}.lock" or die $!;
ok(wait_until(60, sub { flock $lock, LOCK_EX | LOCK_NB }),
    'the lock can be had while a save waits');
flock $lock, LOCK_UN;
$worker->{stopped} = 1;
$end = stop($worker->{pid}, seconds => 60);
is($end->{exit}, 0, 'a foreign writer: the worker exits 0');
cmp_ok($end->{seconds}, '<=', $limit, 'in time');
is_deeply([$load->()], [[503]], 'and the save was refused');
stop($foreign);

# Two on one listening socket: a connection that both are woken for is
# accepted by one, and the other must not be left waiting for it.
my ($listen, $socket) = $house->listener('shared');
my @pair = map {
	$house->worker(via => 'inherit', listen => $listen, socket => $socket)
} 1 .. 2;
my @idle = map { fcgi_connect($socket) } 1 .. 200;
saved_ok($house->fcgi(socket => $socket,
    json => { name => 'n', integration_type => 'jira' }), 'a pair serves');
undef @idle;
for my $i (0, 1) {
	$pair[$i]{stopped} = 1;
	$end = stop($pair[$i]{pid}, seconds => 60);
	is($end->{exit}, 0, "worker $i of a pair exits 0");
	cmp_ok($end->{seconds}, '<=', $limit, 'in time');
}

# Whatever a supervisor sends for the end.
for my $signal (qw(TERM INT HUP QUIT USR1)) {
	$worker = $house->worker;
	saved_ok($house->fcgi(json => { name => $signal,
	    integration_type => 'jira' }), "before SIG$signal, a save");
	$worker->{stopped} = 1;
	is(stop($worker->{pid}, signal => $signal)->{exit}, 0,
	    "SIG$signal: exit 0");
	like(slurp($worker->{log}), qr/stopping on signal/, 'in order');
}

# Whatever the parent did with its signals: TERM ends it in order.
my @ignoring = ('/bin/sh', '-c', 'trap "" TERM HUP INT QUIT USR1; exec "$@"',
    'sh');
my @blocking = ('perl', '-MPOSIX=:signal_h', '-e', 'my $all = '
    . 'POSIX::SigSet->new; $all->fillset; sigprocmask(SIG_SETMASK, $all); '
    . 'exec @ARGV');
for my $case (['ignored' => @ignoring], ['blocked' => @blocking]) {
	my ($what, @before) = @$case;
	$worker = $house->worker(before => \@before);
	$worker->{stopped} = 1;
	is(stop($worker->{pid})->{exit}, 0, "TERM that was $what: exit 0");
	like(slurp($worker->{log}), qr/stopping on signal 15/, 'in order');
}

# nohup(1) and the like mean what they say.
$worker = $house->worker(before => \@ignoring);
kill $_, $worker->{pid} for qw(HUP INT QUIT USR1);
saved_ok($house->fcgi(json => { name => 'n', integration_type => 'jira' }),
    'signals that were ignored at the start do not end it');
# What is not ignored is seen four times a second at least.
pause(0.6);
ok(running($worker->{pid}), 'nor later');
is($house->stop_worker($worker)->{exit}, 0, 'but TERM does');

# So it is with CGI and the command line, while they wait for their input.
for my $case ([ignored => \@ignoring], [blocked => \@blocking]) {
	my ($what, $before) = @$case;
	for my $name (qw(CGI import)) {
		pipe my $from, my $to or die "pipe: $!";
		my $err = "$house->{dir}/log/$what-$name";
		my @cmd = $name eq 'CGI' ? (Strongroom::program(
		    'strongroom.fcgi'), "--config=$house->{conf}", '/x.cgi')
		    : (Strongroom::program('strongroom'), '--config',
		    $house->{conf}, 'import', '--user', 'u');
		my $pid = start(cmd => [@$before, @cmd], stdin => $from,
		    stderr => $err, env => Strongroom::clean_env(
		    $name eq 'CGI' ? (GATEWAY_INTERFACE => 'CGI/1.1',
		    REQUEST_METHOD => 'POST', CONTENT_LENGTH => 100) : ()));
		wait_until(20 * slow(), sub { waits_for_input($pid) });
		is(stop($pid, seconds => 20)->{exit}, 'signal 15',
		    "$name: TERM that was $what ends it");
	}
}

# And multiwatch, whose signals are its own affair.
my $log = "$house->{dir}/log/watched.log";
my $path = "$house->{dir}/watched.sock";
my $watcher = start(cmd => ['multiwatch', '-s', 'TERM', '--',
    Strongroom::program('strongroom.fcgi'), '--config', $house->{conf},
    '--socket', $path], env => Strongroom::clean_env(), stderr => $log);
ok(wait_until(60, sub { -S $path && fcgi_connect($path) }),
    'a worker under multiwatch');
is(stop($watcher)->{exit}, 0, 'multiwatch ends');
like(slurp($log), qr/stopping on signal/, 'and its worker in order');

# A script's first line puts the script's path behind the options.
$worker = $house->worker(via => 'inherit', listen => $listen,
    socket => $socket, args => ['/srv/www/save.fcgi']);
saved_ok($house->fcgi(socket => $socket,
    json => { name => 'n', integration_type => 'jira' }),
    'words behind the options of a script are not ours');
is($house->stop_worker($worker)->{exit}, 0, 'and it ends in order');

finish();
