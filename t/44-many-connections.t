#!/usr/bin/perl
# More connections than there are descriptors for: idle ones let others in, but
# none that was served a moment ago; and what is open besides has its place.

use strict;
use warnings;
use IO::Select;
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_stdin
    fcgi_send fcgi_read parse_cgi);
use Strongroom::Proc qw(launch wait_until);

use constant { IDLE => 1000, KEPT => 300 };

my $limit = 10 * slow();
my %health = (method => 'GET', path => '/healthz', key => undef,
    type => undef);
my $body = with_auth('{}');

sub request {
	my ($house, $keep, %o) = @_;
	return fcgi_begin($keep) . fcgi_params($house->fcgi_params_of(%o))
	    . fcgi_stdin($o{body} // '');
}

# -- peers that never say anything

my $house = house();
my $worker = $house->worker(fds => 256);
my $held = launch(4, sub {
	my @idle = map { fcgi_connect($worker->{socket}) } 1 .. IDLE / 4;
	spew("$house->{dir}/held-$_[0]", '');
	wait_until(120 * slow(), sub { -e "$house->{dir}/let-go" });
	return scalar grep { defined } @idle;
});
wait_until(60, sub { !grep { !-e "$house->{dir}/held-$_" } 0 .. 3 });
my $begun = time;
saved_ok($house->fcgi(body => $body, seconds => 60),
    'beside a thousand idle peers, a save');
cmp_ok(time - $begun, '<', $limit, 'in time');
$begun = time;
is($house->fcgi(%health, seconds => 60)->{status}, 200, 'and more')
    for 1 .. 20;
cmp_ok(time - $begun, '<', $limit, 'in time');
ok($house->log_says(qr/ warning [^\n]*connections are in use/),
    'and the log says so');
spew("$house->{dir}/let-go", '');
my $n = 0;
$n += $_->[0] for $held->();
is($n, IDLE, 'that many there were');
is($house->stop_worker->{exit}, 0, 'it ends in order');

# -- peers that are served, and keep their connections

# Beside them, one at a worker that has room: it is left alone.
my $roomy = house();
$roomy->worker;
my $lone = fcgi_connect($roomy->{worker}{socket});
is($roomy->fcgi(%health, sock => $lone, keep => 1)->{status}, 200,
    'a worker with room');
my $lone_since = time;

$worker = $house->worker(fds => 256);
my $bytes = request($house, 1, %health);
my (%peer, @gone);
for my $i (1 .. KEPT) {
	my $sock = fcgi_connect($worker->{socket}) or die "connect: $!";
	$peer{ fileno $sock } = { sock => $sock, number => $i, sent => time };
	fcgi_send($sock, $bytes);
}
my $can = IO::Select->new(map { $_->{sock} } values %peer);
my $waiting = KEPT;
my $deadline = time + 60 * slow();
while (time < $deadline) {
	my @ready = $can->can_read($waiting > 0 ? 1 : 0);
	last if !@ready && $waiting == 0;
	for my $sock (@ready) {
		my $peer = $peer{ fileno $sock };
		my $n = sysread $sock, $peer->{said}, 4096,
		    length($peer->{said} // '');
		if (!$n) {
			$peer->{gone} = time;
			push @gone, $peer;
			$can->remove($sock);
		} elsif (!$peer->{served} && $peer->{said} =~ /"ok"/) {
			$peer->{served} = time;
			$waiting--;
		}
	}
}
is($waiting, 0, KEPT . ' kept connections at a worker with fewer: all served');
cmp_ok(scalar @gone, '>', 0, 'because some were closed');
my @unserved = grep { !$_->{served} } @gone;
is(scalar @unserved, 0, 'none that was not served');
my @early = grep { $_->{gone} - $_->{sent} < 5 } @gone;
is(scalar @early, 0, 'none before five seconds');
# They came in the order of their numbers, and the longest idle ones have gone.
sub mean { my $sum = 0; $sum += $_->{number} for @_; return $sum / (@_ || 1) }
my ($then) = sort { $a <=> $b } map { $_->{gone} } @gone;
my @stayed = grep { !$_->{gone} && $_->{served} < $then } values %peer;
cmp_ok(mean(@gone), '<', mean(@stayed), 'the longest idle ones first');
is($house->stop_worker->{exit}, 0, 'it ends in order');
$can = undef;
%peer = @gone = ();

wait_until(60, sub { time - $lone_since > 6 });
is($roomy->fcgi(%health, sock => $lone, keep => 1)->{status}, 200,
    'where there is room an idle connection is left alone');
close $lone;

# -- clients that all want something at the same time

my $crowd = house();
$crowd->key;
$worker = $crowd->worker(fds => 224);
ok($crowd->log_says(qr/ warning the limit of open files [^\n]*connections/),
    'a limit that is low is told at the start');
my $save = request($crowd, 1, body => $body);
my @socks = map { fcgi_connect($worker->{socket}) } 1 .. 150;
my %count;
for (1 .. 10) {
	# Whoever serves has begun with all of them before one is done.
	fcgi_send($_, substr $save, 0, -100) for @socks;
	fcgi_send($_, substr $save, -100) for @socks;
	$count{ parse_cgi(fcgi_read($_, 60)->{stdout})->{status} }++
	    for @socks;
}
is(join(' ', grep { !/\A(?:200|503)\z/ } sort keys %count), '',
    '150 clients at once get no other answer than 200 and 503')
    || diag(map { "$_ x $count{$_}, " } sort keys %count);
cmp_ok($count{200} // 0, '>', 0, 'some of them 200');
is(scalar @{ $crowd->integrations }, $count{200}, 'and those are there');
@socks = ();
is($crowd->stop_worker->{exit}, 0, 'it ends in order');

finish();
