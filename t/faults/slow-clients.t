#!/usr/bin/perl
# Slow clients and idle connections through nginx as it is configured here:
# honest requests are served beside them as if they were alone. The control is
# an nginx whose connections the slow ones use up.

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::Figure;
use Strongroom::Proc qw(start stop run running wait_until launch pause);

use constant { SLOW => 2_000, IDLE => 10_000, ROOM => 12_500,
	SOON => 3, TRIES => 5 };

plan skip_all => 'slowhttptest is missing'
    if run(cmd => ['sh', '-c', 'command -v slowhttptest'])->{exit} ne '0';
my $most = run(cmd => ['sh', '-c', 'ulimit -Hn'])->{out};
chomp $most;

my $house = house(conf => { log_level => 'warning' });
$house->worker;

# How many connections there are to the port; each has two ends in the list.
sub connections {
	my ($port) = @_;
	my $hex = sprintf ':%04X', $port;
	return scalar grep { (split)[2] =~ /$hex\z/ && (split)[3] eq '01' }
	    split /\n/, slurp('/proc/net/tcp');
}

# The 99th percentile of honest requests in ms, and how many failed.
sub measure {
	my ($front, $n) = @_;
	my (@ms, $failed);
	$failed = 0;
	for my $i (1 .. $n) {
		my $from = time;
		my $answer = $i % 10 ? $house->http(front => $front,
		    method => 'GET', path => '/healthz', key => undef)
		    : $house->http(front => $front, body => with_auth('{}'));
		push @ms, 1000 * (time - $from);
		$failed++ if $answer->{status} != 200;
	}
	@ms = sort { $a <=> $b } @ms;
	return ($ms[int(0.99 * @ms)], $failed);
}

# The same. The machine may be busy otherwise: where it is too much, again,
# some times, and the least counts.
my $floor;
sub honest {
	my ($front, $n) = @_;
	my ($p99, $failed) = measure($front, $n);
	for (2 .. TRIES) {
		last if !$floor || $p99 < SOON * $floor;
		my ($ms, $bad) = measure($front, $n);
		$p99 = $ms if $ms < $p99;
		$failed += $bad;
	}
	return ($p99, $failed);
}

# The attack, with so many connections standing, while the code is called;
# what that returns. Requests for ranges are answered, so none stand; they come
# all the time.
sub under_attack {
	my ($front, $mode, $standing, $code) = @_;
	my $log = "$house->{dir}/log/slowhttptest";
	my $pid = start(cmd => ['slowhttptest', $mode, '-c', SLOW,
		'-r', $mode eq '-R' ? 200 : 1000, '-i', 5, '-l', 600, '-p', 5,
		'-s', 8192, '-f', 'application/json',
		'-u', $front->{url} . SAVE],
	    stdout => $log, stderr => $log, fds => $most < 4096 ? $most : 4096);
	my $seen;
	wait_until(20, sub {
		$seen = connections($front->{port});
		return $seen >= $standing;
	});
	my @said = $code->();
	my $lasted = running($pid);
	stop($pid);
	wait_until(20, sub { connections($front->{port}) < 10 });
	return ($lasted ? $seen : 0, @said);
}

my $n = rounds(400, 10_000);
my $front = $house->nginx(connections => $most < ROOM ? $most - 100 : ROOM);
honest($front, 50);
# The lower of two: what else the machine does shall be no excuse.
my ($alone) = sort { $a <=> $b } map { (honest($front, $n))[0] } 1, 2;
$floor = $alone > 1 ? $alone : 1;

my %name = (-H => 'slow headers', -B => 'slow bodies',
	-R => 'many ranges, 200 a second');
for my $mode (qw(-H -B -R)) {
	# Those with ranges are answered, and come again.
	my ($seen, $p99, $failed) = under_attack($front, $mode,
	    $mode eq '-R' ? 1 : 0.95 * SLOW, sub { honest($front, $n) });
	cmp_ok($seen, '>=', $mode eq '-R' ? 1 : 0.9 * SLOW,
	    "$name{$mode} are at the door");
	is($failed, 0, "beside $name{$mode} no honest request fails");
	cmp_ok($p99, '<', SOON * $floor, 'and each is served soon');
	figure(sprintf('beside %d connections of %s: honest p99 %.2f ms, '
	    . 'alone %.2f (%dx), %d failed (0)', $seen, $name{$mode}, $p99,
	    $alone, SOON, $failed));
}

# -- kept connections, each of which has asked once

SKIP: {
	skip "only $most open files are allowed, " . ROOM . ' are needed', 3
	    if $most ne 'unlimited' && $most < ROOM;
	my $request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
	my $told = launch(10, sub {
		my (@kept, $bad);
		$bad = 0;
		for (1 .. IDLE / 10) {
			my $sock = IO::Socket::INET->new(
			    PeerAddr => '127.0.0.1',
			    PeerPort => $front->{port}) or do { $bad++; next };
			syswrite $sock, $request;
			sysread $sock, my $answer, 4096;
			$bad++ if ($answer // '') !~ /\AHTTP\/1\.1 200 /;
			push @kept, $sock;
		}
		spew("$house->{dir}/idle-$_[0]", '');
		wait_until(600, sub { -e "$house->{dir}/idle-done" });
		return $bad;
	});
	wait_until(60, sub { !grep { !-e "$house->{dir}/idle-$_" } 0 .. 9 });
	my $seen = connections($front->{port});
	my ($p99, $failed) = honest($front, $n);
	spew("$house->{dir}/idle-done", '');
	my $bad = 0;
	$bad += $_->[0] for $told->();
	is($bad, 0, 'every connection was answered once');
	cmp_ok($seen, '>=', 0.99 * IDLE, 'all of them are kept');
	is($failed, 0, 'beside them no honest request fails');
	cmp_ok($p99, '<', SOON * $floor, 'and each is served soon');
	figure(sprintf('beside %d idle kept connections: honest p99 %.2f ms, '
	    . 'alone %.2f (%dx), %d failed (0)', $seen, $p99, $alone, SOON,
	    $failed));
}
stop($front->{pid});

# -- control: connections that run out

$front = $house->nginx(connections => 512);
my ($seen, $p99, $failed) = under_attack($front, '-H', 400, sub {
	my $failed = 0;
	for (1 .. 20) {
		my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		    PeerPort => $front->{port}, Timeout => 1);
		syswrite $sock, "GET /healthz HTTP/1.0\r\n\r\n" if $sock;
		my $answer;
		$failed++ if !$sock || !IO::Select->new($sock)->can_read(0.2)
		    || !sysread $sock, $answer, 4096;
	}
	return (0, $failed);
});
cmp_ok($failed, '>', 0, 'with 512 connections for 2,000 slow ones some fail');
control("nginx with 512 connections beside $seen slow headers: $failed of 20 "
    . 'honest requests failed');

finish();
