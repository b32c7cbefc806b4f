#!/usr/bin/perl
# The end of a worker whose peers or fellows would hold it up.

use strict;
use warnings;
use Test::More;
use Time::HiRes ();
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_send);
use Strongroom::Proc qw(start stop running pause wait_until launch);

my $house = house();
my $limit = 5 * slow();

# Peers that begin a request only when the stop has begun, and dribble.
my $worker = $house->worker;
my @peers = map { fcgi_connect($worker->{socket}) } 1 .. 3;
saved_ok($house->fcgi(json => { name => 'n', integration_type => 'jira' }),
    'the worker serves beside idle peers');
kill 'TERM', $worker->{pid};
my $begun = Time::HiRes::time();
my @bytes = map { [split //, fcgi_begin(0) . fcgi_begin(0)] } @peers;
my $since = 0;
while (running($worker->{pid}) && $since < $limit + 5) {
	for my $i (0 .. $#peers) {
		next if $since < 1.1 * $i || !@{ $bytes[$i] };
		fcgi_send($peers[$i], shift @{ $bytes[$i] });
	}
	pause(0.2);
	$since = Time::HiRes::time() - $begun;
}
$worker->{stopped} = 1;
my $end = stop($worker->{pid});
is($end->{exit}, 0, 'dribbling peers: the worker exits 0');
cmp_ok(Time::HiRes::time() - $begun, '<=', $limit, 'in time');

# A peer that keeps its connection and never pauses.
$worker = $house->worker;
$house->key;
my $begun_file = "$house->{dir}/begun";
my $load = launch(2, sub {
	my $sock = fcgi_connect($worker->{socket});
	my ($served, $until) = (0, Time::HiRes::time() + 30 * slow());
	while (Time::HiRes::time() < $until) {
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
