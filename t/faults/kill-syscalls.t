#!/usr/bin/perl
# A process is killed at its first write, sync or truncation of a file of the
# database, at its second, and so on until it comes to its end: before the
# call, and amid it. What it had acknowledged is there each time, and the next
# process saves.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect);
use Strongroom::Figure;
use Strongroom::Inject;
use Strongroom::Load;
use Strongroom::Proc qw(run stop running wait_until);

my $count = 0;

# The database as it was when this was last called without a name to restore.
sub template {
	my ($house, $what) = @_;
	my ($from, $to) = map { "$house->{dir}/$_" } qw(data template);
	($from, $to) = ($to, $from) if $what eq 'restore';
	run(cmd => ['rm', '-rf', $to]);
	run(cmd => ['cp', '-a', $from, $to])->{exit} eq '0' or die 'cp';
}

# A worker that saves, updates and ends in order, if it is let.
sub worker_run {
	my ($house, $env) = @_;
	my $socket = "$house->{dir}/run.sock";
	unlink $socket;
	my $worker = $house->worker(env => $env, ready => 0,
	    socket => $socket);
	$worker->{stopped} = 1;
	wait_until(60, sub { !running($worker->{pid})
	    || fcgi_connect($socket) }) or die 'a worker does not start';
	my $load = load($house, name => 'k' . ++$count, clients => 1,
	    saves => 12, until_cut => 1, seed => 7, pause => 0,
	    sizes => [20, 20, 9000]);
	$load->wait_for_end;
	return ($load, stop($worker->{pid})->{exit});
}

# CGI processes; the log is long enough for the first to bring it in.
sub cgi_run {
	my ($house, $env) = @_;
	my $load = load($house, name => 'k' . ++$count, clients => 1,
	    doors => ['cgi'], saves => 1, seed => 7, cgi_env => sub { $env });
	my $count = $load->wait_for_end;
	my @log = glob "$house->{database}-wal";
	# An answer comes before the log is brought in: was that done as well?
	return ($load, $count->{200} && !-s $log[0] ? 0 : 'signal 9');
}

# What a killed worker has left: more than a CGI process leaves, less than a
# worker brings in.
sub long_log {
	my ($house) = @_;
	my $worker = $house->worker;
	my $load = load($house, clients => 1, saves => 4, sizes => [320_000],
	    again => 0);
	$load->wait_for_end;
	stop($worker->{pid}, signal => 'KILL');
	$worker->{stopped} = 1;
	cmp_ok(-s "$house->{database}-wal", '>', 1 << 20, 'a long log');
}

# Kill at the Nth call until nothing is left to kill, in the short form at some
# of them, but for a control at each: how many runs, how many acknowledged
# saves, and what was wrong.
sub kill_at_each {
	my ($house, $run, $action, $more) = @_;
	my ($runs, $saves, @wrong) = (0, 0);
	for (my $n = 1; $n < 3000; $n += $more ? 1
	    : rounds(1 + int rand 8, 1)) {
		template($house, 'restore');
		my ($load, $exit) = $run->($house,
		    inject($house, "change:$action:$n$more"));
		$runs++;
		$saves += $load->acknowledged;
		push @wrong, map { "$action at $n: $_" } $load->faults;
		my $after = $house->cgi(body =>
		    with_auth('{"access_token":"after"}'));
		push @wrong, "$action at $n: then $after->{status}"
		    if $after->{status} != 200;
		push @wrong, map { "$action at $n, then: $_" } $load->faults;
		last if $exit eq '0';
	}
	return ($runs, $saves, @wrong);
}

sub prepared {
	my ($conf, $fill) = @_;
	my $house = house(conf => { log_level => 'error',
		%$conf });
	$house->key;
	$fill->($house) if $fill;
	template($house, 'keep');
	return $house;
}

my $wal = prepared({});
my @scenes = (
    ['a worker', \&worker_run, $wal],
    ['a worker without a write-ahead log', \&worker_run,
	prepared({ journal_mode => 'truncate' })],
    ['a CGI process with a long log', \&cgi_run, prepared({}, \&long_log)],
);
my @sum = (0, 0);
for my $scene (@scenes) {
	my ($name, $run, $house) = @$scene;
	for my $action (qw(kill tear)) {
		my ($runs, $saves, @wrong) =
		    kill_at_each($house, $run, $action, '');
		cmp_ok($runs, '>', 1, "$name was killed ($action), "
		    . "$runs runs");
		is(join("\n", @wrong), '', 'nothing is lost or damaged');
		$sum[0] += $runs;
		$sum[1] += $saves;
		$sum[2] += @wrong;
	}
}
figure('killed at ' . (full() ? 'each call' : 'some calls') . ' of write, '
    . "sync, truncate, $sum[0] runs: $sum[2] faults in $sum[1] acknowledged "
    . 'saves, 0 may be');

# The same of a worker that answers before it commits.
my ($runs, $saves, @wrong) = kill_at_each($wal, \&worker_run, 'kill',
    ',commit:early:1+:4');
my $lost = grep { /lost|old/ } @wrong;
cmp_ok($lost, '>', 0, 'control: a worker that answers before it commits '
    . 'loses saves');
control("answers before the commit, $runs runs: $lost lost or old of $saves");

finish();
